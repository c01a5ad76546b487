//! A keyring that misbehaves, and a dialog that nobody answers.
//!
//! Invariant: it is on the bus when `start` returns, and leaves the bus when its value is dropped.

use std::collections::HashMap;

use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use zbus::message::Type;
use zbus::zvariant::{ObjectPath, OwnedObjectPath, Value};
use zbus::{Connection, Message, MessageStream};

use crate::harness::soon;
use crate::support::notification_server::connect;

const COLLECTION: ObjectPath<'static> =
    ObjectPath::from_static_str_unchecked("/org/freedesktop/secrets/collection/fake");
const ITEM: ObjectPath<'static> =
    ObjectPath::from_static_str_unchecked("/org/freedesktop/secrets/collection/fake/1");
const PROMPT: ObjectPath<'static> =
    ObjectPath::from_static_str_unchecked("/org/freedesktop/secrets/prompt/1");
const NONE: ObjectPath<'static> = ObjectPath::from_static_str_unchecked("/");

/// How a fake behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behaviour {
    /// It never replies.
    Hang,
    /// It is locked, and the user unlocks it in the dialog.
    Obliging,
    /// It is locked, and the user closes the dialog.
    Dismissing,
    /// It is locked, and its dialog is never answered.
    Ignoring,
    /// It is locked, and leaves the bus while its dialog is open.
    Leaving,
    /// It is unlocked, accepts a login and returns another one.
    Forgetful,
    /// It is unlocked and sends malformed replies.
    Babbling,
}

/// A keyring, or another service under a given name.
pub(crate) struct Fake {
    calls: mpsc::UnboundedReceiver<String>,
    tracker: JoinHandle<()>,
    _connection: Connection,
}

impl Fake {
    /// Starts a keyring.
    pub(crate) async fn keyring(address: &str, behaviour: Behaviour) -> Self {
        Self::start(address, "org.freedesktop.secrets", behaviour).await
    }

    /// Starts the program that shows the dialogs of gnome-keyring, which nobody answers.
    pub(crate) async fn dialogs(address: &str) -> Self {
        Self::start(address, "org.gnome.keyring.SystemPrompter", Behaviour::Ignoring).await
    }

    /// The next method that was called.
    pub(crate) async fn next_call(&mut self) -> String {
        soon(self.calls.recv()).await.expect("the fake is running")
    }

    /// The methods that were called so far.
    pub(crate) fn calls(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.calls.try_recv().ok()).collect()
    }

    async fn start(address: &str, name: &'static str, behaviour: Behaviour) -> Self {
        let connection = connect(address).await;
        let messages = MessageStream::from(&connection);
        let (on_call, calls) = mpsc::unbounded_channel();
        let desk = Desk { connection: connection.clone(), name, behaviour, is_locked: true, on_call };
        let tracker = tokio::spawn(desk.serve(messages));
        connection.request_name(name).await.expect("take the name");
        Self { calls, tracker, _connection: connection }
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.tracker.abort();
    }
}

struct Desk {
    connection: Connection,
    name: &'static str,
    behaviour: Behaviour,
    is_locked: bool,
    on_call: mpsc::UnboundedSender<String>,
}

impl Desk {
    async fn serve(mut self, mut messages: MessageStream) {
        while let Some(Ok(message)) = messages.next().await {
            if message.message_type() == Type::MethodCall {
                let member = message.header().member().map(ToString::to_string).unwrap_or_default();
                if self.behaviour != Behaviour::Hang {
                    self.answer(&member, &message).await;
                }
                drop(self.on_call.send(member));
            }
        }
    }

    async fn answer(&mut self, member: &str, call: &Message) {
        let header = call.header();
        let bus = &self.connection;
        let no_items: &[ObjectPath<'_>] = &[];
        let sealed = (NONE, Vec::<u8>::new(), b"{}".to_vec(), "application/json");
        let is_open = matches!(self.behaviour, Behaviour::Forgetful | Behaviour::Babbling);
        let sent = match member {
            _ if self.behaviour == Behaviour::Babbling => bus.reply(&header, &42_u8).await,
            "SearchItems" => bus.reply(&header, &(no_items, no_items)).await,
            "ReadAlias" => bus.reply(&header, &COLLECTION).await,
            "Get" => bus.reply(&header, &Value::from(self.is_locked && !is_open)).await,
            "Unlock" => bus.reply(&header, &(no_items, PROMPT)).await,
            "OpenSession" => bus.reply(&header, &(Value::from(""), NONE)).await,
            "CreateItem" => bus.reply(&header, &(ITEM, NONE)).await,
            "GetSecret" => bus.reply(&header, &(sealed,)).await,
            _ => bus.reply(&header, &()).await,
        };
        // The caller may have hung up.
        drop(sent);
        match member {
            "Prompt" => self.end_dialog().await,
            "BeginPrompting" => self.begin_dialog(call).await,
            _ => {}
        }
    }

    /// Tells gnome-keyring that the dialog is ready, which makes it ask for the password.
    async fn begin_dialog(&self, call: &Message) {
        let header = call.header();
        let (callback,): (OwnedObjectPath,) = call.body().deserialize().expect("a path");
        let nothing: HashMap<&str, Value<'_>> = HashMap::new();
        let ready = Message::method_call(callback, "PromptReady")
            .and_then(|ready| ready.destination(header.sender().expect("a sender").as_str()))
            .and_then(|ready| ready.interface("org.gnome.keyring.internal.Prompter.Callback"))
            .and_then(|ready| ready.build(&("", nothing, "")));
        self.connection.send(&ready.expect("a message")).await.expect("send");
    }

    async fn end_dialog(&mut self) {
        let dismissed = match self.behaviour {
            Behaviour::Obliging => false,
            Behaviour::Dismissing => true,
            Behaviour::Leaving => {
                self.connection.release_name(self.name).await.expect("leave");
                return;
            }
            Behaviour::Hang | Behaviour::Ignoring | Behaviour::Forgetful | Behaviour::Babbling => return,
        };
        self.is_locked = dismissed;
        let body = (dismissed, Value::from(""));
        let nobody: Option<&str> = None;
        let interface = "org.freedesktop.Secret.Prompt";
        self.connection.emit_signal(nobody, PROMPT, interface, "Completed", &body).await.expect("signal");
    }
}
