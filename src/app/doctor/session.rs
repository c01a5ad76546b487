//! Checks of the user's session: sounds, tray, and autostart.
//!
//! Invariant: messages arrive without these, so nothing here is a failure.

use super::super::autostart;
use super::check::{Check, Outcome};
use super::probes::Probes;
use crate::desktop::autostart::Autostart;
use crate::desktop::notifier::Feature;
use crate::desktop::sound;
use crate::desktop::tray::availability::{self, TrayAvailability};
use crate::domain::settings::SoundSetting;

/// Checks whether there is a tray for the icon.
pub(super) async fn tray(probes: &Probes<'_>) -> Option<Check> {
    let name = "tray";
    if probes.daemon().await.is_ok_and(|report| !report.tray) {
        let message = "the daemon was started with --no-tray; everything in its menu is also a command";
        return Some(Check::ok(name, message));
    }
    Some(match availability::check().await {
        TrayAvailability::Available => Check::ok(name, "the desktop has a tray for the icon"),
        TrayAvailability::NoTray => {
            Check::ok(name, "the desktop has no tray; everything in its menu is also a command")
                .hint("see `handover --help`; on GNOME, the AppIndicator extension adds a tray")
        }
        TrayAvailability::NoBus => Check::ok(
            name,
            "there is no tray without a session bus; everything in its menu is also a command",
        ),
        TrayAvailability::NoAnswer => {
            Check::warning(name, "the tray does not respond; everything in its menu is also a command")
                .hint("log out and in again if the icon is missing")
        }
    })
}

/// Checks what plays the sounds, if notifications can be shown.
pub(super) async fn sound(probes: &Probes<'_>) -> Option<Check> {
    let name = "sound";
    let server = probes.server().await.ok()?;
    if probes.context.settings.sound == SoundSetting::Off {
        return Some(Check::ok(name, "turned off in the settings"));
    }
    if !server.missing.contains(&Feature::Sounds) {
        return Some(Check::ok(name, format!("{} plays sounds", server.name)));
    }
    Some(match sound::installed_player() {
        Some(program) => Check::ok(name, format!("{} plays sounds", program.display())),
        None => Check::ok(name, "notifications are silent, because no program can play sounds")
            .hint("install paplay (it comes with pulseaudio-utils) or pw-play (pipewire-bin)"),
    })
}

/// Checks whether the daemon starts at login.
pub(super) fn autostart() -> Check {
    let name = "autostart";
    let status = match autostart::status() {
        Ok(status) => status,
        Err(problem) => {
            return Check { outcome: Outcome::Warning, ..Check::of_problem(name, &problem) };
        }
    };
    let sentence = autostart::sentence(&status);
    let check = match &status {
        Autostart::On | Autostart::ByUnit(_) | Autostart::Disabled => Check::ok(name, sentence),
        Autostart::Off => Check::ok(name, format!("{sentence}; `handover autostart on` changes that")),
        Autostart::Other(_) | Autostart::Missing(_) => Check::warning(name, sentence),
    };
    match autostart::hint(&status) {
        Some(hint) => check.hint(hint),
        None => check,
    }
}
