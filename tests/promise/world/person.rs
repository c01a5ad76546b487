//! A user whose presence the test controls.
//!
//! Invariant: without a watch, nothing is queried.

use std::sync::{Arc, Mutex};

use handover::domain::presence::UserPresence;
use handover::ports::{PortFuture, Presence, PresenceWatch};
use tokio::sync::watch;

/// The user's presence, unknown unless the test sets it. Clones share it.
#[derive(Clone)]
pub(crate) struct Person(Arc<Inner>);

struct Inner {
    presence: watch::Sender<UserPresence>,
    counts: Mutex<Counts>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// How many watches there are now.
    pub(crate) watches: usize,
    /// How often the presence was queried.
    pub(crate) questions: usize,
}

impl Default for Person {
    fn default() -> Self {
        let presence = watch::Sender::new(UserPresence::Unknown);
        Self(Arc::new(Inner { presence, counts: Mutex::default() }))
    }
}

impl Person {
    /// Changes the presence and notifies every watch.
    pub(crate) fn is(&self, presence: UserPresence) {
        self.0.presence.send_replace(presence);
    }

    /// Changes the presence on a desktop that reports no changes.
    pub(crate) fn is_silently(&self, presence: UserPresence) {
        self.0.presence.send_if_modified(|before| {
            *before = presence;
            false
        });
    }

    pub(crate) fn counts(&self) -> Counts {
        *self.0.counts.lock().unwrap()
    }
}

impl Presence for Person {
    fn watch(&self) -> Box<dyn PresenceWatch> {
        self.0.counts.lock().unwrap().watches += 1;
        Box::new(Watch { person: self.clone(), changes: self.0.presence.subscribe() })
    }
}

struct Watch {
    person: Person,
    changes: watch::Receiver<UserPresence>,
}

impl PresenceWatch for Watch {
    fn current(&mut self) -> PortFuture<'_, UserPresence> {
        Box::pin(async {
            self.person.0.counts.lock().unwrap().questions += 1;
            // The answer is the presence at the time of the query.
            let presence = *self.changes.borrow_and_update();
            tokio::task::yield_now().await;
            presence
        })
    }

    fn changed(&mut self) -> PortFuture<'_, ()> {
        Box::pin(async { self.changes.changed().await.unwrap() })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.person.0.counts.lock().unwrap().watches -= 1;
    }
}
