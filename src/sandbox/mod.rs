//! A local stand-in for the service: accounts, devices, messages, emergencies, the websocket, and faults in all of
//! them.
//!
//! Invariant: written from the protocol's description alone; it shares no code with the client it tests.
//!
//! It listens on 127.0.0.1 unless told otherwise, refuses what a web page sends, and has three uses: `handover sandbox` for people
//! who write senders or clients, `handover demo` in the same process as the receiver, and tests. A test sets [`Switches`] where
//! the service's behaviour is unknown, scripts [`Fault`]s, moves the clock, and reads the journal afterwards:
//!
//! ```
//! use handover::sandbox::{Endpoint, Fault, Options, RequestFilter, Sandbox, Seed};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let seed = Seed::from_toml("devices = ['desk']\nswitches = { welcome = false }").unwrap();
//! let sandbox = Sandbox::start(Options { seed, ..Options::new(|| 1_700_000_000) }).await.unwrap();
//! sandbox.faults().next(Endpoint::Send, Fault::status(503), 1);
//! // A sender sends to `sandbox.api_url()` with the token and the user key of `sandbox.account()`; here it does so itself.
//! let reply = sandbox.send(&[("message", "fire"), ("priority", "2"), ("retry", "30"), ("expire", "600")]);
//! assert_eq!(reply["status"], 1);
//! sandbox.advance_clock(60);
//! assert_eq!(sandbox.counters().repeats, 2);
//! sandbox.acknowledge_elsewhere(reply["receipt"].as_str().unwrap());
//! assert_eq!(sandbox.count(&RequestFilter { is_matched: Some(false), ..RequestFilter::default() }), 0);
//! # });
//! ```
//!
//! The same is possible from other languages under `/_sandbox` (`GET /_sandbox` describes it).
//!
//! Each folder uses only those after it: `http` (connection to response), `tls` (the service's host names), `page` (what a browser
//! shows), `steering` (what is not part of the service), `api` (the endpoints), `service` (what requests share), `account` (the
//! data), `protocol` (requests and replies as values).

#![doc = ""]
#![doc = include_str!("endpoints.md")]

mod account;
mod api;
mod connections;
mod faults;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod http;
mod ids;
mod journal;
mod options;
mod page;
mod protocol;
mod seed;
mod service;
mod steering;
mod switches;
mod tls;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::serve::Listener;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::{broadcast, watch};
use tokio::task::JoinHandle;

pub use faults::{Endpoint, ErrorBody, Fault, FaultKind, FaultRule, Faults, Gate};
pub use journal::{Counters, Request, RequestFilter, repeated_rejections};
pub use options::{AccountInfo, Options};
pub use seed::{Seed, SeedAccount, SeedApplication, SeedGroup, SeedMember};
pub use switches::{DefaultSound, ErrorShape, FrameKind, Licence, Order, Repeat, Switches, TakenName};

use crate::domain::system;
use account::Receipt;
use connections::{ConnectionHandle, Connections, TrackingListener};
use http::Shared;
use journal::SharedCounters;
use protocol::{Params, Route, SendingRoute};
use service::{Access, Addresses, Initial, Service};
use tls::{Authority, TlsListener};

/// A running sandbox; dropping it stops the server and closes every connection.
#[derive(Debug)]
pub struct Sandbox {
    service: Arc<Service>,
    connections: Arc<Connections>,
    servers: Vec<JoinHandle<()>>,
}

impl Sandbox {
    /// Starts a sandbox on the current tokio runtime. Fails when the port is taken, when the seed has a mistake, or when the
    /// certificates cannot be made.
    pub async fn start(options: Options) -> io::Result<Self> {
        let listener = bind(options.listen, options.port).await?;
        let address = listener.local_addr()?;
        let tls_listener = match options.tls_port {
            Some(port) => Some(bind(options.listen, port).await?),
            None => None,
        };
        let authority = match &options.certificates {
            Some(folder) => Some(Authority::open(folder, (options.clock)())?),
            None => None,
        };
        let token = (!options.listen.is_loopback()).then(tls::token).transpose()?;
        let addresses =
            addresses(&options, address, tls_listener.as_ref(), authority.as_ref(), token.as_ref())?;
        let access = Access {
            allowed_origins: options.allowed_origins,
            allowed_hosts: options.allowed_hosts,
            is_public: !options.listen.is_loopback(),
            is_proxy: options.is_proxy && authority.is_some(),
            token,
            remote_callbacks: options.remote_callbacks,
        };
        let initial = Initial {
            clock: options.clock,
            email: options.email,
            password: options.password,
            two_factor: options.two_factor,
            keep_alive: options.keep_alive,
            is_fixed: options.is_fixed,
            seed: options.seed,
        };
        let counters = SharedCounters::new();
        let connections = Arc::new(Connections::new(Arc::clone(&counters)));
        let service = Arc::new(Service::new(initial, counters, access, addresses, Handle::current()));
        steering::apply(&service, &service.initial.seed).map_err(io::Error::other)?;

        let (tls_queue, tls_connections) = TlsListener::new(authority.as_ref())?;
        let shared = Shared { service: Arc::clone(&service), tls: tls_queue.clone() };
        let router = Router::new().fallback(http::handle).with_state(shared);
        let listener = TrackingListener { listener, connections: Arc::clone(&connections) };
        let mut servers = vec![serve(listener, router.clone()), serve(tls_connections, router)];
        if let Some(listener) = tls_listener {
            let listener = TrackingListener { listener, connections: Arc::clone(&connections) };
            servers.push(tokio::spawn(tls_queue.accept_from(listener)));
        }
        Ok(Self { service, connections, servers })
    }

    /// The base address of the API: `http://127.0.0.1:PORT`.
    pub fn api_url(&self) -> String {
        self.service.addresses.api.clone()
    }

    /// The address of the websocket: `ws://127.0.0.1:PORT/push`.
    pub fn websocket_url(&self) -> String {
        self.service.addresses.websocket.clone()
    }

    /// All addresses and credentials, as a JSON object.
    pub fn description(&self) -> Value {
        steering::description(&self.service)
    }

    /// The credentials for clients and senders.
    pub fn account(&self) -> AccountInfo {
        let state = self.service.state();
        let account = state.accounts.first().cloned();
        let group_key = state.groups.first().map(|group| group.key.clone());
        let app_token = state.apps.first().map(|app| app.token.clone());
        drop(state);
        let account = account.unwrap_or_default();
        AccountInfo {
            email: account.email,
            password: account.password,
            two_factor: account.two_factor,
            user_key: account.user_key,
            group_key: group_key.unwrap_or_default(),
            app_token: app_token.unwrap_or_default(),
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
        self.service.state().add_app(name, icon, None)
    }

    /// Logs in and registers a device without HTTP; returns its session secret and device id.
    ///
    /// A device that already has the name is taken over, and the number of devices is not limited.
    pub fn add_device(&self, name: &str) -> (String, String) {
        let mut state = self.service.state();
        let user = state.first_user();
        let secret = state.new_session(&user);
        let id = state.add_device(&user, &secret, name).id;
        (secret, id)
    }

    /// Sends a message as `POST /1/messages.json` does, by default from the predefined application to the user.
    ///
    /// It is not in the journal. The result is the body of the reply: `status` 1, and `receipt` for an emergency, or
    /// `status` 0 and `errors`.
    pub fn send(&self, fields: &[(&str, &str)]) -> Value {
        let mut params = Params::default();
        for (name, value) in fields {
            params.set(name, value);
        }
        steering::add_defaults(&self.service, &mut params);
        let reply = api::execute(&self.service, &Route::Sending(SendingRoute::Send), Ok(params));
        self.service.note_change();
        serde_json::from_slice(&reply.body).unwrap_or_default()
    }

    /// Queues an item exactly as given on every enabled device and signals it; returns its deletion id on each of them.
    ///
    /// `id` and `id_str` are added to an object that has neither. The deletion id is the item's own if that can be
    /// read, and a new one otherwise. An unknown `receipt` becomes known, so that it can be acknowledged.
    pub fn inject(&self, item: &Value) -> Vec<u64> {
        self.service.inject(item)
    }

    /// The same for one device; `None` when there is no such device or it is disabled.
    pub fn inject_into(&self, device: &str, item: Value) -> Option<u64> {
        self.service.inject_into(device, item)
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
        let user = self.service.state().first_user();
        self.service.acknowledge(receipt, &user, "phone").is_ok()
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
        self.service.disable(device)
    }

    /// Sends a payload to every open socket: `R`, `E`, `A`, `#!`, garbage. The sockets stay open.
    pub fn push_frame(&self, payload: &[u8]) {
        self.service.sockets.send(None, payload, false);
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

    /// How many of these requests there were.
    pub fn count(&self, filter: &RequestFilter) -> usize {
        self.journal().iter().filter(|request| filter.matches(request)).count()
    }

    /// The requests from now on, each as soon as it is answered, or given up without an answer.
    pub fn finished_requests(&self) -> broadcast::Receiver<Request> {
        self.service.journal.finished()
    }

    /// Adds accounts, applications, groups, devices, messages and faults, and changes switches.
    pub fn seed(&self, seed: &Seed) -> Result<(), String> {
        steering::apply(&self.service, seed)
    }

    /// Goes back to the start: the journal is empty, nothing was sent, and receivers have to sign in again.
    pub fn reset(&self) -> Result<(), String> {
        steering::reset(&self.service)
    }

    /// Moves the service's clock forward. Emergencies that would have been repeated or have expired by then do so now.
    pub fn advance_clock(&self, seconds: u32) {
        self.service.advance_clock(seconds);
    }

    /// Decides how many messages may still be sent this month.
    pub fn set_remaining(&self, messages: u64) {
        self.service.state().set_remaining(messages);
    }

    /// The counters, as they change.
    pub fn watch(&self) -> watch::Receiver<Counters> {
        self.service.counters.watch()
    }

    /// The counters now.
    pub fn counters(&self) -> Counters {
        self.watch().borrow().clone()
    }

    /// Counts the most connections and requests at once anew, from those that are open now.
    pub fn reset_peaks(&self) {
        self.service.counters.update(|counters| {
            counters.max_connections = counters.connections_now;
            counters.max_concurrency = counters.in_flight;
        });
    }

    /// Waits until the counters fulfil a condition.
    pub async fn until(&self, mut condition: impl FnMut(&Counters) -> bool) {
        // The sender lives in `self`, so this ends only when the condition holds.
        drop(self.watch().wait_for(|counters| condition(counters)).await);
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        for server in &self.servers {
            server.abort();
        }
        self.service.closing.cancel();
        self.connections.cut_all();
    }
}

/// Listens on a port. The error names it, because there may be two of them.
async fn bind(address: IpAddr, port: u16) -> io::Result<TcpListener> {
    let listener = TcpListener::bind((address, port)).await;
    listener.map_err(|error| {
        let address = SocketAddr::new(address, port);
        io::Error::new(error.kind(), format!("{address} cannot be used: {}", system::in_words(&error)))
    })
}

/// Serves connections until the task is aborted: accepting never fails, but waits and tries again.
fn serve<L>(listener: L, router: Router) -> JoinHandle<()>
where
    L: Listener<Addr = ConnectionHandle>,
    ConnectionHandle: for<'a> axum::extract::connect_info::Connected<axum::serve::IncomingStream<'a, L>>,
{
    tokio::spawn(async move {
        let app = router.into_make_service_with_connect_info::<ConnectionHandle>();
        drop(axum::serve(listener, app).await);
    })
}

/// The addresses by which this computer reaches a sandbox.
fn addresses(
    options: &Options,
    address: SocketAddr,
    tls_listener: Option<&TcpListener>,
    authority: Option<&Authority>,
    token: Option<&String>,
) -> io::Result<Addresses> {
    let host = if address.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { address.ip() };
    let host = SocketAddr::new(host, address.port());
    let api = format!("http://{host}");
    let login = token.map(|token| format!("sandbox:{token}@")).unwrap_or_default();
    let tls = tls_listener
        .map(|listener| Ok::<_, io::Error>(format!("https://localhost:{}", listener.local_addr()?.port())));
    Ok(Addresses {
        websocket: format!("ws://{host}/push"),
        page: token.map_or_else(|| format!("{api}/"), |token| format!("{api}/?key={token}")),
        tls: tls.transpose()?,
        proxy: (options.is_proxy && authority.is_some()).then(|| format!("http://{login}{host}")),
        ca: authority.map(Authority::certificate),
        ca_bundle: authority.map(Authority::bundle),
        token: token.cloned(),
        api,
    })
}
