//! A Secret Service that works, and that can leave the bus and come back with everything it holds.
//!
//! Invariant: it is never locked, and asks nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt;
use handover::system::clock;
use tokio::task::JoinHandle;
use zbus::message::Type;
use zbus::zvariant::{ObjectPath, OwnedObjectPath, OwnedValue, Value};
use zbus::{Connection, Message, MessageStream};

use super::notification_server::connect;

const NAME: &str = "org.freedesktop.secrets";
const COLLECTION: ObjectPath<'static> =
    ObjectPath::from_static_str_unchecked("/org/freedesktop/secrets/collection/test");
const SESSION: ObjectPath<'static> =
    ObjectPath::from_static_str_unchecked("/org/freedesktop/secrets/session/test");
const NONE: ObjectPath<'static> = ObjectPath::from_static_str_unchecked("/");

/// What is stored, by path.
pub(crate) type Items = Arc<Mutex<BTreeMap<String, Item>>>;

/// A secret, and how it is found.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    attributes: BTreeMap<String, String>,
    bytes: Vec<u8>,
    content_type: String,
    modified: u64,
}

/// It is on the bus when `start` returns, and leaves it when it is dropped.
pub(crate) struct Keyring(JoinHandle<()>);

impl Keyring {
    pub(crate) async fn start(address: &str, items: &Items) -> Self {
        let connection = connect(address).await;
        let calls = MessageStream::from(&connection);
        let (bus, items) = (connection.clone(), Arc::clone(items));
        let tracker = tokio::spawn(serve(bus, calls, items));
        connection.request_name(NAME).await.expect("become the keyring");
        Self(tracker)
    }
}

impl Drop for Keyring {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn serve(bus: Connection, mut calls: MessageStream, items: Items) {
    while let Some(Ok(call)) = calls.next().await {
        if call.message_type() == Type::MethodCall {
            // The caller may have hung up.
            drop(answer(&bus, &call, &items).await);
        }
    }
}

async fn answer(bus: &Connection, call: &Message, items: &Items) -> zbus::Result<()> {
    let (header, body) = (call.header(), call.body());
    let path = header.path().expect("a call has a path").to_string();
    let nothing: Vec<OwnedObjectPath> = Vec::new();
    let of_path = |items: &Items| {
        let items = items.lock().unwrap_or_else(PoisonError::into_inner);
        items.get(&path).cloned()
    };
    match header.member().expect("a call has a member").as_str() {
        "SearchItems" => {
            let (wanted,): (BTreeMap<String, String>,) = body.deserialize()?;
            let found: Vec<_> = {
                let items = items.lock().unwrap_or_else(PoisonError::into_inner);
                let has =
                    |item: &Item| wanted.iter().all(|(name, value)| item.attributes.get(name) == Some(value));
                items.iter().filter(|(_, item)| has(item)).map(|(path, _)| object(path)).collect()
            };
            bus.reply(&header, &(found, nothing)).await
        }
        "ReadAlias" => bus.reply(&header, &COLLECTION).await,
        "OpenSession" => bus.reply(&header, &(Value::from(""), SESSION)).await,
        "Unlock" => {
            let (objects,): (Vec<OwnedObjectPath>,) = body.deserialize()?;
            bus.reply(&header, &(objects, NONE)).await
        }
        "Get" => {
            let (_interface, name): (String, String) = body.deserialize()?;
            let modified = of_path(items).map(|item| item.modified).unwrap_or_default();
            let value = if name == "Locked" { Value::from(false) } else { Value::from(modified) };
            bus.reply(&header, &value).await
        }
        "CreateItem" => {
            type Secret = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);
            let (properties, secret, _replace): (BTreeMap<String, OwnedValue>, Secret, bool) =
                body.deserialize()?;
            let (_session, _parameters, bytes, content_type) = secret;
            let attributes = properties.get("org.freedesktop.Secret.Item.Attributes").cloned();
            let attributes = attributes.map(std::collections::HashMap::<String, String>::try_from);
            let attributes = attributes.transpose()?.unwrap_or_default().into_iter().collect();
            let modified = u64::try_from(clock::unix()).expect("a time after 1970");
            let item = Item { attributes, bytes, content_type, modified };
            let path = {
                let mut items = items.lock().unwrap_or_else(PoisonError::into_inner);
                items.retain(|_, other| other.attributes != item.attributes);
                let path = format!("{}/{}", COLLECTION.as_str(), items.len() + 1);
                items.insert(path.clone(), item);
                object(&path)
            };
            bus.reply(&header, &(path, NONE)).await
        }
        "GetSecret" => match of_path(items) {
            Some(item) => {
                let secret = (SESSION, Vec::<u8>::new(), item.bytes, item.content_type);
                bus.reply(&header, &(secret,)).await
            }
            None => bus.reply_error(&header, "org.freedesktop.Secret.Error.NoSuchObject", &"no").await,
        },
        "Delete" => {
            items.lock().unwrap_or_else(PoisonError::into_inner).remove(&path);
            bus.reply(&header, &NONE).await
        }
        _ => bus.reply(&header, &()).await,
    }
}

fn object(path: &str) -> OwnedObjectPath {
    OwnedObjectPath::try_from(path).expect("a path")
}
