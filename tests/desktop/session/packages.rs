//! The packages that these tests need, by their names on Debian and Ubuntu.
//!
//! Invariant: a missing package fails a test with the command that installs it; nothing is skipped.

use std::fs;
use std::path::{Path, PathBuf};

pub(crate) const DUNST: &str = "dunst";
pub(crate) const SOUND_SERVER: &str = "pulseaudio";
/// The path of the accessibility registry, which is not on `PATH`.
pub(crate) const REGISTRY: &str = "/usr/libexec/at-spi2-registryd";
/// This package includes the loader that lets programs draw an SVG, whose folder differs between machines.
const SVG: &str = "/usr/share/thumbnailers/librsvg.thumbnailer";
/// This file contains the path of Xfce's notification server.
pub(crate) const NOTIFYD: &str = "org.xfce.xfce4-notifyd.Notifications";
/// This file contains the path of Xfce's settings daemon; it comes with the panel.
pub(crate) const XFCONF: &str = "org.xfce.Xfconf";

/// Fails with the command that installs the missing packages.
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

/// The program behind a service of the session bus, whose folder differs between machines.
pub(crate) fn program_of(service: &str) -> String {
    let text = fs::read_to_string(service_file(service)).expect("read a service file");
    let line = text.lines().find_map(|line| line.strip_prefix("Exec=")).expect("a service has a program");
    line.to_owned()
}

fn service_file(service: &str) -> PathBuf {
    Path::new("/usr/share/dbus-1/services").join(format!("{service}.service"))
}
