//! Starts this program at login, or not.
//!
//! Invariant: what is switched off is what was switched on here, and nothing that somebody else made.
//!
//! # Platform-specific behavior
//!
//! Linux: an XDG autostart entry, which every desktop reads. A systemd user unit that somebody enabled counts as
//! on; it is theirs to disable. macOS: a launch agent. Windows: a value below the `Run` key. The latter two are
//! written by the documentation and were never run.

use std::io;
use std::path::{Path, PathBuf};

use crate::domain::system;

#[cfg(all(unix, not(target_os = "macos")))]
mod entry;
pub(super) mod itself;
#[cfg(any(target_os = "macos", test))]
mod launch_agent;
#[cfg(windows)]
mod run_key;
#[cfg(all(unix, not(target_os = "macos")))]
mod xdg;

#[cfg(target_os = "macos")]
use launch_agent::LaunchAgent as Place;
#[cfg(windows)]
use run_key::RunKey as Place;
#[cfg(all(unix, not(target_os = "macos")))]
use xdg::Session as Place;

/// What this program is told when the session starts it, so that it makes way for one that runs already.
const ARGUMENTS: [&str; 2] = ["run", "--at-login"];

/// Whether this program starts at login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Autostart {
    /// It does.
    On,
    /// It does, by this systemd unit and nothing else.
    ByUnit(PathBuf),
    /// This other copy of it does.
    Other(PathBuf),
    /// It was to, but this program is not there any more.
    Gone(PathBuf),
    /// It was to, and the desktop's own settings switched it off.
    Overruled,
    /// It does not.
    Off,
}

impl Autostart {
    /// Whether something will start at the next login.
    pub fn is_on(&self) -> bool {
        match self {
            Self::On | Self::ByUnit(_) | Self::Other(_) => true,
            Self::Gone(_) | Self::Overruled | Self::Off => false,
        }
    }
}

/// Why starting at login cannot be looked up or changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no home folder.
    #[error("the folder for it cannot be found, is HOME set?")]
    NoFolder,
    /// This program does not know where it lies.
    #[error("the file of this program cannot be found: {}", system::in_words(.0))]
    Itself(io::Error),
    /// An entry is text, and not everything can be written in it.
    #[error("the path of this program cannot be written there: {0}")]
    Unwritable(PathBuf),
    /// Somebody else made the entry.
    #[error("{0} was not made by Handover")]
    Foreign(PathBuf),
    /// Somebody enabled this systemd unit.
    #[error("the systemd unit {0} starts it")]
    Unit(PathBuf),
    /// The entry could not be read or changed.
    #[error("{path}: {why}", path = .0.display(), why = system::in_words(.1))]
    File(PathBuf, io::Error),
}

/// How it stands. It looks at a few files and waits for nobody.
pub fn status() -> Result<Autostart, Error> {
    Place::of_user()?.status(&itself::path()?)
}

/// Starts this program at login from now on. Where that is so already, nothing is changed.
pub fn switch_on() -> Result<(), Error> {
    Place::of_user()?.switch_on(&itself::path()?)
}

/// Does so no more; an error when something that was not made here still does.
pub fn switch_off() -> Result<(), Error> {
    Place::of_user()?.switch_off()
}

/// The systemd unit that starts this program at login, beside whatever [`status`] says.
pub fn enabled_unit() -> Option<PathBuf> {
    #[cfg(all(unix, not(target_os = "macos")))]
    return Place::of_user().ok()?.enabled_unit();
    #[cfg(not(all(unix, not(target_os = "macos"))))]
    None
}

/// The path of this program, as the user would start it again: an update puts the next version there.
pub fn program() -> Result<PathBuf, Error> {
    itself::path()
}

/// Whether two paths are the same file, by whatever links they lead there.
fn is_same_file(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        (Ok(_) | Err(_), _) => false,
    }
}
