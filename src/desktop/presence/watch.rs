//! Looks at the two buses, and waits for what they say.
//!
//! Invariant: a bus that is gone, or was never there, is looked for again when somebody asks, and keeps nothing waiting.

use std::future::pending;
use std::time::Duration;

use tokio::time::timeout;

use super::bus::{ANSWER, Bus};
use super::evidence::Evidence;
use super::{logind, session};
use crate::domain::presence::{IDLE_LIMIT, UserPresence};
use crate::ports::{PortFuture, PresenceWatch};

/// How long all that is asked of one bus may take: to connect, to find out who is there, and to hear from them.
const LIMIT: Duration = ANSWER.saturating_mul(3);

/// A watch with a connection to each bus that is there.
pub(super) struct Watch {
    session: Option<Bus>,
    system: Option<Bus>,
    /// Whether the next input will be announced.
    awaits_input: bool,
}

impl Watch {
    /// Nothing is opened before the first question.
    pub(super) fn new() -> Self {
        Self { session: None, system: None, awaits_input: false }
    }

    /// Asks everybody who may know, all at once.
    pub(super) async fn look(&mut self) -> Evidence {
        let of_session = async {
            if self.session.is_none() {
                self.awaits_input = false;
            }
            let bus = reach(&mut self.session, Bus::session(&session::MATCH_RULES)).await?;
            let evidence = session::look(bus).await;
            // Input on a locked screen is no news: that it is unlocked will be.
            let is_left_alone = evidence.idle.is_some_and(|idle| idle >= IDLE_LIMIT);
            if is_left_alone && evidence.locked != Some(true) && !self.awaits_input {
                self.awaits_input = session::announce_next_input(bus).await;
            }
            Some(evidence)
        };
        let of_system = async {
            let bus = reach(&mut self.system, Bus::system(&logind::MATCH_RULES)).await?;
            Some(logind::look(bus).await)
        };
        let (session, system) = tokio::join!(timeout(LIMIT, of_session), timeout(LIMIT, of_system));
        let said = |answer: Result<Option<Evidence>, _>| answer.ok().flatten().unwrap_or_default();
        said(session).and(said(system))
    }
}

impl PresenceWatch for Watch {
    fn current(&mut self) -> PortFuture<'_, UserPresence> {
        Box::pin(async {
            let evidence = self.look().await;
            tracing::debug!(?evidence, "whether somebody is here");
            evidence.presence()
        })
    }

    fn changed(&mut self) -> PortFuture<'_, ()> {
        Box::pin(async {
            tokio::select! {
                () = signal(&mut self.session) => self.awaits_input = false,
                () = signal(&mut self.system) => {}
            }
        })
    }
}

/// The bus there is, else a new connection to it.
async fn reach(bus: &mut Option<Bus>, open: impl Future<Output = zbus::Result<Bus>>) -> Option<&mut Bus> {
    if bus.is_none() {
        *bus = open.await.inspect_err(|error| tracing::debug!("a bus cannot be asked: {error}")).ok();
    }
    bus.as_mut()
}

/// Waits for a signal. A bus that goes away says nothing more; the next question looks for it again.
async fn signal(bus: &mut Option<Bus>) {
    if let Some(open) = bus {
        if open.next_signal().await.is_some() {
            return;
        }
        *bus = None;
    }
    pending().await
}
