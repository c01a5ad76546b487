//! The tray on Linux: an item for the panel, on the session bus.
//!
//! Invariant: whatever the bus does, [`run`] returns as soon as the views end. The icon has a thread of its own, and
//! nothing waits for that; what is left of it ends with the process, and the panel sees that.

use std::sync::{Arc, mpsc};
use std::{iter, thread};

use tokio::runtime;
use tokio::select;
use tokio::sync::{Notify, watch};

use super::bus::Bus;
use super::icon::{self, Shown};
use super::{Choice, TrayView};

/// See [`super::run`].
pub(super) fn run(views: mpsc::Receiver<TrayView>, chosen: impl Fn(Choice) + Clone + Send + Sync + 'static) {
    // Until there is something to show nobody needs the bus, and whoever starts is not to be kept from ending by it.
    let Ok(first) = views.recv() else { return };
    let (wanted, view) = watch::channel(None);
    let turned = Arc::new(Notify::new());
    let turn = Arc::clone(&turned);
    icon::listen(move |choice| {
        chosen(choice);
        if let Choice::Autostart(_) = choice {
            turn.notify_one();
        }
    });
    let keeping = move || Keeper { view, turned, shown: None }.keep();
    if let Err(error) = thread::Builder::new().name("tray".to_owned()).spawn(keeping) {
        tracing::warn!("no icon in the tray: {error}");
    }
    for view in iter::once(first).chain(views) {
        wanted.send_replace(Some(view));
    }
}

/// Keeps the icon true. It skips a view that is out of date already.
struct Keeper {
    view: watch::Receiver<Option<TrayView>>,
    /// A check mark turned over by itself, as it does when it is clicked.
    turned: Arc<Notify>,
    shown: Option<Shown>,
}

/// What the keeper waits for.
enum Event {
    View,
    Turned,
    BusCame,
    BusWent,
    End,
}

impl Keeper {
    fn keep(mut self) {
        // For the waiting only. The icon is built and changed outside of it: `tray-icon` waits for `zbus`, which
        // inside a runtime of tokio would want to be driven by that, for ever.
        let runtime = match runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return tracing::warn!("no icon in the tray: {error}"),
        };
        let mut bus = None;
        loop {
            match runtime.block_on(self.next(&mut bus)) {
                Event::View | Event::BusCame => self.show(bus.is_some()),
                Event::Turned => {
                    if let Some(shown) = &self.shown {
                        shown.show_menu_again();
                    }
                }
                Event::BusWent => self.shown = None,
                Event::End => break,
            }
        }
        // Its end needs the runtime it was made in.
        runtime.block_on(async { drop(bus) });
    }

    async fn next(&mut self, bus: &mut Option<Bus>) -> Event {
        select! {
            changed = self.view.changed() => if changed.is_ok() { Event::View } else { Event::End },
            () = self.turned.notified() => Event::Turned,
            event = Self::bus(bus) => event,
        }
    }

    async fn bus(bus: &mut Option<Bus>) -> Event {
        let Some(there) = bus else {
            *bus = Some(Bus::reach().await);
            return Event::BusCame;
        };
        there.gone().await;
        *bus = None;
        Event::BusWent
    }

    fn show(&mut self, has_bus: bool) {
        let Some(view) = self.view.borrow_and_update().clone() else { return };
        let outcome = match &mut self.shown {
            Some(shown) => shown.show(view),
            None if has_bus => Shown::new(view).map(|shown| self.shown = Some(shown)),
            None => Ok(()),
        };
        if let Err(error) = outcome {
            tracing::info!("no icon in the tray: {error}");
            self.shown = None;
        }
    }
}
