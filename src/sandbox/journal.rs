//! The journal: every request with its outcome, and counters to wait for.
//!
//! Invariant: no secret, password or key is kept, only a fingerprint to recognise repeated requests.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio::time::Instant;

use super::faults::Endpoint;
use super::ids;
use super::protocol::Params;

/// How many requests are kept, so that a long run of `handover sandbox` does not fill the memory.
const CAPACITY: usize = 10_000;

/// Parameters that are not recorded.
const SECRET: [&str; 7] = ["secret", "password", "twofa", "token", "user", "attachment", "attachment_base64"];

/// One request and its outcome.
#[derive(Clone, Debug)]
pub struct Request {
    /// When it arrived, on tokio's clock.
    pub at: Instant,
    /// The HTTP method.
    pub method: String,
    /// The path without the query.
    pub path: String,
    /// The endpoint.
    pub endpoint: Endpoint,
    /// The `User-Agent`, if there was one.
    pub user_agent: Option<String>,
    /// The parameters without secrets, keys and attachments, each cut to 200 characters.
    pub params: BTreeMap<String, String>,
    /// The status of the response; `None` until there is one, so always after a drop or a hang.
    pub status: Option<u16>,
    /// Whether it met a fault.
    pub faulted: bool,
    /// HTTP requests in flight when it arrived, including itself; an open websocket is not one.
    pub in_flight: usize,
    /// TCP connections open when it arrived, including websockets.
    pub connections: usize,
    number: u64,
    fingerprint: u64,
}

/// Counters. Successful requests are those whose response was sent complete, with status 200.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Requests that arrived, including those for a websocket.
    pub requests: usize,
    /// Requests that met a fault.
    pub faults: usize,
    /// Successful logins.
    pub logins: usize,
    /// Successful downloads.
    pub downloads: usize,
    /// Successful deletions.
    pub deletes: usize,
    /// The id of the last successful deletion.
    pub last_deleted_through: Option<u64>,
    /// Successful acknowledgements.
    pub acknowledges: usize,
    /// Messages sent or injected.
    pub sent: usize,
    /// Repeats of emergencies delivered.
    pub repeats: usize,
    /// Successful callbacks to senders.
    pub callbacks: usize,
    /// Websockets opened so far.
    pub sockets_opened: usize,
    /// Websockets open now.
    pub sockets_now: usize,
    /// Successful websocket logins so far.
    pub socket_logins: usize,
    /// Websocket logins rejected with `E` so far.
    pub socket_refusals: usize,
    /// TCP connections open now.
    pub connections_now: usize,
    /// The most TCP connections open at once.
    pub max_connections: usize,
    /// HTTP requests in flight now.
    pub in_flight: usize,
    /// The most HTTP requests in flight at once.
    pub max_concurrency: usize,
}

/// The counters, shared by everything that counts.
#[derive(Debug)]
pub(super) struct SharedCounters(watch::Sender<Counters>);

impl SharedCounters {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(watch::Sender::new(Counters::default())))
    }

    pub(super) fn update(&self, change: impl FnOnce(&mut Counters)) {
        self.0.send_modify(change);
    }

    pub(super) fn set_connections(&self, now: usize) {
        self.update(|counters| {
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
pub(super) struct Journal {
    requests: Mutex<VecDeque<Request>>,
    counters: Arc<SharedCounters>,
}

/// What is known about a request when it arrives.
pub(super) struct Arrival<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) endpoint: Endpoint,
    pub(super) user_agent: Option<&'a str>,
    pub(super) params: &'a Params,
    pub(super) faulted: bool,
}

impl Journal {
    pub(super) fn new(counters: Arc<SharedCounters>) -> Self {
        Self { requests: Mutex::default(), counters }
    }

    /// Records a request, which is in flight until the result is dropped.
    pub(super) fn record(self: &Arc<Self>, arrival: &Arrival<'_>) -> InFlight {
        let mut counters = Counters::default();
        let mut number = 0;
        self.counters.update(|now| {
            now.requests += 1;
            now.faults += usize::from(arrival.faulted);
            now.in_flight += 1;
            now.max_concurrency = now.max_concurrency.max(now.in_flight);
            number = now.requests as u64;
            counters = now.clone();
        });
        let mut requests = self.requests();
        if requests.len() == CAPACITY {
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
        InFlight { journal: Arc::clone(self), number }
    }

    /// All requests that are kept.
    pub(super) fn list(&self) -> Vec<Request> {
        self.requests().iter().cloned().collect()
    }

    fn requests(&self) -> MutexGuard<'_, VecDeque<Request>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The requests that repeat, with the same parameters, an earlier one that got a 4xx. A good client has none.
pub fn repeated_rejections(journal: &[Request]) -> Vec<Request> {
    let key = |request: &Request| (request.method.clone(), request.path.clone(), request.fingerprint);
    journal
        .iter()
        .enumerate()
        .filter(|(index, request)| {
            journal.iter().take(*index).any(|earlier| {
                // 408 and 429 ask for a repeat.
                matches!(earlier.status, Some(400..=407 | 409..=428 | 430..=499))
                    && key(earlier) == key(request)
            })
        })
        .map(|(_, request)| request.clone())
        .collect()
}

/// A request in flight, until this is dropped.
#[derive(Debug)]
pub(super) struct InFlight {
    journal: Arc<Journal>,
    number: u64,
}

impl InFlight {
    /// Records the status of the response.
    pub(super) fn set_status(&self, status: u16) {
        let mut requests = self.journal.requests();
        if let Some(request) = requests.iter_mut().rev().find(|request| request.number == self.number) {
            request.status = Some(status);
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.journal.counters.update(|counters| counters.in_flight -= 1);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test that pauses tokio's clock measures the client's pauses with it; no decision depends on it"
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
    ids::hash(format!("{params:?}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(journal: &Arc<Journal>, params: &Params) -> InFlight {
        journal.record(&Arrival {
            method: "POST",
            path: "/1/users/login.json",
            endpoint: Endpoint::Login,
            user_agent: Some("test/1"),
            params,
            faulted: false,
        })
    }

    #[test]
    fn requests_are_recorded_without_secrets_and_counted_while_in_flight() {
        let shared = SharedCounters::new();
        let journal = Arc::new(Journal::new(Arc::clone(&shared)));
        let params = Params::read(Some("email=a%40b.c&password=hunter2&secret=s3cret"), "", b"").unwrap();
        let first = record(&journal, &params);
        let second = record(&journal, &params);
        first.set_status(200);
        drop(first);
        let list = journal.list();
        assert_eq!((list[0].status, list[1].status), (Some(200), None));
        assert_eq!((list[0].in_flight, list[1].in_flight), (1, 2));
        assert_eq!(list[0].params, BTreeMap::from([("email".to_owned(), "a@b.c".to_owned())]));
        assert!(!format!("{list:?}").contains("hunter2") && !format!("{list:?}").contains("s3cret"));
        let counters = shared.watch().borrow().clone();
        assert_eq!((counters.in_flight, counters.max_concurrency, counters.requests), (1, 2, 2));
        drop(second);
    }

    #[test]
    fn only_the_same_request_after_a_4xx_is_a_repeated_rejection() {
        let journal = Arc::new(Journal::new(SharedCounters::new()));
        let right = Params::read(Some("password=right"), "", b"").unwrap();
        let wrong = Params::read(Some("password=wrong"), "", b"").unwrap();
        record(&journal, &right).set_status(503);
        record(&journal, &right).set_status(200);
        record(&journal, &wrong).set_status(400);
        record(&journal, &right).set_status(429);
        record(&journal, &right).set_status(200);
        assert!(repeated_rejections(&journal.list()).is_empty());
        record(&journal, &wrong).set_status(200);
        assert_eq!(repeated_rejections(&journal.list()).len(), 1);
    }

    #[test]
    fn the_journal_drops_the_oldest_requests() {
        let journal = Arc::new(Journal::new(SharedCounters::new()));
        for _ in 0..=CAPACITY {
            record(&journal, &Params::default()).set_status(200);
        }
        let list = journal.list();
        assert_eq!((list.len(), list[0].number), (CAPACITY, 2));
    }
}
