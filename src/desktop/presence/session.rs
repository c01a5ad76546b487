//! Asks the programs of the user's session: screen savers and idle monitors.
//!
//! Invariant: a time is used only from a program whose unit is known; a program that hangs or lacks a method counts as
//! unknown.
//!
//! GNOME Shell has `org.gnome.ScreenSaver` and Mutter's idle monitor; the owner of `org.freedesktop.ScreenSaver` there
//! does not know the time of the last input. `KDE`'s screen locker gives that time in milliseconds under `X11`, although
//! other owners of this name give seconds, and refuses (or, in older versions, replies 0) under Wayland.

use std::time::Duration;

use futures_util::future::join_all;
use futures_util::join;

use super::bus::{Bus, Object, Program};
use super::evidence::Evidence;

/// The known screen savers: bus name, path and interface. The owner of `org.gnome.ScreenSaver` is started on demand and
/// only asks the shell, so the shell is also listed under its own name.
const SCREEN_SAVERS: [(&str, &str, &str); 5] = [
    ("org.gnome.Shell.ScreenShield", "/org/gnome/ScreenSaver", "org.gnome.ScreenSaver"),
    ("org.gnome.ScreenSaver", "/org/gnome/ScreenSaver", "org.gnome.ScreenSaver"),
    ("org.cinnamon.ScreenSaver", "/org/cinnamon/ScreenSaver", "org.cinnamon.ScreenSaver"),
    ("org.mate.ScreenSaver", "/org/mate/ScreenSaver", "org.mate.ScreenSaver"),
    ("org.xfce.ScreenSaver", "/org/xfce/ScreenSaver", "org.xfce.ScreenSaver"),
];

/// The name that `KDE`'s screen locker shares with other programs, and its own name.
const SHARED: &str = "org.freedesktop.ScreenSaver";
const SHARED_PATH: &str = "/org/freedesktop/ScreenSaver";
const KDE: &str = "org.kde.screensaver";
const KDE_PATH: &str = "/ScreenSaver";

const IDLE_MONITOR: &str = "org.gnome.Mutter.IdleMonitor";
const IDLE_MONITOR_PATH: &str = "/org/gnome/Mutter/IdleMonitor/Core";

/// The signals to subscribe to: a screen saver started or ended, or there was input after an idle time. The sender does not
/// matter, since all are queried again.
pub(super) const MATCH_RULES: [&str; 2] = [
    "type='signal',member='ActiveChanged'",
    "type='signal',interface='org.gnome.Mutter.IdleMonitor',member='WatchFired'",
];

/// Queries all of them.
pub(super) async fn query(bus: &Bus) -> Evidence {
    let (mutter, shared, others) = join!(
        idle_monitor(bus),
        shared_name(bus),
        join_all(SCREEN_SAVERS.map(|saver| screen_saver(bus, saver)))
    );
    others.into_iter().fold(mutter.and(shared), Evidence::and)
}

/// Requests a signal for the next input; returns whether there will be one. The request ends with the connection.
pub(super) async fn announce_next_input(bus: &Bus) -> bool {
    let Some(program) = bus.program(IDLE_MONITOR).await else { return false };
    let object = Object { program: &program, path: IDLE_MONITOR_PATH, interface: IDLE_MONITOR };
    bus.call::<_, u32>(object, "AddUserActiveWatch", &()).await.is_some()
}

async fn screen_saver(bus: &Bus, (name, path, interface): (&str, &str, &str)) -> Evidence {
    let Some(program) = bus.program(name).await else { return Evidence::default() };
    let object = Object { program: &program, path, interface };
    Evidence { locked: bus.call(object, "GetActive", &()).await, ..Evidence::default() }
}

async fn idle_monitor(bus: &Bus) -> Evidence {
    let Some(program) = bus.program(IDLE_MONITOR).await else { return Evidence::default() };
    let object = Object { program: &program, path: IDLE_MONITOR_PATH, interface: IDLE_MONITOR };
    let idle = bus.call(object, "GetIdletime", &()).await.map(Duration::from_millis);
    Evidence { idle, ..Evidence::default() }
}

async fn shared_name(bus: &Bus) -> Evidence {
    let (program, kde) = join!(bus.program(SHARED), bus.program(KDE));
    let Some(program) = program else { return Evidence::default() };
    let is_kde = kde.as_ref() == Some(&program);
    let (locked, idle) = join!(
        call_shared(bus, &program, is_kde, "GetActive"),
        call_shared(bus, &program, is_kde, "GetSessionIdleTime")
    );
    Evidence { locked, idle: idle.and_then(|time| idle_time(time, is_kde)), ..Evidence::default() }
}

async fn call_shared<T>(bus: &Bus, program: &Program, is_kde: bool, method: &str) -> Option<T>
where
    T: serde::de::DeserializeOwned + zbus::zvariant::Type,
{
    let path = if is_kde { KDE_PATH } else { SHARED_PATH };
    bus.call(Object { program, path, interface: SHARED }, method, &()).await
}

fn idle_time(time: u32, is_kde: bool) -> Option<Duration> {
    match (is_kde, time) {
        (true, 0) => None,
        (true, milliseconds) => Some(Duration::from_millis(milliseconds.into())),
        (false, seconds) => Some(Duration::from_secs(seconds.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_screen_locker_of_kde_counts_milliseconds() {
        assert_eq!(idle_time(400_000, true), Some(Duration::from_secs(400)));
        assert_eq!(idle_time(400, false), Some(Duration::from_secs(400)));
        assert_eq!((idle_time(0, true), idle_time(0, false)), (None, Some(Duration::ZERO)));
    }
}
