//! Faults, and the endpoints that meet them.
//!
//! Invariant: a fault says whether the request takes effect.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde::de::value::{Error as ValueError, StrDeserializer};
use serde_json::Value;
use tokio::sync::watch;

/// An endpoint, as far as faults distinguish them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
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
    /// `GET /sounds/{name}.wav` or `.mp3`.
    Sound,
    /// `POST /1/messages.json`.
    Send,
    /// Everything else: receipts, validation, limits, unknown paths.
    Other,
}

impl Endpoint {
    /// The name, as in a fault rule: `login`, `devices`, `download`, `delete`, `acknowledge`, `socket`, `icon`, `sound`,
    /// `send` or `other`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Devices => "devices",
            Self::Download => "download",
            Self::Delete => "delete",
            Self::Acknowledge => "acknowledge",
            Self::Socket => "socket",
            Self::Icon => "icon",
            Self::Sound => "sound",
            Self::Send => "send",
            Self::Other => "other",
        }
    }

    /// The endpoint with a name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::deserialize(StrDeserializer::<ValueError>::new(name)).ok()
    }
}

/// A fault of one request, which has no effect then unless stated otherwise.
#[derive(Clone, Debug)]
pub enum Fault {
    /// An error status, as from a broken or overloaded service.
    Status {
        /// The HTTP status.
        code: u16,
        /// The value of `Retry-After`: seconds or an HTTP date.
        retry_after: Option<String>,
        /// The body.
        body: ErrorBody,
    },
    /// This JSON with status 200.
    Json(Value),
    /// Exactly this response.
    Response {
        /// The HTTP status.
        code: u16,
        /// The value of `Content-Type`.
        content_type: &'static str,
        /// The body.
        body: Vec<u8>,
    },
    /// Status 200 with bytes that are neither JSON, an image nor a sound.
    Garbage,
    /// The request takes effect; half of the announced body is sent, then the connection is closed.
    HalfBody,
    /// The request takes effect; its response is sent at one byte per second.
    Trickle,
    /// A body that never ends, sent at full speed.
    Endless,
    /// The reply to a download with messages that are not in the queue, made while it is sent: any number, without the
    /// memory for them. Their ids are 1, 2, 3, …
    Backlog {
        /// How many messages.
        messages: u64,
        /// How many characters the text of each has; each takes 12 bytes.
        text: usize,
    },
    /// A body of this many spaces, with its length announced.
    Huge(usize),
    /// The login page of a captive portal: 403 and HTML.
    CaptivePortal,
    /// The redirect of a captive portal: 302 to a login page.
    Redirect,
    /// The connection is closed without a response.
    Drop,
    /// The connection is reset without a response.
    Reset,
    /// The request takes effect, then the connection is closed without a response.
    ///
    /// On the websocket: the login is read, then the connection is cut without a close frame.
    DropAfter,
    /// There is never a response.
    Hang,
    /// The request takes effect, but there is never a response.
    ///
    /// On the websocket: it opens and accepts a login, but never sends anything.
    HangAfter,
    /// The request takes effect after this time (on tokio's clock).
    Slow(Duration),
    /// The request takes effect; this many bytes of its response are sent per second (on tokio's clock).
    Rate(u32),
    /// The request waits for the gate, then takes effect.
    Gate(Gate),
    /// The request takes effect; its response waits for the gate.
    GateAfter(Gate),
    /// Websocket only: after any login this payload is sent, unless it is empty, and the socket is closed.
    SendAndClose(Vec<u8>),
}

impl Fault {
    /// An error status with an HTML body and no `Retry-After`.
    pub fn status(code: u16) -> Self {
        Self::Status { code, retry_after: None, body: ErrorBody::Html }
    }

    /// A rejection as the API sends it: this HTTP status, JSON, `status` 0.
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
    /// The error page of a web server.
    Html,
    /// `{"status": 0, "errors": [...], "request": "..."}`.
    Json,
    /// Nothing.
    Empty,
}

/// Holds requests until a test opens it.
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

    /// Lets all requests through, waiting and later ones.
    pub fn open(&self) {
        self.0.0.send_replace(true);
    }

    /// Waits until this many requests have reached the gate.
    pub async fn reached(&self, requests: usize) {
        // The sender lives in `self`, so this ends only when the condition holds.
        drop(self.0.1.subscribe().wait_for(|arrived| *arrived >= requests).await);
    }

    pub(in crate::sandbox) async fn pass(&self) {
        self.0.1.send_modify(|arrived| *arrived += 1);
        drop(self.0.0.subscribe().wait_for(|open| *open).await);
    }
}
