//! What has to be installed for these tests, by its names on Debian and Ubuntu.
//!
//! Invariant: something missing fails a test and says how to get it; nothing is skipped.

use std::fs;
use std::path::{Path, PathBuf};

pub(crate) const DUNST: &str = "dunst";
pub(crate) const SOUND_SERVER: &str = "pulseaudio";
/// Where the accessibility registry lies, which is never in the search path.
pub(crate) const REGISTRY: &str = "/usr/libexec/at-spi2-registryd";
/// Comes with what lets programs draw an SVG, which itself lies in a folder that differs from machine to machine.
const SVG: &str = "/usr/share/thumbnailers/librsvg.thumbnailer";
/// Says where the notification server of Xfce lies.
pub(crate) const NOTIFYD: &str = "org.xfce.xfce4-notifyd.Notifications";
/// Says where the settings of Xfce are served from; it comes with the panel.
pub(crate) const XFCONF: &str = "org.xfce.Xfconf";

/// Fails with the line that installs what is missing.
pub(crate) fn check() {
    let is_in_path = |program: &str| {
        std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
            .any(|folder| folder.join(program).exists())
    };
    let wanted = [
        ("at-spi2-core", Path::new(REGISTRY).exists()),
        ("dbus-daemon", is_in_path("dbus-daemon")),
        ("dunst", is_in_path(DUNST)),
        ("librsvg2-common", Path::new(SVG).exists()),
        ("pulseaudio", is_in_path(SOUND_SERVER)),
        ("pulseaudio-utils", is_in_path("parec") && is_in_path("paplay")),
        ("util-linux", is_in_path("setpriv")),
        ("xfce4-notifyd", service_file(NOTIFYD).exists()),
        ("xfce4-panel", is_in_path("xfce4-panel")),
        ("xfconf", service_file(XFCONF).exists()),
        ("xvfb", is_in_path("Xvfb")),
    ];
    let missing: Vec<_> = wanted.iter().filter(|(_, is_there)| !is_there).map(|(name, _)| *name).collect();
    assert!(
        missing.is_empty(),
        "the tests on a real desktop need more: apt-get install -y --no-install-recommends {}",
        missing.join(" ")
    );
}

/// The program behind a service of the session bus; it lies in a folder that differs from machine to machine.
pub(crate) fn program_of(service: &str) -> String {
    let text = fs::read_to_string(service_file(service)).expect("read a service file");
    let line = text.lines().find_map(|line| line.strip_prefix("Exec=")).expect("a service has a program");
    line.to_owned()
}

fn service_file(service: &str) -> PathBuf {
    Path::new("/usr/share/dbus-1/services").join(format!("{service}.service"))
}
