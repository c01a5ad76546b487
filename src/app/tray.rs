//! The task that keeps the tray true and does what is chosen there.
//!
//! Invariant: everything the tray offers goes through the same functions as the commands.

use std::sync::{Arc, mpsc};

use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::Shared;
use crate::desktop::tray::{self, Choice, TrayView};
use crate::ports::{Notifier, SecretStore};

/// The daemon's end of the way to the tray, which has a thread of its own.
#[derive(Debug)]
pub struct TrayLine {
    /// Down: what to show.
    views: mpsc::Sender<TrayView>,
    /// Up: what the user chose.
    choices: Mutex<UnboundedReceiver<Choice>>,
}

/// The other end, for the main thread.
#[derive(Debug)]
pub struct TrayEnd {
    views: mpsc::Receiver<TrayView>,
    chosen: UnboundedSender<Choice>,
}

/// Both ends of a new way to the tray.
pub fn line() -> (TrayLine, TrayEnd) {
    let (views, shown) = mpsc::channel();
    let (chosen, choices) = unbounded_channel();
    (TrayLine { views, choices: Mutex::new(choices) }, TrayEnd { views: shown, chosen })
}

impl TrayEnd {
    /// Keeps the tray until the daemon's end is gone. Call it on the main thread: some systems want it there.
    pub fn run(self) {
        tray::run(self.views, move |choice| {
            // The daemon may have ended meanwhile.
            let _ = self.chosen.send(choice);
        });
    }
}

/// Serves the tray until the daemon stops.
pub(super) async fn serve<N: Notifier, S: SecretStore>(shared: Arc<Shared<N, S>>) {
    shared.stop().cancelled().await;
}
