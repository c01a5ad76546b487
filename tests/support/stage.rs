//! The stage on which the program meets a sandbox and a desktop.
//!
//! Invariant: all of it is the test's own, and ends with it.

use std::time::Duration;

use handover::sandbox::{Counters, Options, Sandbox};
use handover::system::clock;
use serde_json::Value;
use tokio::time::timeout;

use super::bus::Bus;
use super::home::{Home, sandbox, until};
use super::notification_server::{NotificationServer, Shown};
use super::process::{Running, TIMEOUT};

/// A sandbox, a desktop and a user.
pub(crate) struct Stage {
    pub(crate) home: Home,
    pub(crate) sandbox: Sandbox,
    pub(crate) server: NotificationServer,
    pub(crate) bus: Bus,
}

impl Stage {
    /// Nobody is signed in.
    pub(crate) async fn new() -> Self {
        Self::with(Options::new(clock::unix)).await
    }

    /// The same with an account of its own.
    pub(crate) async fn with(options: Options) -> Self {
        let sandbox = sandbox(options).await;
        let bus = Bus::start();
        let server = NotificationServer::start(bus.address()).await;
        let mut home = Home::new(&sandbox);
        home.set("DBUS_SESSION_BUS_ADDRESS", bus.address());
        Self { home, sandbox, server, bus }
    }

    /// Signed in as `desk`, the first flush done, no daemon running.
    pub(crate) async fn signed_in() -> Self {
        let stage = Self::new().await;
        stage.home.sign_in(&stage.sandbox).await;
        stage
    }

    /// Starts the daemon and waits until its first pass is over and it listens.
    pub(crate) async fn connected(&self) -> Running {
        let before = self.sandbox.counters();
        let daemon = self.home.daemon();
        self.until("the connection", |now| now.socket_logins > before.socket_logins).await;
        self.home.handover(&["sync"]).await.well();
        daemon
    }

    /// Waits until the sandbox has counted what is wanted.
    pub(crate) async fn until(&self, what: &str, wanted: impl FnMut(&Counters) -> bool) {
        until(&self.sandbox, what, wanted).await;
    }

    /// Asks for the status until it is as wanted.
    pub(crate) async fn until_status(&self, what: &str, wanted: impl Fn(&Value) -> bool) {
        let asking = async { while !wanted(&self.home.status().await) {} };
        let asked = timeout(TIMEOUT, asking).await;
        assert!(asked.is_ok(), "not within {TIMEOUT:?}: {what}");
    }

    /// Lists the messages until every emergency among them is acknowledged, and nothing but them was; all of them.
    pub(crate) async fn messages_acknowledged(&self) -> Vec<Value> {
        let is_settled = |message: &Value| message["acknowledged"] == (message["priority"] == 2);
        let listing = async {
            loop {
                let messages = self.home.messages().await;
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

    /// Sends an emergency with this text; its receipt.
    pub(crate) fn send_emergency(&self, text: &str) -> String {
        let answer = self.send_with(text, &[("priority", "2"), ("retry", "3600"), ("expire", "10800")]);
        answer["receipt"].as_str().expect("an emergency has a receipt").to_owned()
    }

    /// Sends a message with this text and more; the sandbox's answer.
    pub(crate) fn send_with(&self, text: &str, more: &[(&str, &str)]) -> Value {
        let answer = self.sandbox.send(&[&[("message", text)], more].concat());
        assert_eq!(answer["status"], 1, "{answer}");
        answer
    }

    /// What waits on the sandbox for all devices together.
    pub(crate) fn left_on_server(&self) -> usize {
        self.sandbox.devices().iter().map(|device| self.sandbox.queue(device).len()).sum()
    }

    /// The notifications nobody asked for yet.
    pub(crate) async fn shown_so_far(&self) -> Vec<Shown> {
        let mut shown = Vec::new();
        while let Ok(notification) = timeout(Duration::ZERO, self.server.next_shown()).await {
            shown.push(notification);
        }
        shown
    }
}
