//! Checks whether this desktop has a tray.
//!
//! Invariant: it waits at most four seconds for the bus and four for the reply, and starts no program.

#[cfg(target_os = "linux")]
use std::time::Duration;

#[cfg(target_os = "linux")]
use tokio::time::timeout;

#[cfg(target_os = "linux")]
use crate::system::dbus;

/// The program that keeps the list of icons, by the specification of the status notifier item.
#[cfg(target_os = "linux")]
const WATCHER: &str = "org.kde.StatusNotifierWatcher";
#[cfg(target_os = "linux")]
const TIMEOUT: Duration = Duration::from_secs(4);

/// Whether there is a tray.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrayAvailability {
    /// The desktop shows icons.
    Available,
    /// The desktop has no tray.
    NoTray,
    /// There is no session bus.
    NoBus,
    /// The program that keeps the list of icons does not respond.
    NoAnswer,
}

/// Asks the desktop of this session.
#[cfg(target_os = "linux")]
pub async fn check() -> TrayAvailability {
    let Ok(connection) = dbus::connect(None, TIMEOUT).await else { return TrayAvailability::NoBus };
    // A call to a name without an owner may start a program, so the bus is asked first.
    let asking = async {
        if dbus::name_owner(&connection, WATCHER).await?.is_none() {
            return Ok(false);
        }
        let question = (WATCHER, "IsStatusNotifierHostRegistered");
        let properties = "org.freedesktop.DBus.Properties";
        let path = "/StatusNotifierWatcher";
        let answer = dbus::call(&connection, WATCHER, path, properties, "Get", &question).await?;
        let value: zbus::zvariant::OwnedValue = answer.body().deserialize()?;
        Ok::<bool, zbus::Error>(bool::try_from(value)?)
    };
    match timeout(TIMEOUT, asking).await {
        Ok(Ok(true)) => TrayAvailability::Available,
        Ok(Ok(false)) => TrayAvailability::NoTray,
        Ok(Err(_)) | Err(_) => TrayAvailability::NoAnswer,
    }
}

/// Every other desktop has a tray.
#[cfg(not(target_os = "linux"))]
pub async fn check() -> TrayAvailability {
    std::future::ready(TrayAvailability::Available).await
}
