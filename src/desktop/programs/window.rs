//! Starts the program with the window, an optional package.
//!
//! Invariant: it runs as a separate process, so its size and its crashes do not affect this one.

use std::env;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::domain::notification::ActivationToken;
use crate::system::programs;

const NAME: &str = "handover-window";

/// Whether it is installed, beside this program or on `PATH`, and there is a display for it.
pub fn is_installed() -> bool {
    installed().is_some()
}

/// By this time a window that cannot start has ended.
const TIMEOUT: Duration = Duration::from_millis(300);

/// The exit code with which the loader says that a library is missing.
const NO_LIBRARY: i32 = 127;

/// Starts it with this page, or the one with the messages. With the token of the user's click it may come to the front.
///
/// Blocks for up to a third of a second, to see whether it fails.
pub fn open(page: Option<&str>, token: Option<&ActivationToken>) -> io::Result<()> {
    let Some(window) = installed() else {
        return Err(io::Error::new(ErrorKind::NotFound, "it is not installed"));
    };
    let started = programs::start_detached(Command::new(window).args(page), token)?;
    match started.exit_within(TIMEOUT) {
        Some(status) if status.code() == Some(NO_LIBRARY) => {
            Err(io::Error::other("a library that it needs, such as GTK or libadwaita, is missing or too old"))
        }
        Some(status) if !status.success() => Err(io::Error::other("it ended with an error")),
        Some(_) | None => Ok(()),
    }
}

fn installed() -> Option<PathBuf> {
    if cfg!(target_os = "linux") && DISPLAYS.iter().all(|variable| env::var_os(variable).is_none()) {
        return None;
    }
    let beside = env::current_exe().ok().map(|program| program.with_file_name(NAME));
    beside.filter(|file| file.is_file()).or_else(|| programs::find(NAME))
}

/// The environment variables that name a display on Linux.
const DISPLAYS: [&str; 2] = ["WAYLAND_DISPLAY", "DISPLAY"];
