//! A computer whose sleep the test controls: a system bus with a logind and a NetworkManager on it.
//!
//! Invariant: a daemon that was started here listens to the bus when [`Computer::connected`] returns.

use std::collections::HashMap;

use handover::sandbox::{Counters, Options, Sandbox};
use handover::system::clock;
use zbus::Connection;
use zbus::names::UniqueName;
use zbus::zvariant::{ObjectPath, Value};

use crate::support::bus::Bus;
use crate::support::notification_server::connect;
use crate::support::process::Running;
use crate::support::user::{User, sandbox, until};

pub(crate) const LOGIND: &str = "org.freedesktop.login1";
pub(crate) const LOGIND_PATH: &str = "/org/freedesktop/login1";
pub(crate) const LOGIND_INTERFACE: &str = "org.freedesktop.login1.Manager";
pub(crate) const NETWORK_MANAGER: &str = "org.freedesktop.NetworkManager";
pub(crate) const NETWORK_MANAGER_PATH: &str = "/org/freedesktop/NetworkManager";

/// What a daemon logs once it listens to both.
pub(crate) const LISTENS: &str = "listening to logind and NetworkManager";

/// A computer, the service, and a user who is signed in.
pub(crate) struct Computer {
    pub(crate) user: User,
    pub(crate) sandbox: Sandbox,
    pub(crate) system: System,
    pub(crate) bus: Bus,
}

impl Computer {
    /// A computer on which no daemon runs.
    pub(crate) async fn new() -> Self {
        let sandbox = sandbox(Options::new(clock::unix)).await;
        let bus = Bus::start();
        let system = System::on(&bus).await;
        let mut user = User::new(&sandbox);
        user.set("DBUS_SYSTEM_BUS_ADDRESS", bus.address());
        user.sign_in(&sandbox).await;
        user.set("HANDOVER_LOG", "handover=debug");
        Self { user, sandbox, system, bus }
    }

    /// A computer with a daemon that is connected and listens.
    pub(crate) async fn connected(&self) -> Running {
        let daemon = self.user.daemon();
        daemon.until_logged(LISTENS).await;
        daemon.until_logged(" connected\n").await;
        self.settle().await;
        daemon
    }

    /// Waits until a download that is requested now is done, and with it everything that was in progress.
    pub(crate) async fn settle(&self) {
        let synced = self.user.handover(&["sync"]).await;
        assert_eq!(synced.code, Some(0), "{}", synced.err);
    }

    /// Waits until the sandbox's counters meet a condition.
    pub(crate) async fn until(&self, what: &str, wanted: impl FnMut(&Counters) -> bool) {
        until(&self.sandbox, what, wanted).await;
    }

    /// How often the daemon has logged in on a websocket.
    pub(crate) fn connections(&self) -> usize {
        self.sandbox.counters().socket_logins
    }
}

/// The two programs that report sleep and networks.
pub(crate) struct System {
    pub(crate) logind: Connection,
    pub(crate) network_manager: Connection,
}

impl System {
    pub(crate) async fn on(bus: &Bus) -> Self {
        let system =
            Self { logind: connect(bus.address()).await, network_manager: connect(bus.address()).await };
        system.logind.request_name(LOGIND).await.expect("own the name");
        system.network_manager.request_name(NETWORK_MANAGER).await.expect("own the name");
        system
    }

    /// Sends logind's signals before a sleep, and after it.
    pub(crate) async fn prepare_for_sleep(&self, about_to_sleep: bool) {
        prepare_for_sleep(&self.logind, None, about_to_sleep).await;
    }

    /// Simulates a whole sleep.
    pub(crate) async fn sleep(&self) {
        self.prepare_for_sleep(true).await;
        self.prepare_for_sleep(false).await;
    }

    /// Sends NetworkManager's signals for a new network: it reaches the internet, fully, and which network it is.
    pub(crate) async fn network_comes_up(&self) {
        self.state(60).await;
        self.state(70).await;
        let changed = HashMap::from([
            ("State", Value::from(70_u32)),
            ("Connectivity", Value::from(4_u32)),
            (
                "PrimaryConnection",
                Value::from(ObjectPath::from_static_str_unchecked(
                    "/org/freedesktop/NetworkManager/ActiveConnection/7",
                )),
            ),
        ]);
        let body = (NETWORK_MANAGER, changed, Vec::<String>::new());
        let properties = "org.freedesktop.DBus.Properties";
        self.network_manager
            .emit_signal(None::<UniqueName<'_>>, NETWORK_MANAGER_PATH, properties, "PropertiesChanged", &body)
            .await
            .expect("emit a signal");
    }

    /// Sends NetworkManager's signal about its state.
    pub(crate) async fn state(&self, state: u32) {
        self.network_manager
            .emit_signal(
                None::<UniqueName<'_>>,
                NETWORK_MANAGER_PATH,
                NETWORK_MANAGER,
                "StateChanged",
                &(state,),
            )
            .await
            .expect("emit a signal");
    }
}

/// Sends logind's signal from any connection, to all or to one.
pub(crate) async fn prepare_for_sleep(speaker: &Connection, to: Option<&str>, about_to_sleep: bool) {
    speaker
        .emit_signal(to, LOGIND_PATH, LOGIND_INTERFACE, "PrepareForSleep", &(about_to_sleep,))
        .await
        .expect("emit a signal");
}
