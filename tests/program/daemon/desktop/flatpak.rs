//! Tests autostart in a Flatpak, against a portal on a private bus.
//!
//! Invariant: the portal gives each request the reply that the test has chosen, and keeps the options of the last one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use futures_util::StreamExt;
use tokio::task::JoinHandle;
use zbus::MessageStream;
use zbus::message::Type;
use zbus::names::UniqueName;
use zbus::zvariant::{ObjectPath, OwnedValue, Value};

use crate::support::bus::Bus;
use crate::support::harness::Harness;
use crate::support::notification_server::connect;

const PORTAL: &str = "org.freedesktop.portal.Desktop";
const HANDLE: &str = "/org/freedesktop/portal/desktop/request/1_1/t";
const ENTRY: &str = "config/autostart/handover.desktop";

type Options = HashMap<String, OwnedValue>;

struct Portal {
    options: Arc<Mutex<Option<Options>>>,
    task: JoinHandle<()>,
}

impl Portal {
    /// Replies with this number, and with what was asked for.
    async fn start(address: &str, number: u32) -> Self {
        let bus = connect(address).await;
        let mut calls = MessageStream::from(&bus);
        let options = Arc::new(Mutex::new(None));
        let last = Arc::clone(&options);
        bus.request_name(PORTAL).await.expect("own the name");
        let task = tokio::spawn(async move {
            while let Some(Ok(call)) = calls.next().await {
                let header = call.header();
                let is_request = header.message_type() == Type::MethodCall
                    && header.member().is_some_and(|name| name == "RequestBackground");
                let Ok((_window, wanted)) = call.body().deserialize::<(String, Options)>() else { continue };
                if !is_request {
                    continue;
                }
                let granted = wanted.get("autostart").is_some_and(|on| bool::try_from(on).unwrap_or(false));
                *last.lock().expect("no test panicked") = Some(wanted);
                let caller: Option<UniqueName<'_>> = header.sender().cloned();
                let handle = ObjectPath::try_from(HANDLE).expect("a path");
                let response = (number, HashMap::from([("autostart", Value::from(granted && number == 0))]));
                // In the order in which the portal sends them, without a pause.
                drop(bus.reply(&header, &handle).await);
                let request = "org.freedesktop.portal.Request";
                drop(bus.emit_signal(caller, HANDLE, request, "Response", &response).await);
            }
        });
        Self { options, task }
    }

    fn last(&self) -> Options {
        self.options.lock().expect("no test panicked").take().expect("the portal was asked")
    }
}

impl Drop for Portal {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn flag(options: &Options, name: &str) -> bool {
    bool::try_from(options.get(name).expect("an option")).expect("a flag")
}

#[tokio::test]
async fn in_a_flatpak_the_desktop_is_asked_to_start_it_at_login() {
    let bus = Bus::start();
    let portal = Portal::start(bus.address(), 0).await;
    let mut harness = Harness::new().await;
    harness.user.set("DBUS_SESSION_BUS_ADDRESS", bus.address());
    harness.user.set("FLATPAK_ID", "io.github.handover.Handover");
    let user = &harness.user;

    user.handover(&["autostart", "on"]).await.succeeded();
    let options = portal.last();
    assert!(flag(&options, "autostart"));
    let command = options["commandline"].try_clone().expect("a copy");
    assert_eq!(Vec::<String>::try_from(command).expect("words"), ["handover", "run", "--at-login"]);
    assert!(user.handover(&["autostart", "status"]).await.succeeded().starts_with("on: "));

    user.handover(&["autostart", "off"]).await.succeeded();
    assert!(!flag(&portal.last(), "autostart"));
    assert!(user.handover(&["autostart", "status"]).await.succeeded().starts_with("off: "));
}

#[tokio::test]
async fn a_desktop_that_does_not_allow_it_or_has_no_portal_is_an_error_with_a_hint() {
    let bus = Bus::start();
    let mut harness = Harness::new().await;
    harness.user.set("DBUS_SESSION_BUS_ADDRESS", bus.address());
    harness.user.set("FLATPAK_ID", "io.github.handover.Handover");
    let user = &harness.user;
    for (number, why) in [(None, "cannot be reached"), (Some(1), "did not allow it")] {
        let portal = match number {
            Some(number) => Some(Portal::start(bus.address(), number).await),
            None => None,
        };
        let said = user.handover(&["autostart", "on"]).await.failed(1);
        assert_eq!(
            said,
            format!(
                "error: autostart cannot be changed: the portal of the desktop {why}\n\
                 hint: allow Handover to run in the background in your desktop's settings, then try again\n"
            )
        );
        assert!(!user.path(ENTRY).exists());
        drop(portal);
    }
}
