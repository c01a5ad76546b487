//! Speaks with the Secret Service: a call each, and what can go wrong with it.
//!
//! Invariant: no call waits longer than its time limit; none but [`Service::ask_to_unlock`] shows a dialog; and no
//! error repeats what the service said, since that may quote the secret.
//!
//! The messages: <https://specifications.freedesktop.org/secret-service-spec/latest/>. The session is `plain`: the
//! secret crosses a socket that only this user can open, and whoever may listen there may as well ask for it. The
//! crate `secret-service` does the same in 32 more crates and 0.5 MB, shows dialogs without a time limit, and its
//! encrypted sessions make gnome-keyring 50 abort when several begin at once.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use futures_util::StreamExt;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;
use zbus::message::{Message, Type};
use zbus::zvariant::{self, DynamicType, ObjectPath, OwnedObjectPath, OwnedValue, Value};
use zbus::{Connection, MessageStream, connection};

use crate::desktop::session_bus;

const NAME: &str = "org.freedesktop.secrets";
const PATH: &str = "/org/freedesktop/secrets";
const SERVICE: &str = "org.freedesktop.Secret.Service";
const COLLECTION: &str = "org.freedesktop.Secret.Collection";
const ITEM: &str = "org.freedesktop.Secret.Item";
const PROMPT: &str = "org.freedesktop.Secret.Prompt";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
const BUS: &str = "org.freedesktop.DBus";
const BUS_PATH: &str = "/org/freedesktop/DBus";

/// What tells that somebody became the keyring, left, or opened or closed something.
const MATCH_RULES: [&str; 4] = [
    "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',\
     member='NameOwnerChanged',arg0='org.freedesktop.secrets'",
    "type='signal',sender='org.freedesktop.secrets',interface='org.freedesktop.DBus.Properties',\
     member='PropertiesChanged',path_namespace='/org/freedesktop/secrets'",
    "type='signal',sender='org.freedesktop.secrets',interface='org.freedesktop.Secret.Service'",
    "type='signal',sender='org.freedesktop.secrets',interface='org.freedesktop.Secret.Prompt'",
];

/// The names and values an item is found by.
pub(super) type Attributes = BTreeMap<&'static str, String>;

/// A secret on the bus: the session, what its cipher needs, the secret, its kind.
type Sealed<Session, Bytes, Text> = (Session, Bytes, Bytes, Text);

/// Why the keyring did not do what it was asked; it follows "the login cannot be read:".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Issue {
    /// There is no bus.
    #[error("there is no keyring: the session bus cannot be reached: {0}")]
    NoBus(&'static str),
    /// Nobody on the bus keeps secrets.
    #[error("there is no keyring on the session bus")]
    NoKeyring,
    /// Somebody does, but has no place for new ones.
    #[error("the keyring has no default collection")]
    NoCollection,
    /// It is locked.
    #[error("the keyring is locked")]
    Locked,
    /// It is locked, and the user was asked in vain.
    #[error("the keyring is locked: {0}")]
    StaysLocked(String),
    /// Nothing came back in time.
    #[error("the keyring does not answer")]
    Silent,
    /// The bus accepted nothing in time.
    #[error("the session bus does not answer")]
    SilentBus,
    /// The keyring or the bus ended before it answered.
    #[error("the keyring went away")]
    Gone,
    /// It answered with an error of this name.
    #[error("the keyring refused: {0}")]
    Refused(String),
    /// It answered with something else than it should.
    #[error("the keyring gave an answer that makes no sense")]
    Nonsense,
    /// The login in it cannot be read.
    #[error("the keyring's item: {0}")]
    Damaged(String),
    /// It took the login and gave back another.
    #[error("the keyring gave back something else than it was given")]
    Forgetful,
}

/// Items that have the attributes that were looked for.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// They can be read.
    pub(super) open: Vec<OwnedObjectPath>,
    /// They cannot.
    pub(super) locked: Vec<OwnedObjectPath>,
}

/// A connection to the bus, for as long as somebody asks for secrets.
pub(super) struct Service {
    connection: Connection,
    /// How long to wait for an answer.
    deadline: Duration,
}

impl Service {
    /// Connects to the bus at this address; `None` is the session bus of the environment.
    pub(super) async fn connect(address: Option<&str>, deadline: Duration) -> Result<Self, Issue> {
        let connecting = async {
            let builder = match address {
                Some(address) => connection::Builder::address(address)?,
                None => connection::Builder::session()?,
            };
            builder.build().await
        };
        match timeout(deadline, connecting).await {
            Ok(Ok(connection)) => Ok(Self { connection, deadline }),
            Ok(Err(cause)) => Err(Issue::NoBus(session_bus::obstacle(&cause))),
            Err(_) => Err(Issue::SilentBus),
        }
    }

    /// The items with these attributes, in every collection. It starts the keyring where the bus knows how to.
    pub(super) async fn search(&self, attributes: &Attributes) -> Result<Found, Issue> {
        let (open, locked) = self.call(NAME, PATH, SERVICE, "SearchItems", &(attributes,)).await?;
        Ok(Found { open, locked })
    }

    /// Where new items go.
    pub(super) async fn default_collection(&self) -> Result<OwnedObjectPath, Issue> {
        let path = self.call(NAME, PATH, SERVICE, "ReadAlias", &("default",)).await?;
        some(path).ok_or(Issue::NoCollection)
    }

    /// Whether a collection is locked.
    pub(super) async fn is_locked(&self, collection: &ObjectPath<'_>) -> Result<bool, Issue> {
        let value = self.property(collection, COLLECTION, "Locked").await?;
        bool::try_from(value).map_err(|_| Issue::Nonsense)
    }

    /// When an item was last written, unix seconds.
    pub(super) async fn modified(&self, item: &ObjectPath<'_>) -> Result<u64, Issue> {
        let value = self.property(item, ITEM, "Modified").await?;
        u64::try_from(value).map_err(|_| Issue::Nonsense)
    }

    /// Opens a session, which the calls about secrets need; it ends with the connection.
    pub(super) async fn open_session(&self) -> Result<OwnedObjectPath, Issue> {
        let plain = ("plain", Value::from(""));
        let (_, session): (OwnedValue, _) = self.call(NAME, PATH, SERVICE, "OpenSession", &plain).await?;
        Ok(session)
    }

    /// What an item holds.
    pub(super) async fn secret(
        &self,
        item: &ObjectPath<'_>,
        session: &ObjectPath<'_>,
    ) -> Result<Vec<u8>, Issue> {
        let (sealed,): (Sealed<OwnedObjectPath, Vec<u8>, String>,) =
            self.call(NAME, item.as_str(), ITEM, "GetSecret", &(session,)).await?;
        Ok(sealed.2)
    }

    /// Makes an item, or replaces the one with these attributes.
    pub(super) async fn create(
        &self,
        collection: &ObjectPath<'_>,
        session: &ObjectPath<'_>,
        (label, attributes): (&str, &Attributes),
        (secret, content_type): (&str, &str),
    ) -> Result<OwnedObjectPath, Issue> {
        let attributes: HashMap<&str, &str> =
            attributes.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let properties = BTreeMap::from([
            ("org.freedesktop.Secret.Item.Label", Value::from(label)),
            ("org.freedesktop.Secret.Item.Attributes", Value::from(attributes)),
        ]);
        let no_parameters: &[u8] = &[];
        let sealed: Sealed<_, _, _> = (session, no_parameters, secret.as_bytes(), content_type);
        let (item, prompt): (OwnedObjectPath, OwnedObjectPath) = self
            .call(NAME, collection.as_str(), COLLECTION, "CreateItem", &(properties, sealed, true))
            .await?;
        some(item).filter(|_| some(prompt).is_none()).ok_or(Issue::Locked)
    }

    /// Deletes an item.
    pub(super) async fn delete(&self, item: &ObjectPath<'_>) -> Result<(), Issue> {
        let prompt = self.call(NAME, item.as_str(), ITEM, "Delete", &()).await?;
        if some(prompt).is_none() { Ok(()) } else { Err(Issue::Locked) }
    }

    /// Whether the keyring runs; unlike every other call this does not start it.
    pub(super) async fn is_running(&self) -> Result<bool, Issue> {
        self.call(BUS, BUS_PATH, BUS, "NameHasOwner", &(NAME,)).await
    }

    /// Unlocks what needs no password; false when something needs one.
    pub(super) async fn unlock(&self, objects: &[OwnedObjectPath]) -> Result<bool, Issue> {
        Ok(self.start_to_unlock(objects).await?.is_none())
    }

    /// Lets the keyring ask the user to unlock these, and waits for them until the time is up.
    ///
    /// The dialog stays after that: gnome-keyring (42 to 50) aborts when a dialog that it shows is dismissed by
    /// `Dismiss`: `mark_as_complete` takes up the very prompt again that it ends, and `perform_next_unlock` asserts
    /// that nothing is going on (<https://gitlab.gnome.org/GNOME/gnome-keyring>, `daemon/dbus/gkd-secret-unlock.c`).
    /// A dialog that was not shown ends with the connection that asked for it, without harm.
    pub(super) async fn ask_to_unlock(
        &self,
        objects: &[OwnedObjectPath],
        limit: Duration,
    ) -> Result<(), Issue> {
        // Before the dialog, so that a quick answer is not missed.
        let mut changes = self.changes().await?;
        let Some(prompt) = self.start_to_unlock(objects).await? else { return Ok(()) };
        match timeout(limit, self.prompt(&prompt, &mut changes)).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(Issue::StaysLocked("the question to unlock it was dismissed".into())),
            Ok(Err(issue)) => Err(issue),
            Err(_) => Err(Issue::StaysLocked(format!("nobody unlocked it within {} s", limit.as_secs()))),
        }
    }

    /// Whatever happens to the keyring from now on.
    pub(super) async fn changes(&self) -> Result<Changes, Issue> {
        // Everything the bus sends, unfiltered: a stream without a match rule of its own may be dropped anywhere.
        let messages = MessageStream::from(&self.connection);
        for rule in MATCH_RULES {
            let () = self.call(BUS, BUS_PATH, BUS, "AddMatch", &(rule,)).await?;
        }
        Ok(Changes(messages))
    }

    /// Shows a dialog; false when the user dismissed it.
    async fn prompt(&self, prompt: &ObjectPath<'_>, changes: &mut Changes) -> Result<bool, Issue> {
        // No window of ours to put the dialog on.
        let shown = self.call::<_, ()>(NAME, prompt.as_str(), PROMPT, "Prompt", &("",)).await;
        match shown {
            // A keyring may answer when its dialog is closed.
            Ok(()) | Err(Issue::Silent) => {}
            Err(issue) => return Err(issue),
        }
        loop {
            let change = changes.next().await?;
            let header = change.header();
            match header.member().map(zbus::names::MemberName::as_str) {
                Some("Completed") if header.path() == Some(prompt) => {
                    let body = change.body();
                    let (dismissed, _): (bool, OwnedValue) =
                        body.deserialize().map_err(|_| Issue::Nonsense)?;
                    return Ok(!dismissed);
                }
                Some("NameOwnerChanged") => return Err(Issue::Gone),
                _ => {}
            }
        }
    }

    /// Unlocks what needs no password, and gives what would ask for one.
    async fn start_to_unlock(&self, objects: &[OwnedObjectPath]) -> Result<Option<OwnedObjectPath>, Issue> {
        let (_, prompt): (Vec<OwnedObjectPath>, _) =
            self.call(NAME, PATH, SERVICE, "Unlock", &(objects,)).await?;
        Ok(some(prompt))
    }

    async fn property(
        &self,
        object: &ObjectPath<'_>,
        interface: &str,
        name: &str,
    ) -> Result<OwnedValue, Issue> {
        self.call(NAME, object.as_str(), PROPERTIES, "Get", &(interface, name)).await
    }

    async fn call<Body, Answer>(
        &self,
        name: &str,
        path: &str,
        interface: &str,
        method: &str,
        body: &Body,
    ) -> Result<Answer, Issue>
    where
        Body: Serialize + DynamicType,
        Answer: DeserializeOwned + zvariant::Type,
    {
        let asking = self.connection.call_method(Some(name), path, Some(interface), method, body);
        let Ok(answer) = timeout(self.deadline, asking).await else { return Err(Issue::Silent) };
        let answer = answer.map_err(|error| issue(&error))?;
        answer.body().deserialize().map_err(|_| Issue::Nonsense)
    }
}

/// What happens to the keyring.
pub(super) struct Changes(MessageStream);

impl Changes {
    /// The next signal. Cancel safe.
    pub(super) async fn next(&mut self) -> Result<Message, Issue> {
        loop {
            let message = self.0.next().await.ok_or(Issue::Gone)?.map_err(|_| Issue::Gone)?;
            let header = message.header();
            // The bus also sends answers, and greetings to this connection.
            let is_greeting = header.member().is_some_and(|member| member == "NameAcquired");
            if header.message_type() == Type::Signal && !is_greeting {
                return Ok(message.clone());
            }
        }
    }
}

/// The path, unless it is the one that means none.
fn some(path: OwnedObjectPath) -> Option<OwnedObjectPath> {
    (path.as_str() != "/").then_some(path)
}

/// What an error on the bus means.
fn issue(error: &zbus::Error) -> Issue {
    if let zbus::Error::MethodError(name, _, _) = error {
        return match name.as_str() {
            "org.freedesktop.DBus.Error.ServiceUnknown" | "org.freedesktop.DBus.Error.NameHasNoOwner" => {
                Issue::NoKeyring
            }
            name if name.starts_with("org.freedesktop.DBus.Error.Spawn.") => Issue::NoKeyring,
            "org.freedesktop.DBus.Error.NoReply" | "org.freedesktop.DBus.Error.Disconnected" => Issue::Gone,
            "org.freedesktop.Secret.Error.IsLocked" => Issue::Locked,
            name => Issue::Refused(name.to_owned()),
        };
    }
    if matches!(error, zbus::Error::InputOutput(_)) { Issue::Gone } else { Issue::Nonsense }
}
