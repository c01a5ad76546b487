//! Calls the Secret Service, with one method per call.
//!
//! Invariant: no call waits longer than its time limit; only [`Service::ask_to_unlock`] shows a dialog; and no error quotes
//! the service's words, since those may quote the secret.
//!
//! The specification: <https://specifications.freedesktop.org/secret-service-spec/latest/>. The session is `plain`: the
//! secret crosses a socket that only this user can open, and a program that can read there can ask for the secret too. The
//! crate `secret-service` does the same in 32 more crates and 0.5 MB, shows dialogs without a time limit, and its
//! encrypted sessions make gnome-keyring 50 abort when several begin at once.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use futures_util::StreamExt;
use secrecy::zeroize::Zeroizing;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time;
use zbus::message::{Message, Type};
use zbus::zvariant::{self, DynamicType, ObjectPath, OwnedObjectPath, OwnedValue, Value};
use zbus::{Connection, MessageStream};

use super::error::KeyringError;
use crate::system::dbus;

const NAME: &str = "org.freedesktop.secrets";
const PATH: &str = "/org/freedesktop/secrets";
const SERVICE: &str = "org.freedesktop.Secret.Service";
const COLLECTION: &str = "org.freedesktop.Secret.Collection";
const ITEM: &str = "org.freedesktop.Secret.Item";
const PROMPT: &str = "org.freedesktop.Secret.Prompt";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// Signals about the owner of the keyring's name, and signals of the keyring.
const MATCH_RULES: [&str; 4] = [
    "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',\
     member='NameOwnerChanged',arg0='org.freedesktop.secrets'",
    "type='signal',sender='org.freedesktop.secrets',interface='org.freedesktop.DBus.Properties',\
     member='PropertiesChanged',path_namespace='/org/freedesktop/secrets'",
    "type='signal',sender='org.freedesktop.secrets',interface='org.freedesktop.Secret.Service'",
    "type='signal',sender='org.freedesktop.secrets',interface='org.freedesktop.Secret.Prompt'",
];

/// The attributes by which an item is found.
pub(super) type Attributes = BTreeMap<&'static str, String>;

/// The struct of a secret on the bus: session, cipher parameters, secret, content type.
type SecretStruct<Session, Bytes, Text> = (Session, Bytes, Bytes, Text);

/// The result of a search.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Items that can be read.
    pub(super) unlocked: Vec<OwnedObjectPath>,
    /// Items that cannot.
    pub(super) locked: Vec<OwnedObjectPath>,
}

/// A connection to the bus, for a few calls.
pub(super) struct Service {
    connection: Connection,
    /// How long to wait for a reply.
    timeout: Duration,
}

impl Service {
    /// Connects to the bus at this address; `None` is the session bus of the environment.
    pub(super) async fn connect(address: Option<&str>, timeout: Duration) -> Result<Self, KeyringError> {
        let connection = dbus::connect(address, timeout).await?;
        Ok(Self { connection, timeout })
    }

    /// The items with these attributes, in every collection. It starts a keyring that the bus can start.
    pub(super) async fn search(&self, attributes: &Attributes) -> Result<Found, KeyringError> {
        let (unlocked, locked) = self.call(NAME, PATH, SERVICE, "SearchItems", &(attributes,)).await?;
        Ok(Found { unlocked, locked })
    }

    /// The collection of new items.
    pub(super) async fn default_collection(&self) -> Result<OwnedObjectPath, KeyringError> {
        let path = self.call(NAME, PATH, SERVICE, "ReadAlias", &("default",)).await?;
        some(path).ok_or(KeyringError::NoCollection)
    }

    /// Whether a collection is locked.
    pub(super) async fn is_locked(&self, collection: &ObjectPath<'_>) -> Result<bool, KeyringError> {
        let value = self.property(collection, COLLECTION, "Locked").await?;
        bool::try_from(value).map_err(|_| KeyringError::MalformedReply)
    }

    /// When an item was last written, unix seconds.
    pub(super) async fn modified(&self, item: &ObjectPath<'_>) -> Result<u64, KeyringError> {
        let value = self.property(item, ITEM, "Modified").await?;
        u64::try_from(value).map_err(|_| KeyringError::MalformedReply)
    }

    /// Opens a session, which calls that transfer secrets need. It ends with the connection.
    pub(super) async fn open_session(&self) -> Result<OwnedObjectPath, KeyringError> {
        let plain = ("plain", Value::from(""));
        let (_, session): (OwnedValue, _) = self.call(NAME, PATH, SERVICE, "OpenSession", &plain).await?;
        Ok(session)
    }

    /// The secret of an item.
    pub(super) async fn secret(
        &self,
        item: &ObjectPath<'_>,
        session: &ObjectPath<'_>,
    ) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
        let (secret_struct,): (SecretStruct<OwnedObjectPath, Vec<u8>, String>,) =
            self.call(NAME, item.as_str(), ITEM, "GetSecret", &(session,)).await?;
        Ok(Zeroizing::new(secret_struct.2))
    }

    /// Creates an item, or replaces the one with these attributes.
    pub(super) async fn create(
        &self,
        collection: &ObjectPath<'_>,
        session: &ObjectPath<'_>,
        (label, attributes): (&str, &Attributes),
        (secret, content_type): (&str, &str),
    ) -> Result<OwnedObjectPath, KeyringError> {
        let attributes: HashMap<&str, &str> =
            attributes.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let properties = BTreeMap::from([
            ("org.freedesktop.Secret.Item.Label", Value::from(label)),
            ("org.freedesktop.Secret.Item.Attributes", Value::from(attributes)),
        ]);
        let no_parameters: &[u8] = &[];
        let secret_struct: SecretStruct<_, _, _> = (session, no_parameters, secret.as_bytes(), content_type);
        let (item, prompt): (OwnedObjectPath, OwnedObjectPath) = self
            .call(NAME, collection.as_str(), COLLECTION, "CreateItem", &(properties, secret_struct, true))
            .await?;
        some(item).filter(|_| some(prompt).is_none()).ok_or(KeyringError::Locked)
    }

    /// Deletes an item.
    pub(super) async fn delete(&self, item: &ObjectPath<'_>) -> Result<(), KeyringError> {
        let prompt = self.call(NAME, item.as_str(), ITEM, "Delete", &()).await?;
        if some(prompt).is_none() { Ok(()) } else { Err(KeyringError::Locked) }
    }

    /// Whether the keyring is running. Unlike every other call, this does not start it.
    pub(super) async fn is_running(&self) -> Result<bool, KeyringError> {
        self.in_time(dbus::name_owner(&self.connection, NAME)).await.map(|owner| owner.is_some())
    }

    /// Unlocks objects that need no password; false if one of them needs one.
    pub(super) async fn unlock(&self, objects: &[OwnedObjectPath]) -> Result<bool, KeyringError> {
        Ok(self.start_to_unlock(objects).await?.is_none())
    }

    /// Lets the keyring ask the user to unlock these objects, and waits for the user until the time limit.
    ///
    /// The dialog stays after that: gnome-keyring (42 to 50) aborts when a client
    /// dismisses a visible dialog: `mark_as_complete` starts the prompt again that it ends, and `perform_next_unlock` asserts
    /// that none is active (<https://gitlab.gnome.org/GNOME/gnome-keyring>, `daemon/dbus/gkd-secret-unlock.c`).
    /// A dialog that was not shown yet ends with this connection.
    pub(super) async fn ask_to_unlock(
        &self,
        objects: &[OwnedObjectPath],
        limit: Duration,
    ) -> Result<(), KeyringError> {
        // Subscribed before the dialog is shown, so that a quick answer is not missed.
        let mut changes = self.changes().await?;
        let Some(prompt) = self.start_to_unlock(objects).await? else { return Ok(()) };
        match time::timeout(limit, self.prompt(&prompt, &mut changes)).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(KeyringError::StaysLocked("the dialog was dismissed".into())),
            Ok(Err(issue)) => Err(issue),
            Err(_) => {
                Err(KeyringError::StaysLocked(format!("it was not unlocked within {} s", limit.as_secs())))
            }
        }
    }

    /// Subscribes to the signals of the keyring.
    pub(super) async fn changes(&self) -> Result<Changes, KeyringError> {
        let messages = MessageStream::from(&self.connection);
        for rule in MATCH_RULES {
            self.in_time(dbus::add_match(&self.connection, rule)).await?;
        }
        Ok(Changes(messages))
    }

    /// Shows a dialog; false if the user dismissed it.
    async fn prompt(&self, prompt: &ObjectPath<'_>, changes: &mut Changes) -> Result<bool, KeyringError> {
        // The empty string means that there is no parent window.
        let shown = self.call::<_, ()>(NAME, prompt.as_str(), PROMPT, "Prompt", &("",)).await;
        match shown {
            // A keyring may reply only after its dialog is closed.
            Ok(()) | Err(KeyringError::TimedOut) => {}
            Err(issue) => return Err(issue),
        }
        loop {
            let change = changes.next().await?;
            let header = change.header();
            match header.member().map(zbus::names::MemberName::as_str) {
                Some("Completed") if header.path() == Some(prompt) => {
                    let body = change.body();
                    let (dismissed, _): (bool, OwnedValue) =
                        body.deserialize().map_err(|_| KeyringError::MalformedReply)?;
                    return Ok(!dismissed);
                }
                Some("NameOwnerChanged") => return Err(KeyringError::Disconnected),
                _ => {}
            }
        }
    }

    /// Unlocks objects that need no password; returns the prompt for the others.
    async fn start_to_unlock(
        &self,
        objects: &[OwnedObjectPath],
    ) -> Result<Option<OwnedObjectPath>, KeyringError> {
        let (_, prompt): (Vec<OwnedObjectPath>, _) =
            self.call(NAME, PATH, SERVICE, "Unlock", &(objects,)).await?;
        Ok(some(prompt))
    }

    async fn property(
        &self,
        object: &ObjectPath<'_>,
        interface: &str,
        name: &str,
    ) -> Result<OwnedValue, KeyringError> {
        self.call(NAME, object.as_str(), PROPERTIES, "Get", &(interface, name)).await
    }

    async fn call<Body, Reply>(
        &self,
        name: &str,
        path: &str,
        interface: &str,
        method: &str,
        body: &Body,
    ) -> Result<Reply, KeyringError>
    where
        Body: Serialize + DynamicType,
        Reply: DeserializeOwned + zvariant::Type,
    {
        let asking = dbus::call(&self.connection, name, path, interface, method, body);
        self.in_time(asking).await?.body().deserialize().map_err(|_| KeyringError::MalformedReply)
    }

    async fn in_time<Reply>(
        &self,
        call: impl Future<Output = zbus::Result<Reply>>,
    ) -> Result<Reply, KeyringError> {
        match time::timeout(self.timeout, call).await {
            Ok(reply) => reply.map_err(|error| KeyringError::from(&error)),
            Err(_elapsed) => Err(KeyringError::TimedOut),
        }
    }
}

/// The signals of the keyring.
pub(super) struct Changes(MessageStream);

impl Changes {
    /// The next signal. Cancel safe.
    pub(super) async fn next(&mut self) -> Result<Message, KeyringError> {
        loop {
            let message = self
                .0
                .next()
                .await
                .ok_or(KeyringError::Disconnected)?
                .map_err(|_| KeyringError::Disconnected)?;
            let header = message.header();
            // The stream also contains replies, and the greeting of the bus.
            let is_greeting = header.member().is_some_and(|member| member == "NameAcquired");
            if header.message_type() == Type::Signal && !is_greeting {
                return Ok(message.clone());
            }
        }
    }
}

/// The path, unless it is `/`, which means none.
fn some(path: OwnedObjectPath) -> Option<OwnedObjectPath> {
    (path.as_str() != "/").then_some(path)
}
