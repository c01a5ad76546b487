//! The harness in which the program meets a sandbox and a desktop.
//!
//! Invariant: all of it belongs to the test and ends with it.

use handover::sandbox::{Counters, Options, Sandbox};
use handover::system::clock;
use serde_json::Value;
use tokio::time::timeout;

use super::bus::Bus;
use super::notification_server::{NotificationServer, Shown};
use super::process::{Running, TIMEOUT};
use super::user::{User, sandbox, until};

/// A sandbox, a desktop and a user.
pub(crate) struct Harness {
    pub(crate) user: User,
    pub(crate) sandbox: Sandbox,
    pub(crate) server: NotificationServer,
    pub(crate) bus: Bus,
}

impl Harness {
    /// A harness without a login.
    pub(crate) async fn new() -> Self {
        Self::with(Options::new(clock::unix)).await
    }

    /// The same with this account.
    pub(crate) async fn with(options: Options) -> Self {
        let sandbox = sandbox(options).await;
        let bus = Bus::start();
        let server = NotificationServer::start(bus.address()).await;
        let mut user = User::new(&sandbox);
        user.set("DBUS_SESSION_BUS_ADDRESS", bus.address());
        Self { user, sandbox, server, bus }
    }

    /// A harness that is signed in as `desk`, with the initial sync done and no daemon running.
    pub(crate) async fn signed_in() -> Self {
        let harness = Self::new().await;
        harness.user.sign_in(&harness.sandbox).await;
        harness
    }

    /// Starts the daemon and waits until its first sync is done and it listens.
    pub(crate) async fn connected(&self) -> Running {
        let before = self.sandbox.counters();
        let daemon = self.user.daemon();
        self.until("the connection", |now| now.socket_logins > before.socket_logins).await;
        self.user.handover(&["sync"]).await.succeeded();
        daemon
    }

    /// Waits until the sandbox's counters meet a condition.
    pub(crate) async fn until(&self, what: &str, wanted: impl FnMut(&Counters) -> bool) {
        until(&self.sandbox, what, wanted).await;
    }

    /// Asks for the status until it meets a condition.
    pub(crate) async fn until_status(&self, what: &str, wanted: impl Fn(&Value) -> bool) {
        let asking = async { while !wanted(&self.user.status().await) {} };
        let asked = timeout(TIMEOUT, asking).await;
        assert!(asked.is_ok(), "not within {TIMEOUT:?}: {what}");
    }

    /// Lists the messages until exactly the emergencies among them are acknowledged; returns them.
    pub(crate) async fn messages_acknowledged(&self) -> Vec<Value> {
        let is_settled = |message: &Value| message["acknowledged"] == (message["priority"] == 2);
        let listing = async {
            loop {
                let messages = self.user.messages().await;
                if messages.iter().all(is_settled) {
                    return messages;
                }
            }
        };
        timeout(TIMEOUT, listing).await.expect("the daemon notes every acknowledgement within 30 s")
    }

    /// Sends a normal message with this text.
    pub(crate) fn send(&self, text: &str) {
        self.send_with(text, &[]);
    }

    /// Sends an emergency with this text; returns its receipt.
    pub(crate) fn send_emergency(&self, text: &str) -> String {
        let answer = self.send_with(text, &[("priority", "2"), ("retry", "3600"), ("expire", "10800")]);
        answer["receipt"].as_str().expect("an emergency has a receipt").to_owned()
    }

    /// Sends a message with this text and these parameters; returns the sandbox's reply.
    pub(crate) fn send_with(&self, text: &str, more: &[(&str, &str)]) -> Value {
        let answer = self.sandbox.send(&[&[("message", text)], more].concat());
        assert_eq!(answer["status"], 1, "{answer}");
        answer
    }

    /// How many messages wait at the sandbox, on all devices together.
    pub(crate) fn left_on_server(&self) -> usize {
        self.sandbox.devices().iter().map(|device| self.sandbox.queue(device).len()).sum()
    }

    /// The notifications that the test has not read yet.
    pub(crate) async fn shown_so_far(&self) -> Vec<Shown> {
        self.server.shown_so_far().await
    }
}
