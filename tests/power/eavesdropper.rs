//! Receives everything that is sent on a bus.
//!
//! Invariant: what was sent before [`Eavesdropper::until_said`] was called, and what it waits for, arrive in the
//! order of the bus.

use futures_util::StreamExt as _;
use tokio::time::timeout;
use zbus::fdo::MonitoringProxy;
use zbus::message::Type;
use zbus::{Message, MessageStream};

use crate::support::bus::Bus;
use crate::support::notification_server::connect;
use crate::support::process::TIMEOUT;

/// A monitor of the bus.
pub(crate) struct Eavesdropper {
    messages: MessageStream,
}

/// A call that a program made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) caller: String,
    pub(crate) member: String,
    /// The first argument, if it is a text.
    pub(crate) about: String,
}

impl Eavesdropper {
    pub(crate) async fn on(bus: &Bus) -> Self {
        let connection = connect(bus.address()).await;
        let messages = MessageStream::from(&connection);
        let monitoring = MonitoringProxy::new(&connection).await.expect("reach the bus");
        monitoring.become_monitor(&[], 0).await.expect("become a monitor");
        Self { messages }
    }

    /// Every call until one meets a condition, including that one.
    pub(crate) async fn until_called(&mut self, what: &str, wanted: impl Fn(&Call) -> bool) -> Vec<Call> {
        let mut calls = Vec::new();
        let hearing = async {
            while let Some(message) = self.messages.next().await {
                let Some(call) = call(&message.expect("the bus is there")) else { continue };
                calls.push(call);
                if calls.last().is_some_and(&wanted) {
                    return;
                }
            }
        };
        let heard = timeout(TIMEOUT, hearing).await.is_ok();
        assert!(heard && calls.last().is_some_and(&wanted), "not within {TIMEOUT:?}: {what}; {calls:?}");
        calls
    }
}

fn call(message: &Message) -> Option<Call> {
    let header = message.header();
    if header.message_type() != Type::MethodCall {
        return None;
    }
    Some(Call {
        caller: header.sender()?.to_string(),
        member: header.member()?.to_string(),
        about: message.body().deserialize().unwrap_or_default(),
    })
}
