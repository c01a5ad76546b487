//! The tray on Linux: an item for the panel, on the session bus.
//!
//! Invariant: whatever the bus does, [`run`] returns as soon as the views end. The icon has a thread of its own, and
//! nothing waits for that; what is left of it ends with the process, and the panel sees that.

use std::sync::{Arc, mpsc};
use std::{iter, thread};

use ksni::Handle;
use tokio::runtime;
use tokio::select;
use tokio::sync::watch;

use super::bus::Bus;
use super::item::{Chosen, Item};
use super::{Choice, TrayView};

/// See [`super::run`].
pub(super) fn run(views: mpsc::Receiver<TrayView>, chosen: impl Fn(Choice) + Send + Sync + 'static) {
    // Until there is something to show nobody needs the bus, and whoever starts is not to be kept from ending by it.
    let Ok(first) = views.recv() else { return };
    let (wanted, view) = watch::channel(None);
    let keeping = move || Keeper { view, chosen: Arc::new(chosen), shown: None }.keep();
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
    chosen: Chosen,
    shown: Option<Handle<Item>>,
}

/// What the keeper waits for.
enum Event {
    View,
    BusCame,
    BusWent,
    End,
}

impl Keeper {
    fn keep(mut self) {
        match runtime::Builder::new_current_thread().enable_all().build() {
            // All of it ends in the runtime that it was made in, as `zbus` needs it.
            Ok(runtime) => runtime.block_on(async move { self.follow().await }),
            Err(error) => tracing::warn!("no icon in the tray: {error}"),
        }
    }

    async fn follow(&mut self) {
        let mut bus = None;
        loop {
            match self.next(&mut bus).await {
                Event::View | Event::BusCame => self.show(bus.is_some()).await,
                Event::BusWent => self.hide().await,
                Event::End => return self.hide().await,
            }
        }
    }

    async fn next(&mut self, bus: &mut Option<Bus>) -> Event {
        select! {
            changed = self.view.changed() => if changed.is_ok() { Event::View } else { Event::End },
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

    async fn show(&mut self, has_bus: bool) {
        let Some(view) = self.view.borrow_and_update().clone() else { return };
        if let Some(shown) = &self.shown {
            if shown.update(|item| item.show(view)).await.is_none() {
                self.shown = None;
            }
        } else if has_bus {
            match Item::spawn(view, Arc::clone(&self.chosen)).await {
                Ok(shown) => self.shown = Some(shown),
                Err(error) => tracing::info!("no icon in the tray: {error}"),
            }
        }
    }

    async fn hide(&mut self) {
        if let Some(shown) = self.shown.take() {
            shown.shutdown().await;
        }
    }
}
