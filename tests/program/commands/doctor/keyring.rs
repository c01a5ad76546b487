//! Tests what the doctor reports about a keyring, which may hold the login or hang.

use futures_util::StreamExt;
use tokio::task::JoinHandle;
use zbus::message::Type;
use zbus::zvariant::{ObjectPath, Value};
use zbus::{Connection, Message, MessageStream};

use super::Findings;
use crate::support::harness::Harness;
use crate::support::notification_server::connect;

const COLLECTION: ObjectPath<'static> =
    ObjectPath::from_static_str_unchecked("/org/freedesktop/secrets/collection/fake");
const NONE: ObjectPath<'static> = ObjectPath::from_static_str_unchecked("/");

/// An empty keyring: locked, unlocked, or one that never replies (`None`).
struct Keyring {
    connection: Connection,
    tracker: JoinHandle<()>,
}

impl Keyring {
    async fn start(address: &str, is_locked: Option<bool>) -> Self {
        let connection = connect(address).await;
        let mut calls = MessageStream::from(&connection);
        let bus = connection.clone();
        let tracker = tokio::spawn(async move {
            while let Some(Ok(call)) = calls.next().await {
                if let (Type::MethodCall, Some(is_locked)) = (call.message_type(), is_locked) {
                    answer(&bus, &call, is_locked).await;
                }
            }
        });
        connection.request_name("org.freedesktop.secrets").await.expect("become the keyring");
        Self { connection, tracker }
    }

    async fn leave(self) {
        self.connection.release_name("org.freedesktop.secrets").await.expect("leave");
        self.tracker.abort();
    }
}

async fn answer(bus: &Connection, call: &Message, is_locked: bool) {
    let header = call.header();
    let no_items: &[ObjectPath<'_>] = &[];
    let sent = match header.member().expect("a call has a member").as_str() {
        "SearchItems" => bus.reply(&header, &(no_items, no_items)).await,
        "ReadAlias" => bus.reply(&header, &COLLECTION).await,
        "Get" => bus.reply(&header, &Value::from(is_locked)).await,
        "Unlock" => bus.reply(&header, &(no_items, COLLECTION)).await,
        "OpenSession" => bus.reply(&header, &(Value::from(""), NONE)).await,
        _ => bus.reply_error(&header, "org.freedesktop.DBus.Error.UnknownMethod", &()).await,
    };
    // The caller may have hung up.
    drop(sent);
}

#[tokio::test]
async fn the_state_of_a_keyring_beside_a_login_in_a_file_is_reported() {
    let harness = Harness::signed_in().await;
    let unlock = "unlock the desktop's keyring, for example by logging in to the desktop";
    let log_in = "log in to the desktop again, which restarts the keyring, or set secret_store = \"file\"";
    for (is_locked, outcome, message, hint) in [
        (Some(false), "ok", "the desktop's keyring is unlocked", ""),
        (Some(true), "warning", "the login cannot be used: the keyring is locked", unlock),
        (None, "warning", "the login cannot be used: the keyring does not respond", log_in),
    ] {
        let keyring = Keyring::start(harness.bus.address(), is_locked).await;
        let found = Findings::of(&harness.user).await;
        found.fails(&[]);
        assert_eq!(found.field("keyring", "outcome"), outcome);
        found.says("keyring", message);
        found.hints("keyring", hint);
        let path = harness.user.credentials();
        found.says("login", &format!("the login of desk is stored in the file {}", path.display()));
        found.says("session", "the service accepts the login; no messages are waiting");
        keyring.leave().await;
    }
}

#[tokio::test]
async fn without_a_login_a_locked_keyring_may_hold_it() {
    let harness = Harness::new().await;
    harness.user.settings("secret_store = 'keyring'");
    let _keyring = Keyring::start(harness.bus.address(), Some(true)).await;
    let found = Findings::of(&harness.user).await;
    found.fails(&["login", "keyring"]);
    found.says("login", "the login cannot be read: the keyring is locked");
    found.says("keyring", "the login cannot be used: the keyring is locked");
}

#[tokio::test]
async fn a_missing_keyring_is_reported_only_if_one_is_configured() {
    let harness = Harness::signed_in().await;
    harness.user.settings("secret_store = 'file'");
    let found = Findings::of(&harness.user).await;
    found.fails(&[]);
    assert!(!found.checks.contains_key("keyring"));

    harness.user.settings("secret_store = 'keyring'");
    let found = Findings::of(&harness.user).await;
    found.fails(&["keyring"]);
    let hint =
        "start the desktop's keyring, or set secret_store = \"file\" and sign in with `handover setup`";
    found.hints("keyring", hint);
}
