//! Asks whether this desktop shows icons in a tray at all.
//!
//! Invariant: it waits four seconds for the bus and four for the answer, no longer, and starts no program.

#[cfg(target_os = "linux")]
use std::time::Duration;

#[cfg(target_os = "linux")]
use tokio::time::timeout;

/// Who keeps the list of icons, by the specification of the status notifier item.
#[cfg(target_os = "linux")]
const WATCHER: &str = "org.kde.StatusNotifierWatcher";
#[cfg(target_os = "linux")]
const TIMEOUT: Duration = Duration::from_secs(4);

/// What was found out about the tray.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// The desktop shows icons.
    There,
    /// The desktop has no tray.
    Missing,
    /// There is no session bus, so nothing of a desktop can be reached.
    NoBus,
    /// Whoever keeps the list of icons does not answer.
    Silent,
}

/// Asks the desktop of this session.
#[cfg(target_os = "linux")]
pub async fn find() -> Host {
    let connecting = async { zbus::connection::Builder::session()?.build().await };
    let Ok(Ok(connection)) = timeout(TIMEOUT, connecting).await else { return Host::NoBus };
    // A call to a name that nobody owns may start a program, so the bus is asked first whether somebody does.
    let asking = async {
        let bus = Some("org.freedesktop.DBus");
        let owned = connection
            .call_method(bus, "/org/freedesktop/DBus", bus, "NameHasOwner", &WATCHER)
            .await?
            .body()
            .deserialize::<bool>()?;
        if !owned {
            return Ok(false);
        }
        let question = (WATCHER, "IsStatusNotifierHostRegistered");
        let properties = Some("org.freedesktop.DBus.Properties");
        let path = "/StatusNotifierWatcher";
        let answer = connection.call_method(Some(WATCHER), path, properties, "Get", &question).await?;
        let value: zbus::zvariant::OwnedValue = answer.body().deserialize()?;
        Ok::<bool, zbus::Error>(bool::try_from(value)?)
    };
    match timeout(TIMEOUT, asking).await {
        Ok(Ok(true)) => Host::There,
        Ok(Ok(false)) => Host::Missing,
        Ok(Err(_)) | Err(_) => Host::Silent,
    }
}

/// Every other desktop has one.
#[cfg(not(target_os = "linux"))]
pub async fn find() -> Host {
    std::future::ready(Host::There).await
}
