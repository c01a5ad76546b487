//! The thread of the icon, which shows the latest view while there is a session bus.
//!
//! Invariant: whatever the bus does, [`run`] returns as soon as the views end. Nothing waits for the thread: its icon
//! disappears with the process.

use std::sync::{Arc, mpsc};
use std::{iter, thread};

use ksni::Handle;
use tokio::runtime;
use tokio::select;
use tokio::sync::watch;

use super::bus::Bus;
use super::item::{Item, OnChoice};
use crate::desktop::tray::view::{Choice, TrayView};
use crate::domain::notification::ActivationToken;

/// Shows each view it receives, until the sender is dropped. Call it outside of any async runtime, and once in a process.
/// `on_choice` is called on any thread for each choice of the user, with what the desktop gave out for what it opens. Without a session bus or a tray it retries with the
/// next view.
pub fn run(
    views: mpsc::Receiver<TrayView>,
    on_choice: impl Fn(Choice, Option<ActivationToken>) + Send + Sync + 'static,
) {
    // The thread starts with the first view, so that an early exit does not wait for the bus.
    let Ok(first) = views.recv() else { return };
    let (sender, view) = watch::channel(None);
    let work = move || IconTask { view, on_choice: Arc::new(on_choice), shown: None }.run();
    if let Err(error) = thread::Builder::new().name("tray".to_owned()).spawn(work) {
        tracing::warn!("the tray icon cannot be shown: {error}");
    }
    for view in iter::once(first).chain(views) {
        sender.send_replace(Some(view));
    }
}

/// Shows the latest view; it skips views that are outdated already.
struct IconTask {
    view: watch::Receiver<Option<TrayView>>,
    on_choice: OnChoice,
    shown: Option<Handle<Item>>,
}

/// What the task waits for.
enum Event {
    NewView,
    BusConnected,
    BusLost,
    End,
}

impl IconTask {
    fn run(mut self) {
        match runtime::Builder::new_current_thread().enable_all().build() {
            // `zbus` needs its connections to be dropped in the runtime that created them.
            Ok(runtime) => runtime.block_on(async move { self.process_events().await }),
            Err(error) => tracing::warn!("the tray icon cannot be shown: {error}"),
        }
    }

    async fn process_events(&mut self) {
        let mut bus = None;
        loop {
            match self.next_event(&mut bus).await {
                Event::NewView | Event::BusConnected => self.show(bus.is_some()).await,
                Event::BusLost => self.hide().await,
                Event::End => return self.hide().await,
            }
        }
    }

    async fn next_event(&mut self, bus: &mut Option<Bus>) -> Event {
        select! {
            changed = self.view.changed() => if changed.is_ok() { Event::NewView } else { Event::End },
            event = Self::bus_event(bus) => event,
        }
    }

    async fn bus_event(bus: &mut Option<Bus>) -> Event {
        let Some(connected) = bus else {
            *bus = Some(Bus::connect().await);
            return Event::BusConnected;
        };
        connected.closed().await;
        *bus = None;
        Event::BusLost
    }

    async fn show(&mut self, has_bus: bool) {
        let Some(view) = self.view.borrow_and_update().clone() else { return };
        if let Some(shown) = &self.shown {
            if shown.update(|item| item.show(view)).await.is_none() {
                self.shown = None;
            }
        } else if has_bus {
            match Item::spawn(view, Arc::clone(&self.on_choice)).await {
                Ok(shown) => self.shown = Some(shown),
                Err(error) => tracing::info!("the tray icon cannot be shown: {error}"),
            }
        }
    }

    async fn hide(&mut self) {
        if let Some(shown) = self.shown.take() {
            shown.shutdown().await;
        }
    }
}
