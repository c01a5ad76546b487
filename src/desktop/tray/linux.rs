//! The tray on Linux: an item for whoever plays the panel on the session bus.
//!
//! Invariant: whatever the bus does, the end of the views is seen at once.

use std::sync::{Arc, mpsc};

use super::icon::{self, Shown};
use super::{Choice, TrayView};

/// See [`super::run`].
pub(super) fn run(views: &mpsc::Receiver<TrayView>, chosen: impl Fn(Choice) + Send + Sync + 'static) {
    let chosen = Arc::new(chosen);
    icon::listen(move |choice| chosen(choice));
    let mut shown = None;
    for view in views {
        shown = match shown {
            None => Shown::new(view).inspect_err(|error| tracing::info!("no icon in the tray: {error}")).ok(),
            Some(mut icon) => icon.show(view).is_ok().then_some(icon),
        };
    }
}
