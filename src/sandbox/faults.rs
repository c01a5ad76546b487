//! The script of what goes wrong: which fault the next requests of an endpoint meet.
//!
//! Invariant: a fault limited to so many times is used up by exactly so many requests, in their order of arrival.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;

/// What a request is about; faults are scripted by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// `POST /1/users/login.json`.
    Login,
    /// `POST /1/devices.json`.
    Devices,
    /// `GET /1/messages.json`.
    Download,
    /// `POST /1/devices/{device}/update_highest_message.json`.
    Delete,
    /// `POST /1/receipts/{receipt}/acknowledge.json`.
    Acknowledge,
    /// `GET /push`, the websocket.
    Socket,
    /// `GET /icons/{name}.png`.
    Icon,
    /// `GET /sounds/{name}.wav`.
    Sound,
    /// `POST /1/messages.json`.
    Send,
    /// Everything else: receipts, validation, limits, unknown paths.
    Other,
}

/// Something that goes wrong with one request.
///
/// Unless it says otherwise, the request does not take effect.
#[derive(Clone, Debug)]
pub enum Fault {
    /// An error status, as a broken or overloaded service answers.
    Status {
        /// The HTTP status.
        code: u16,
        /// The value of `Retry-After`: seconds or an HTTP date.
        retry_after: Option<String>,
        /// What the body looks like.
        body: ErrorBody,
    },
    /// This JSON with status 200.
    Reply(Value),
    /// Exactly this answer.
    Answer {
        /// The HTTP status.
        code: u16,
        /// The value of `Content-Type`.
        content_type: &'static str,
        /// The body.
        body: Vec<u8>,
    },
    /// Status 200 with bytes that are neither JSON nor an image nor a sound.
    Garbage,
    /// The request takes effect; half of the announced body is sent, then the connection is closed.
    HalfBody,
    /// The request takes effect; its answer comes at one byte a second.
    Trickle,
    /// A body that comes fast and never ends.
    Endless,
    /// A body of so many spaces, its length announced.
    Huge(usize),
    /// The login page of a captive portal: 403 and HTML.
    Portal,
    /// A captive portal's redirection: 302 to a login page.
    Redirect,
    /// The connection is closed without an answer.
    Drop,
    /// The request takes effect, then the connection is closed without an answer.
    ///
    /// On the websocket: the login is read, then the connection is cut without a close frame.
    DropAfter,
    /// There is never an answer.
    Hang,
    /// The request takes effect, but there is never an answer.
    ///
    /// On the websocket: it opens and takes a login, but nothing ever comes from it.
    HangAfter,
    /// The request takes effect after so long (tokio's clock), then all is normal.
    Slow(Duration),
    /// The request waits for the gate, then takes effect, and all is normal.
    Gate(Gate),
    /// The request takes effect; its answer waits for the gate.
    GateAfter(Gate),
    /// Websocket only: whatever the login says, this payload is sent if it is not empty, then the socket closed.
    Farewell(Vec<u8>),
}

impl Fault {
    /// An error status with an HTML body and no `Retry-After`.
    pub fn status(code: u16) -> Self {
        Self::Status { code, retry_after: None, body: ErrorBody::Html }
    }

    /// A rejection in the API's own words: this status, JSON, `status` 0.
    pub fn rejection(code: u16) -> Self {
        Self::Status { code, retry_after: None, body: ErrorBody::Json }
    }

    /// Status 429 with `Retry-After` in seconds and a JSON body.
    pub fn too_many(retry_after: u64) -> Self {
        Self::Status { code: 429, retry_after: Some(retry_after.to_string()), body: ErrorBody::Json }
    }
}

/// The body of an error status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorBody {
    /// A web server's page.
    Html,
    /// `{"status": 0, "errors": [...], "request": "..."}`.
    Json,
    /// Nothing.
    Empty,
}

/// Holds requests back until a test opens it.
#[derive(Clone, Debug)]
pub struct Gate(Arc<(watch::Sender<bool>, watch::Sender<usize>)>);

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

impl Gate {
    /// A closed gate.
    pub fn new() -> Self {
        Self(Arc::new((watch::Sender::new(false), watch::Sender::new(0))))
    }

    /// Lets through who waits and who comes later.
    pub fn open(&self) {
        self.0.0.send_replace(true);
    }

    /// Waits until so many requests have come to the gate, ever.
    pub async fn reached(&self, requests: usize) {
        // The sender lives in `self`, so the channel cannot close while this waits.
        drop(self.0.1.subscribe().wait_for(|arrived| *arrived >= requests).await);
    }

    pub(super) async fn pass(&self) {
        self.0.1.send_modify(|arrived| *arrived += 1);
        drop(self.0.0.subscribe().wait_for(|open| *open).await);
    }
}

/// The script: faults in order, and one that stays.
#[derive(Debug, Default)]
pub struct Faults {
    scripts: Mutex<BTreeMap<Endpoint, Script>>,
}

#[derive(Debug, Default)]
struct Script {
    next: VecDeque<(Fault, u32)>,
    always: Option<Fault>,
}

impl Faults {
    /// Has the next requests of an endpoint, so many, meet a fault; comes after the faults added before.
    pub fn next(&self, endpoint: Endpoint, fault: Fault, times: u32) {
        if times > 0 {
            self.scripts().entry(endpoint).or_default().next.push_back((fault, times));
        }
    }

    /// Has every request of an endpoint meet a fault until [`Self::clear`], once the [`Self::next`] are used up.
    pub fn always(&self, endpoint: Endpoint, fault: Fault) {
        self.scripts().entry(endpoint).or_default().always = Some(fault);
    }

    /// Forgets all faults; requests that met one already keep it.
    pub fn clear(&self) {
        self.scripts().clear();
    }

    /// Forgets the faults of one endpoint.
    pub fn clear_endpoint(&self, endpoint: Endpoint) {
        self.scripts().remove(&endpoint);
    }

    /// The fault that a request arriving now meets.
    pub(super) fn take(&self, endpoint: Endpoint) -> Option<Fault> {
        let mut scripts = self.scripts();
        let script = scripts.get_mut(&endpoint)?;
        let Some((fault, times)) = script.next.front_mut() else {
            return script.always.clone();
        };
        *times -= 1;
        if *times > 0 {
            return Some(fault.clone());
        }
        script.next.pop_front().map(|(fault, _)| fault)
    }

    fn scripts(&self) -> MutexGuard<'_, BTreeMap<Endpoint, Script>> {
        self.scripts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_come_in_order_then_the_one_that_stays() {
        let faults = Faults::default();
        faults.always(Endpoint::Login, Fault::Hang);
        faults.next(Endpoint::Login, Fault::Drop, 2);
        faults.next(Endpoint::Login, Fault::Garbage, 1);
        faults.next(Endpoint::Login, Fault::Portal, 0);
        assert!(faults.take(Endpoint::Send).is_none());
        let met: Vec<_> = (0..5).map(|_| format!("{:?}", faults.take(Endpoint::Login).unwrap())).collect();
        assert_eq!(met, ["Drop", "Drop", "Garbage", "Hang", "Hang"]);
        faults.clear_endpoint(Endpoint::Send);
        assert!(faults.take(Endpoint::Login).is_some());
        faults.clear();
        assert!(faults.take(Endpoint::Login).is_none());
    }
}
