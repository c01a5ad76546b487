//! A local stand-in for the service: accounts, devices, messages, emergencies, the websocket, and faults in all of
//! them.
//!
//! Invariant: written from the protocol's description alone; it shares no code with the client it tests.
//!
//! It listens on 127.0.0.1 only, refuses what a web page sends, and has three uses: `handover sandbox` for people who write senders or clients,
//! `handover demo` in the same process as the receiver, and the tests, which set [`Switches`] where the service's
//! behaviour is unknown, script [`Fault`]s, and read the journal afterwards.
//!
//! Each folder uses only those after it: `http` (connection to response), `api` (the endpoints), `service` (what
//! requests share), `account` (the data), `protocol` (requests and replies as values).

mod account;
mod api;
mod connections;
mod faults;
mod http;
mod ids;
mod journal;
mod protocol;
mod service;
mod switches;

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use faults::{Endpoint, ErrorBody, Fault, Faults, Gate};
pub use journal::{Counters, Request, repeated_rejections};
pub use switches::{DefaultSound, ErrorShape, FrameKind, Licence, Order, Repeat, Switches, TakenName};

use account::{App, Owner, Receipt, State};
use connections::{ConnectionHandle, Connections, TrackingListener};
use journal::SharedCounters;
use protocol::{Params, Route};
use service::{Access, Service};

/// The user key of every sandbox, fixed so that examples and scripts keep working.
const USER_KEY: &str = "uSandbox0000000000000000000001";
/// The key of a group whose only member is this user.
const GROUP_KEY: &str = "gSandbox0000000000000000000001";
/// The token of the application that every sandbox has.
const APP_TOKEN: &str = "aSandbox0000000000000000000001";

/// How to start a sandbox.
#[derive(Clone, Debug)]
pub struct Options {
    /// The port to listen on; 0 lets the system choose.
    pub port: u16,
    /// The current time in unix seconds.
    pub clock: fn() -> i64,
    /// The email address of the account.
    pub email: String,
    /// The password of the account.
    pub password: String,
    /// The code that a login needs; `None` when the account has no two-factor authentication.
    pub two_factor: Option<String>,
    /// The time between two `#` on the websocket, on tokio's clock.
    pub keep_alive: Duration,
    /// The web pages that may use it, such as `https://example.org`. Any other would use it from the browser of whoever visits it.
    pub allowed_origins: Vec<String>,
    /// Whether it posts a sender's callback to other computers too: who can send to it could make it post into a network that only
    /// this computer reaches.
    pub remote_callbacks: bool,
}

impl Options {
    /// Any port, a sample account without two-factor authentication, a `#` every 30 s.
    pub fn new(clock: fn() -> i64) -> Self {
        Self {
            port: 0,
            clock,
            email: "sandbox@example.org".to_owned(),
            password: "correct horse battery staple".to_owned(),
            two_factor: None,
            keep_alive: Duration::from_secs(30),
            allowed_origins: Vec::new(),
            remote_callbacks: false,
        }
    }
}

/// The credentials of a sandbox, for clients and for senders.
#[derive(Clone, Debug)]
pub struct AccountInfo {
    /// The email address to log in with.
    pub email: String,
    /// The password to log in with.
    pub password: String,
    /// The two-factor code, if the account has one.
    pub two_factor: Option<String>,
    /// The user key for senders.
    pub user_key: String,
    /// The key of a group whose only member is this user, for senders.
    pub group_key: String,
    /// The token of a predefined application, for senders.
    pub app_token: String,
}

/// A running sandbox; dropping it stops the server and closes every connection.
#[derive(Debug)]
pub struct Sandbox {
    service: Arc<Service>,
    connections: Arc<Connections>,
    port: u16,
    server: JoinHandle<()>,
}

impl Sandbox {
    /// Starts a sandbox on the current tokio runtime. Fails when the port is taken.
    pub async fn start(options: Options) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
        let port = listener.local_addr()?.port();
        let owner = Owner {
            email: options.email,
            password: options.password,
            two_factor: options.two_factor,
            user_key: USER_KEY.to_owned(),
            group_key: GROUP_KEY.to_owned(),
        };
        let mut state = State::new(options.clock, owner);
        let aid = state.next_id();
        state.apps.push(App {
            token: APP_TOKEN.to_owned(),
            name: "Sandbox".to_owned(),
            icon: "sandbox".to_owned(),
            aid,
        });
        let counters = SharedCounters::new();
        let connections = Arc::new(Connections::new(Arc::clone(&counters)));
        let access =
            Access { allowed_origins: options.allowed_origins, remote_callbacks: options.remote_callbacks };
        let service = Arc::new(Service::new(state, counters, options.keep_alive, access, Handle::current()));
        let router = Router::new().fallback(http::handle).with_state(Arc::clone(&service));
        let listener = TrackingListener { listener, connections: Arc::clone(&connections) };
        let server = tokio::spawn(async move {
            let app = router.into_make_service_with_connect_info::<ConnectionHandle>();
            // It ends only when it is aborted: accepting never fails, but waits and tries again.
            drop(axum::serve(listener, app).await);
        });
        Ok(Self { service, connections, port, server })
    }

    /// The base address of the API: `http://127.0.0.1:PORT`.
    pub fn api_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The address of the websocket: `ws://127.0.0.1:PORT/push`.
    pub fn websocket_url(&self) -> String {
        format!("ws://127.0.0.1:{}/push", self.port)
    }

    /// The credentials for clients and senders.
    pub fn account(&self) -> AccountInfo {
        let owner = self.service.state().owner.clone();
        AccountInfo {
            email: owner.email,
            password: owner.password,
            two_factor: owner.two_factor,
            user_key: owner.user_key,
            group_key: owner.group_key,
            app_token: APP_TOKEN.to_owned(),
        }
    }

    /// Changes switches.
    pub fn switch(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut self.service.state().switches);
    }

    /// The scripted faults.
    pub fn faults(&self) -> &Faults {
        &self.service.faults
    }

    /// Adds an application; returns its token.
    pub fn add_app(&self, name: &str, icon: &str) -> String {
        let mut state = self.service.state();
        let app_token = ids::key(30);
        let aid = state.next_id();
        state.apps.push(App { token: app_token.clone(), name: name.to_owned(), icon: icon.to_owned(), aid });
        app_token
    }

    /// Logs in and registers a device without HTTP; returns its session secret and device id.
    ///
    /// A device that already has the name is taken over, and the number of devices is not limited.
    pub fn add_device(&self, name: &str) -> (String, String) {
        let mut state = self.service.state();
        let secret = state.new_session();
        let id = state.add_device(&secret, name).id;
        (secret, id)
    }

    /// Sends a message as `POST /1/messages.json` does, by default from the predefined application to the user.
    ///
    /// It is not in the journal. The result is the body of the reply: `status` 1, and `receipt` for an emergency, or
    /// `status` 0 and `errors`.
    pub fn send(&self, fields: &[(&str, &str)]) -> Value {
        let mut params = Params::default();
        for (name, value) in [("token", APP_TOKEN), ("user", USER_KEY)].iter().chain(fields) {
            params.set(name, value);
        }
        let reply = api::execute(&self.service, &Route::Send, Ok(params));
        serde_json::from_slice(&reply.body).unwrap_or_default()
    }

    /// Queues an item exactly as given on every enabled device and signals it; returns its deletion id on each of them.
    ///
    /// `id` and `id_str` are added to an object that has neither. The deletion id is the item's own if that can be
    /// read, and a new one otherwise. An unknown `receipt` becomes known, so that it can be acknowledged.
    pub fn inject(&self, item: &Value) -> Vec<u64> {
        let devices = self.service.state().device_ids();
        devices.iter().filter_map(|device| self.inject_into(device, item.clone())).collect()
    }

    /// The same for one device; `None` when there is no such device or it is disabled.
    pub fn inject_into(&self, device: &str, item: Value) -> Option<u64> {
        let id = self.service.state().inject(device, item)?;
        self.service.counters.update(|counters| counters.sent += 1);
        self.service.signal([device]);
        Some(id)
    }

    /// The ids of what is still queued for a device, in the order of arrival.
    pub fn queue(&self, device: &str) -> Vec<u64> {
        self.service.state().queued(device)
    }

    /// The ids of all enabled devices, in the order of registration.
    pub fn devices(&self) -> Vec<String> {
        self.service.state().device_ids()
    }

    /// Acknowledges an emergency as the user's phone would; false when it is unknown or has ended.
    pub fn acknowledge_elsewhere(&self, receipt: &str) -> bool {
        self.service.acknowledge(receipt, "phone").is_ok()
    }

    /// Whether an emergency has been acknowledged by any device.
    pub fn is_acknowledged(&self, receipt: &str) -> bool {
        self.service.state().receipts.get(receipt).is_some_and(Receipt::is_acknowledged)
    }

    /// Makes every session secret invalid, as a change of the password may; sockets get `E` and are closed.
    pub fn revoke_sessions(&self) {
        self.service.state().revoke_sessions();
        self.service.sockets.close(None, b"E");
    }

    /// Disables a device, as its owner can on the web site; its socket gets `E` and is closed.
    pub fn disable_device(&self, device: &str) -> bool {
        let was_enabled = self.service.state().disable(device);
        self.service.sockets.close(Some(device), b"E");
        was_enabled
    }

    /// Sends a payload to every open socket: `R`, `E`, `A`, `#!`, garbage. The sockets stay open.
    pub fn push_frame(&self, payload: &[u8]) {
        self.service.sockets.broadcast(payload);
    }

    /// Closes every socket with a close frame, after a last payload unless that is empty.
    pub fn close_sockets(&self, payload: &[u8]) {
        self.service.sockets.close(None, payload);
    }

    /// Ends the TCP connection of every socket without a close frame.
    pub fn drop_sockets(&self) {
        self.service.sockets.cut();
    }

    /// Makes sockets half open, including later ones: they stay open, but nothing sent on them arrives. HTTP is not
    /// affected.
    pub fn set_half_open(&self, half_open: bool) {
        self.service.sockets.set_half_open(half_open);
    }

    /// Makes the HTTP connections that are open now dead, without a sign of it, as a router does that forgets them.
    /// Websockets and later connections are not affected.
    pub fn lose_connections(&self) {
        self.connections.lose_requests();
    }

    /// The last 10,000 requests, oldest first.
    pub fn journal(&self) -> Vec<Request> {
        self.service.journal.list()
    }

    /// The counters, as they change.
    pub fn watch(&self) -> watch::Receiver<Counters> {
        self.service.counters.watch()
    }

    /// The counters now.
    pub fn counters(&self) -> Counters {
        self.watch().borrow().clone()
    }

    /// Waits until the counters fulfil a condition.
    pub async fn until(&self, mut condition: impl FnMut(&Counters) -> bool) {
        // The sender lives in `self`, so this ends only when the condition holds.
        drop(self.watch().wait_for(|counters| condition(counters)).await);
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.server.abort();
        self.service.closing.cancel();
        self.connections.cut_all();
    }
}
