//! What was asked of the sandbox: every request with its outcome, and running totals to wait for.
//!
//! Invariant: no secret, password or key is kept, only a fingerprint to tell repeats by.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio::time::Instant;

use super::faults::Endpoint;
use super::params::Params;
use super::token;

/// How many requests are remembered: an evening of `handover sandbox` must not fill the memory.
const KEPT: usize = 10_000;

/// Parameters that are kept out of the ledger.
const SECRET: [&str; 7] = ["secret", "password", "twofa", "token", "user", "attachment", "attachment_base64"];

/// One request and what became of it.
#[derive(Clone, Debug)]
pub struct Request {
    /// When it arrived, on tokio's clock.
    pub at: Instant,
    /// The HTTP method.
    pub method: String,
    /// The path without the query.
    pub path: String,
    /// What it is about.
    pub endpoint: Endpoint,
    /// The `User-Agent`, if there was one.
    pub user_agent: Option<String>,
    /// The parameters without secrets, keys and attachments; values are cut after 200 characters.
    pub params: BTreeMap<String, String>,
    /// The status answered; `None` as long as there is no answer, so for ever after a drop or a hang.
    pub status: Option<u16>,
    /// Whether it met a fault.
    pub faulted: bool,
    /// HTTP requests under way at its arrival, itself included; an open websocket is not one.
    pub in_flight: usize,
    /// TCP connections open at its arrival, websockets included.
    pub connections: usize,
    number: u64,
    fingerprint: u64,
}

/// Running totals; what is counted as answered went out whole and in the API's good sense.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Requests that arrived, websocket openings included.
    pub requests: usize,
    /// Requests that met a fault.
    pub faults: usize,
    /// Logins answered ok.
    pub logins: usize,
    /// Downloads answered ok.
    pub downloads: usize,
    /// Deletions answered ok.
    pub deletes: usize,
    /// The id of the last deletion answered ok.
    pub last_deleted_through: Option<u64>,
    /// Acknowledgements answered ok.
    pub acknowledges: usize,
    /// Messages sent or injected.
    pub sent: usize,
    /// Repeats of emergencies delivered.
    pub repeats: usize,
    /// Callbacks to senders that were answered with a 2xx.
    pub callbacks: usize,
    /// Websockets opened, ever.
    pub sockets_opened: usize,
    /// Websockets open now.
    pub sockets_now: usize,
    /// Websocket logins taken, ever.
    pub socket_logins: usize,
    /// Websocket logins refused with `E`, ever.
    pub socket_refusals: usize,
    /// TCP connections open now.
    pub connections_now: usize,
    /// The most TCP connections open at once.
    pub max_connections: usize,
    /// HTTP requests under way now.
    pub in_flight: usize,
    /// The most HTTP requests under way at once.
    pub max_concurrency: usize,
}

/// The totals, shared by all who count.
#[derive(Debug)]
pub(super) struct Tally(watch::Sender<Counters>);

impl Tally {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(watch::Sender::new(Counters::default())))
    }

    pub(super) fn count(&self, change: impl FnOnce(&mut Counters)) {
        self.0.send_modify(change);
    }

    pub(super) fn connections(&self, now: usize) {
        self.count(|counters| {
            counters.connections_now = now;
            counters.max_connections = counters.max_connections.max(now);
        });
    }

    pub(super) fn watch(&self) -> watch::Receiver<Counters> {
        self.0.subscribe()
    }
}

/// The requests so far, the newest last.
#[derive(Debug)]
pub(super) struct Ledger {
    requests: Mutex<VecDeque<Request>>,
    tally: Arc<Tally>,
}

/// What is known of a request when it arrives.
pub(super) struct Arrival<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) endpoint: Endpoint,
    pub(super) user_agent: Option<&'a str>,
    pub(super) params: &'a Params,
    pub(super) faulted: bool,
}

impl Ledger {
    pub(super) fn new(tally: Arc<Tally>) -> Self {
        Self { requests: Mutex::default(), tally }
    }

    /// Enters a request; the ticket stands for its being under way.
    pub(super) fn enter(self: &Arc<Self>, arrival: &Arrival<'_>) -> Ticket {
        let mut counters = Counters::default();
        let mut number = 0;
        self.tally.count(|now| {
            now.requests += 1;
            now.faults += usize::from(arrival.faulted);
            now.in_flight += 1;
            now.max_concurrency = now.max_concurrency.max(now.in_flight);
            number = now.requests as u64;
            counters = now.clone();
        });
        let mut requests = self.requests();
        if requests.len() == KEPT {
            requests.pop_front();
        }
        requests.push_back(Request {
            at: now(),
            method: arrival.method.to_owned(),
            path: arrival.path.to_owned(),
            endpoint: arrival.endpoint,
            user_agent: arrival.user_agent.map(str::to_owned),
            params: readable(arrival.params),
            status: None,
            faulted: arrival.faulted,
            in_flight: counters.in_flight,
            connections: counters.connections_now,
            number,
            fingerprint: fingerprint(arrival.params),
        });
        Ticket { ledger: Arc::clone(self), number }
    }

    /// All requests that are remembered.
    pub(super) fn list(&self) -> Vec<Request> {
        self.requests().iter().cloned().collect()
    }

    fn requests(&self) -> MutexGuard<'_, VecDeque<Request>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The requests that repeat, parameter for parameter, one that was answered with a 4xx before: a good client has
/// none.
pub fn repeated_refusals(ledger: &[Request]) -> Vec<Request> {
    let key = |request: &Request| (request.method.clone(), request.path.clone(), request.fingerprint);
    ledger
        .iter()
        .enumerate()
        .filter(|(place, request)| {
            ledger.iter().take(*place).any(|earlier| {
                // 408 and 429 ask for a repeat.
                matches!(earlier.status, Some(400..=407 | 409..=428 | 430..=499))
                    && key(earlier) == key(request)
            })
        })
        .map(|(_, request)| request.clone())
        .collect()
}

/// A request under way; it is over when this is dropped.
#[derive(Debug)]
pub(super) struct Ticket {
    ledger: Arc<Ledger>,
    number: u64,
}

impl Ticket {
    /// Enters the status answered.
    pub(super) fn answered(&self, status: u16) {
        let mut requests = self.ledger.requests();
        if let Some(request) = requests.iter_mut().rev().find(|request| request.number == self.number) {
            request.status = Some(status);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.ledger.tally.count(|counters| counters.in_flight -= 1);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test that pauses tokio's clock measures the client's pauses by it; nothing is decided by this"
)]
fn now() -> Instant {
    Instant::now()
}

fn readable(params: &Params) -> BTreeMap<String, String> {
    params
        .texts()
        .iter()
        .filter(|(name, _)| !SECRET.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.chars().take(200).collect()))
        .collect()
}

fn fingerprint(params: &Params) -> u64 {
    token::hash(format!("{params:?}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enter(ledger: &Arc<Ledger>, params: &Params) -> Ticket {
        ledger.enter(&Arrival {
            method: "POST",
            path: "/1/users/login.json",
            endpoint: Endpoint::Login,
            user_agent: Some("test/1"),
            params,
            faulted: false,
        })
    }

    #[test]
    fn requests_are_kept_without_secrets_and_counted_while_under_way() {
        let tally = Tally::new();
        let ledger = Arc::new(Ledger::new(Arc::clone(&tally)));
        let params = Params::read(Some("email=a%40b.c&password=hunter2&secret=s3cret"), "", b"").unwrap();
        let first = enter(&ledger, &params);
        let second = enter(&ledger, &params);
        first.answered(200);
        drop(first);
        let list = ledger.list();
        assert_eq!((list[0].status, list[1].status), (Some(200), None));
        assert_eq!((list[0].in_flight, list[1].in_flight), (1, 2));
        assert_eq!(list[0].params, BTreeMap::from([("email".to_owned(), "a@b.c".to_owned())]));
        assert!(!format!("{list:?}").contains("hunter2") && !format!("{list:?}").contains("s3cret"));
        let counters = tally.watch().borrow().clone();
        assert_eq!((counters.in_flight, counters.max_concurrency, counters.requests), (1, 2, 2));
        drop(second);
    }

    #[test]
    fn only_the_same_request_after_a_4xx_is_a_repeat() {
        let ledger = Arc::new(Ledger::new(Tally::new()));
        let right = Params::read(Some("password=right"), "", b"").unwrap();
        let wrong = Params::read(Some("password=wrong"), "", b"").unwrap();
        enter(&ledger, &right).answered(503);
        enter(&ledger, &right).answered(200);
        enter(&ledger, &wrong).answered(400);
        enter(&ledger, &right).answered(429);
        enter(&ledger, &right).answered(200);
        assert!(repeated_refusals(&ledger.list()).is_empty());
        enter(&ledger, &wrong).answered(200);
        assert_eq!(repeated_refusals(&ledger.list()).len(), 1);
    }

    #[test]
    fn the_ledger_forgets_the_oldest() {
        let ledger = Arc::new(Ledger::new(Tally::new()));
        for _ in 0..=KEPT {
            enter(&ledger, &Params::default()).answered(200);
        }
        let list = ledger.list();
        assert_eq!((list.len(), list[0].number), (KEPT, 2));
    }
}
