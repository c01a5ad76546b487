//! Queries the session bus and the system bus, and waits for their signals.
//!
//! Invariant: a bus that is missing or lost is tried again with the next query, and delays nothing else.

use std::future::pending;
use std::time::Duration;

use tokio::time::timeout;

use super::bus::{Bus, REPLY_TIMEOUT};
use super::evidence::Evidence;
use super::{logind, session};
use crate::domain::presence::{IDLE_LIMIT, UserPresence};
use crate::ports::{PortFuture, PresenceWatch};

/// How long the query of one bus may take, to connect, look up the programs, and call them.
const LIMIT: Duration = REPLY_TIMEOUT.saturating_mul(3);

/// A watch with a connection to each available bus.
pub(super) struct Watch {
    session: Option<Bus>,
    system: Option<Bus>,
    /// Whether a signal will announce the next input.
    awaits_input: bool,
}

impl Watch {
    /// A watch that connects with the first query.
    pub(super) fn new() -> Self {
        Self { session: None, system: None, awaits_input: false }
    }

    /// Queries all programs concurrently.
    pub(super) async fn query(&mut self) -> Evidence {
        let of_session = async {
            if self.session.is_none() {
                self.awaits_input = false;
            }
            let bus = reach(&mut self.session, Bus::session(&session::MATCH_RULES)).await?;
            let evidence = session::query(bus).await;
            let evidence = Evidence { unanswered: bus.take_unanswered(), ..evidence };
            // On a locked screen only unlocking matters, which has its own signal.
            let is_idle = evidence.idle.is_some_and(|idle| idle >= IDLE_LIMIT);
            if is_idle && evidence.locked != Some(true) && !self.awaits_input {
                self.awaits_input = session::announce_next_input(bus).await;
            }
            Some(evidence)
        };
        let of_system = async {
            let bus = reach(&mut self.system, Bus::system(&logind::MATCH_RULES)).await?;
            let evidence = logind::query(bus).await;
            Some(Evidence { unanswered: bus.take_unanswered(), ..evidence })
        };
        let (session, system) = tokio::join!(timeout(LIMIT, of_session), timeout(LIMIT, of_system));
        // A bus that does not respond may have programs that could tell.
        let silence = Some(Evidence { unanswered: true, ..Evidence::default() });
        let known = |result: Result<_, _>| result.unwrap_or(silence).unwrap_or_default();
        known(session).and(known(system))
    }
}

impl PresenceWatch for Watch {
    fn current(&mut self) -> PortFuture<'_, UserPresence> {
        Box::pin(async {
            let evidence = self.query().await;
            tracing::debug!(?evidence, "presence of the user");
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

/// The existing connection, or a new one.
async fn reach(bus: &mut Option<Bus>, open: impl Future<Output = zbus::Result<Bus>>) -> Option<&mut Bus> {
    if bus.is_none() {
        *bus = open.await.inspect_err(|error| tracing::debug!("a bus cannot be queried: {error}")).ok();
    }
    bus.as_mut()
}

/// Waits for a signal; indefinitely without a bus. A lost bus is tried again with the next query.
async fn signal(bus: &mut Option<Bus>) {
    if let Some(open) = bus {
        if open.next_signal().await.is_some() {
            return;
        }
        *bus = None;
    }
    pending::<()>().await;
}
