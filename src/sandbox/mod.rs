//! A local stand-in for the service: accounts, devices, messages, emergencies, the websocket, and everything that
//! can go wrong with them.
//!
//! Invariant: written from the protocol's description alone; it shares no code with the client it tests.
//!
//! It listens on 127.0.0.1 only and serves three uses: `handover sandbox` for people who write senders or clients,
//! `handover demo` in the same process as the receiver, and the tests, which turn [`Switches`] where the service's
//! behaviour is unknown, order [`Fault`]s where it might fail, and read the ledger afterwards.
//!
//! Reading order: [`Sandbox`], `routes`, `door`, `client_api`, `sending_api`, `state`, `receipts`, `push`; then
//! `faults` and `play` for what goes wrong.

mod answer;
mod callback;
mod client_api;
mod door;
mod faults;
mod item;
mod ledger;
mod media;
mod params;
mod play;
mod push;
mod receipts;
mod routes;
mod sending_api;
mod service;
mod state;
mod switches;
mod token;
mod wire;

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
pub use ledger::{Counters, Request, repeated_refusals};
pub use switches::{DefaultSound, ErrorShape, FrameKind, Licence, Order, Repeat, Switches, TakenName};

use ledger::Tally;
use params::Params;
use service::Service;
use state::{App, Owner, State};
use wire::{Door, Switchboard};

/// The user key of every sandbox, fixed so that examples and scripts keep working.
const USER_KEY: &str = "uSandbox0000000000000000000001";
/// The key of a group that has only this user.
const GROUP_KEY: &str = "gSandbox0000000000000000000001";
/// The token of the application that every sandbox has.
const APP_TOKEN: &str = "aSandbox0000000000000000000001";

/// How to start a sandbox.
#[derive(Clone, Debug)]
pub struct Options {
    /// The port to listen on; 0 lets the system choose.
    pub port: u16,
    /// Tells the time in unix seconds.
    pub clock: fn() -> i64,
    /// The email address of the account.
    pub email: String,
    /// The password of the account.
    pub password: String,
    /// The code a login has to bring; `None` when the account has no two-factor authentication.
    pub two_factor: Option<String>,
    /// The time between two `#` on the websocket, on tokio's clock.
    pub keep_alive: Duration,
}

impl Options {
    /// Any port, a made-up account without two-factor authentication, a `#` every 30 s.
    pub fn new(clock: fn() -> i64) -> Self {
        Self {
            port: 0,
            clock,
            email: "sandbox@example.org".to_owned(),
            password: "correct horse battery staple".to_owned(),
            two_factor: None,
            keep_alive: Duration::from_secs(30),
        }
    }
}

/// The account of a sandbox, as its user and as a sender know it.
#[derive(Clone, Debug)]
pub struct AccountInfo {
    /// The email address to log in with.
    pub email: String,
    /// The password to log in with.
    pub password: String,
    /// The two-factor code, if the account wants one.
    pub two_factor: Option<String>,
    /// The user key for senders.
    pub user_key: String,
    /// The key of a group with this one user in it, for senders.
    pub group_key: String,
    /// The token of a ready-made application, for senders.
    pub app_token: String,
}

/// A running sandbox; dropping it stops the server and closes every connection.
#[derive(Debug)]
pub struct Sandbox {
    service: Arc<Service>,
    switchboard: Arc<Switchboard>,
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
        let tally = Tally::new();
        let switchboard = Arc::new(Switchboard::new(Arc::clone(&tally)));
        let service = Arc::new(Service::new(state, tally, options.keep_alive, Handle::current()));
        let router = Router::new().fallback(door::enter).with_state(Arc::clone(&service));
        let door = Door { listener, switchboard: Arc::clone(&switchboard) };
        let server = tokio::spawn(async move {
            let app = router.into_make_service_with_connect_info::<wire::Grip>();
            // It ends only by being aborted: accepting never fails, it waits and tries again.
            drop(axum::serve(door, app).await);
        });
        Ok(Self { service, switchboard, port, server })
    }

    /// The base of the API: `http://127.0.0.1:PORT`.
    pub fn api_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The address of the websocket: `ws://127.0.0.1:PORT/push`.
    pub fn websocket_url(&self) -> String {
        format!("ws://127.0.0.1:{}/push", self.port)
    }

    /// Who may log in and who may send.
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

    /// Turns switches.
    pub fn switch(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut self.service.state().switches);
    }

    /// The script of what goes wrong.
    pub fn faults(&self) -> &Faults {
        &self.service.faults
    }

    /// Adds an application; the token its messages are sent with.
    pub fn add_app(&self, name: &str, icon: &str) -> String {
        let mut state = self.service.state();
        let app_token = token::key(30);
        let aid = state.next_id();
        state.apps.push(App { token: app_token.clone(), name: name.to_owned(), icon: icon.to_owned(), aid });
        app_token
    }

    /// Logs in and registers a device without the way over HTTP: its session secret and device id.
    ///
    /// A device that has the name already is taken over, and there is no limit to their number.
    pub fn add_device(&self, name: &str) -> (String, String) {
        let mut state = self.service.state();
        let secret = state.fresh_login();
        let id = state.enlist(&secret, name).id;
        (secret, id)
    }

    /// Sends a message as `POST /1/messages.json` does, by default from the ready-made application to the user.
    ///
    /// It does not stand in the ledger. The body of the answer: `status` 1, and `receipt` for an emergency, or `status` 0 and `errors`.
    pub fn send(&self, fields: &[(&str, &str)]) -> Value {
        let mut params = Params::default();
        for (name, value) in [("token", APP_TOKEN), ("user", USER_KEY)].iter().chain(fields) {
            params.set(name, value);
        }
        let answer = door::answer(&self.service, &routes::Route::Send, Ok(params));
        serde_json::from_slice(&answer.body).unwrap_or_default()
    }

    /// Queues an item exactly as given on every enabled device and signals it; its number on each of them.
    ///
    /// `id` and `id_str` are added to an object that has neither. The number is what deletions are counted in: the
    /// item's own if that can be read, a fresh one otherwise. An unknown `receipt` becomes known, so that it can be
    /// acknowledged.
    pub fn inject(&self, item: &Value) -> Vec<u64> {
        let devices = self.service.state().device_ids();
        devices.iter().filter_map(|device| self.inject_into(device, item.clone())).collect()
    }

    /// The same for one device; `None` when there is no such device or it is disabled.
    pub fn inject_into(&self, device: &str, item: Value) -> Option<u64> {
        let number = self.service.state().inject(device, item)?;
        self.service.tally.count(|counters| counters.sent += 1);
        self.service.signal([device]);
        Some(number)
    }

    /// The numbers of what is still queued for a device, in the order of arrival.
    pub fn queue(&self, device: &str) -> Vec<u64> {
        self.service.state().queued(device)
    }

    /// The ids of all enabled devices, in the order of their registration.
    pub fn devices(&self) -> Vec<String> {
        self.service.state().device_ids()
    }

    /// Acknowledges an emergency as the user's phone would; false when it is unknown or over.
    pub fn acknowledge_elsewhere(&self, receipt: &str) -> bool {
        self.service.acknowledge(receipt, "phone").is_ok()
    }

    /// Whether an emergency has been acknowledged, by whomever.
    pub fn is_acknowledged(&self, receipt: &str) -> bool {
        self.service.state().receipts.get(receipt).is_some_and(receipts::Receipt::is_acknowledged)
    }

    /// Makes every session secret invalid, as a change of the password may; sockets hear `E` and are closed.
    pub fn revoke_login(&self) {
        self.service.state().revoke_logins();
        self.service.sockets.dismiss(None, b"E");
    }

    /// Disables a device, as its owner can on the web site; its socket hears `E` and is closed.
    pub fn disable_device(&self, device: &str) -> bool {
        let was_enabled = self.service.state().disable(device);
        self.service.sockets.dismiss(Some(device), b"E");
        was_enabled
    }

    /// Sends a payload over every open socket: `R`, `E`, `A`, `#!`, garbage. The sockets stay open.
    pub fn push_frame(&self, payload: &[u8]) {
        self.service.sockets.say_to_all(payload);
    }

    /// Closes every socket with a close frame, after a last payload if it is not empty.
    pub fn close_sockets(&self, payload: &[u8]) {
        self.service.sockets.dismiss(None, payload);
    }

    /// Ends the TCP connection of every socket without a close frame.
    pub fn drop_sockets(&self) {
        self.service.sockets.cut();
    }

    /// Makes sockets half open, later ones included: they stay, but nothing that is sent arrives. HTTP goes on.
    pub fn hush(&self, hushed: bool) {
        self.service.sockets.hush(hushed);
    }

    /// What was asked, oldest first; the last 10,000 requests.
    pub fn ledger(&self) -> Vec<Request> {
        self.service.ledger.list()
    }

    /// The running totals, as they change.
    pub fn watch(&self) -> watch::Receiver<Counters> {
        self.service.tally.watch()
    }

    /// The running totals now.
    pub fn counters(&self) -> Counters {
        self.watch().borrow().clone()
    }

    /// Waits until the running totals are as wanted.
    pub async fn until(&self, mut what: impl FnMut(&Counters) -> bool) {
        // The sender lives in `self`, so the channel cannot close while this waits.
        drop(self.watch().wait_for(|counters| what(counters)).await);
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.server.abort();
        self.service.closing.cancel();
        self.switchboard.cut_all();
    }
}
