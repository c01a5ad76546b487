//! The journal: every request with its outcome, and counters to wait for.
//!
//! Invariant: no secret, no password and no key that may be a real one is kept, only a fingerprint to recognise repeated
//! requests.

mod counters;
mod request;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio::sync::broadcast;
use tokio::time::Instant;

use super::faults::Endpoint;
use super::ids;
use super::protocol::Params;

pub use counters::Counters;
pub(super) use counters::SharedCounters;
pub use request::{Request, RequestFilter, repeated_rejections};

/// How many requests are kept, so that a long run of `handover sandbox` does not fill the memory.
const CAPACITY: usize = 10_000;

/// Parameters whose values are not recorded.
const SECRET: [&str; 5] = ["secret", "password", "twofa", "attachment", "attachment_base64"];

/// Parameters that are recorded whole only if the sandbox gave them out.
const KEYS: [&str; 3] = ["token", "user", "subscription"];

/// The most characters of a parameter, and the most bytes of an answer, that are recorded.
const LONGEST_PARAM: usize = 2_000;
const LONGEST_ANSWER: usize = 4_000;

/// How many finished requests wait for a reader before the oldest is dropped.
const FINISHED: usize = 1_024;

/// The requests so far, the newest last.
#[derive(Debug)]
pub(super) struct Journal {
    requests: Mutex<VecDeque<Request>>,
    counters: Arc<SharedCounters>,
    finished: broadcast::Sender<Request>,
}

/// What is known about a request when it arrives.
pub(super) struct Arrival<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) endpoint: Endpoint,
    pub(super) is_matched: bool,
    pub(super) time: i64,
    pub(super) user_agent: Option<&'a str>,
    pub(super) params: &'a Params,
    /// Tells whether the sandbox has given out a key.
    pub(super) is_own_key: &'a dyn Fn(&str) -> bool,
    pub(super) faulted: bool,
}

impl Journal {
    pub(super) fn new(counters: Arc<SharedCounters>) -> Self {
        Self { requests: Mutex::default(), counters, finished: broadcast::Sender::new(FINISHED) }
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
            number,
            at: now(),
            time: arrival.time,
            method: arrival.method.to_owned(),
            path: arrival.path.to_owned(),
            endpoint: arrival.endpoint,
            is_matched: arrival.is_matched,
            user_agent: arrival.user_agent.map(|name| name.chars().take(LONGEST_PARAM).collect()),
            params: readable(arrival.params),
            keys: keys(arrival),
            omitted: arrival.params.names().filter(|name| SECRET.contains(name)).map(str::to_owned).collect(),
            status: None,
            answer: None,
            faulted: arrival.faulted,
            in_flight: counters.in_flight,
            connections: counters.connections_now,
            fingerprint: fingerprint(arrival.params),
        });
        InFlight { journal: Arc::clone(self), number }
    }

    /// All requests that are kept.
    pub(super) fn list(&self) -> Vec<Request> {
        self.requests().iter().cloned().collect()
    }

    /// The requests from now on, each as soon as it is answered, or given up without an answer.
    pub(super) fn finished(&self) -> broadcast::Receiver<Request> {
        self.finished.subscribe()
    }

    /// Forgets all requests.
    pub(super) fn clear(&self) {
        self.requests().clear();
    }

    fn requests(&self) -> MutexGuard<'_, VecDeque<Request>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request in flight, until this is dropped.
#[derive(Debug)]
pub(super) struct InFlight {
    journal: Arc<Journal>,
    number: u64,
}

impl InFlight {
    /// Records the response: its status, and its body if that is text.
    pub(super) fn set_answer(&self, status: u16, text: Option<&[u8]>) {
        let mut requests = self.journal.requests();
        if let Some(request) = requests.iter_mut().rev().find(|request| request.number == self.number) {
            request.status = Some(status);
            request.answer = text.map(recorded_answer);
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.journal.counters.update(|counters| counters.in_flight -= 1);
        if self.journal.finished.receiver_count() > 0 {
            let requests = self.journal.requests();
            let request = requests.iter().rev().find(|request| request.number == self.number).cloned();
            drop(requests);
            // The last receiver may just have gone.
            if let Some(request) = request {
                drop(self.journal.finished.send(request));
            }
        }
    }
}

/// A session secret is not recorded.
fn recorded_answer(body: &[u8]) -> String {
    if let Ok(Value::Object(mut fields)) = serde_json::from_slice(body.get(..LONGEST_ANSWER).unwrap_or(body))
        && let Some(secret) = fields.get_mut("secret")
        && secret.is_string()
    {
        *secret = json!("…");
        return Value::Object(fields).to_string();
    }
    String::from_utf8_lossy(body.get(..LONGEST_ANSWER).unwrap_or(body)).into_owned()
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
        .filter(|(name, _)| !SECRET.contains(&name.as_str()) && !KEYS.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.chars().take(LONGEST_PARAM).collect()))
        .collect()
}

fn keys(arrival: &Arrival<'_>) -> BTreeMap<String, String> {
    let keys = arrival.params.texts().iter().filter(|(name, _)| KEYS.contains(&name.as_str()));
    let shown = |key: &str| {
        if (arrival.is_own_key)(key) { key.to_owned() } else { key.chars().take(4).chain(['…']).collect() }
    };
    let shown_list = |list: &str| list.split(',').map(|key| shown(key.trim())).collect::<Vec<_>>().join(",");
    keys.map(|(name, value)| (name.clone(), shown_list(value))).collect()
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
            is_matched: true,
            time: 0,
            is_own_key: &|key| key == "own",
            faulted: false,
        })
    }

    #[test]
    fn requests_are_recorded_without_secrets_and_counted_while_in_flight() {
        let shared = SharedCounters::new();
        let journal = Arc::new(Journal::new(Arc::clone(&shared)));
        let params = Params::read(
            Some("email=a%40b.c&password=hunter2&secret=s3cret&token=own&user=a-real-key"),
            "",
            b"",
        )
        .unwrap();
        let first = record(&journal, &params);
        let second = record(&journal, &params);
        first.set_answer(200, Some(br#"{"secret":"s3cret","id":"u"}"#));
        drop(first);
        let list = journal.list();
        assert_eq!((list[0].status, list[1].status), (Some(200), None));
        assert_eq!((list[0].in_flight, list[1].in_flight), (1, 2));
        assert_eq!(list[0].params, BTreeMap::from([("email".to_owned(), "a@b.c".to_owned())]));
        assert_eq!((list[0].keys["token"].as_str(), list[0].keys["user"].as_str()), ("own", "a-re…"));
        assert_eq!(
            (list[0].omitted.join(" ").as_str(), list[0].answer.as_deref()),
            ("password secret", Some(r#"{"id":"u","secret":"…"}"#))
        );
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
        record(&journal, &right).set_answer(503, None);
        record(&journal, &right).set_answer(200, None);
        record(&journal, &wrong).set_answer(400, None);
        record(&journal, &right).set_answer(429, None);
        record(&journal, &right).set_answer(200, None);
        assert!(repeated_rejections(&journal.list()).is_empty());
        record(&journal, &wrong).set_answer(200, None);
        assert_eq!(repeated_rejections(&journal.list()).len(), 1);
    }

    #[test]
    fn the_journal_drops_the_oldest_requests() {
        let journal = Arc::new(Journal::new(SharedCounters::new()));
        for _ in 0..=CAPACITY {
            record(&journal, &Params::default()).set_answer(200, None);
        }
        let list = journal.list();
        assert_eq!((list.len(), list[0].number), (CAPACITY, 2));
    }
}
