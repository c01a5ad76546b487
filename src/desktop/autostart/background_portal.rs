//! Asks the portal of the desktop to start this program at login. A Flatpak needs that, since the desktop reads none of its files.
//!
//! Invariant: a request ends within [`LIMIT`], whether or not the user answers.
//!
//! The portal: <https://flatpak.github.io/xdg-desktop-portal/docs/doc-org.freedesktop.portal.Background.html>.

use std::collections::HashMap;
use std::env;
use std::thread;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::runtime;
use tokio::time::timeout;
use zbus::MessageStream;
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};

use super::state::{ARGUMENTS, Error};
use crate::system::dbus;

const PORTAL: &str = "org.freedesktop.portal.Desktop";
const PATH: &str = "/org/freedesktop/portal/desktop";
const BACKGROUND: &str = "org.freedesktop.portal.Background";
const REQUEST: &str = "org.freedesktop.portal.Request";

/// How long the user may take to answer the desktop's question.
const LIMIT: Duration = Duration::from_mins(1);
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// The result of a request: a number that is 0 if it was granted, and what was granted.
type Response = (u32, HashMap<String, OwnedValue>);

/// Whether this program is a Flatpak.
pub(super) fn is_needed() -> bool {
    env::var_os("FLATPAK_ID").is_some()
}

/// Switches autostart, and blocks until the desktop, which may ask the user, has replied.
pub(super) fn switch(on: bool) -> Result<(), Error> {
    let ask = move || {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|_| Error::Portal("cannot be asked"))?;
        runtime.block_on(async {
            let replied = timeout(LIMIT, request(on)).await;
            replied.unwrap_or(Err(Error::Portal("has not replied within a minute")))
        })
    };
    // The caller may be in a runtime already, and there is one for each thread.
    thread::spawn(ask).join().unwrap_or(Err(Error::Portal("cannot be asked")))
}

async fn request(on: bool) -> Result<(), Error> {
    let connection =
        dbus::connect(None, CONNECT_LIMIT).await.map_err(|_| Error::Portal("cannot be reached"))?;
    // It has every message since the connection was made, so the response cannot come too early.
    let mut messages = MessageStream::from(&connection);
    let command: Vec<&str> = ["handover"].into_iter().chain(ARGUMENTS).collect();
    let options = HashMap::from([
        ("reason", Value::from("Messages arrive without your having to open anything.")),
        ("autostart", Value::from(on)),
        ("commandline", Value::from(command)),
    ]);
    let reply = dbus::call(&connection, PORTAL, PATH, BACKGROUND, "RequestBackground", &("", options)).await;
    let reply = reply.map_err(|_| Error::Portal("cannot be reached"))?;
    let portal = reply.header().sender().map(ToString::to_string);
    let handle: OwnedObjectPath =
        reply.body().deserialize().map_err(|_| Error::Portal("sent a malformed reply"))?;
    while let Some(Ok(message)) = messages.next().await {
        let header = message.header();
        let is_response = header.interface().is_some_and(|name| name == REQUEST)
            && header.member().is_some_and(|name| name == "Response")
            && header.path().is_some_and(|path| *path == handle.as_ref())
            && header.sender().map(ToString::to_string) == portal;
        if is_response {
            return granted(on, message.body().deserialize().ok());
        }
    }
    Err(Error::Portal("has ended"))
}

fn granted(on: bool, response: Option<Response>) -> Result<(), Error> {
    let Some((0, results)) = response else { return Err(Error::Portal("did not allow it")) };
    let is_on = results.get("autostart").and_then(|value| bool::try_from(value).ok());
    if is_on.unwrap_or(on) == on { Ok(()) } else { Err(Error::Portal("did not allow it")) }
}
