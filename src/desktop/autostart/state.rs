//! The values for whether this program starts at login, and why that cannot be changed.
//!
//! Invariant: the same states on every system.

use std::io;
use std::path::PathBuf;

use crate::domain::system;

/// The arguments with which the session starts this program. With them it exits if it is already running.
pub(super) const ARGUMENTS: [&str; 2] = ["run", "--at-login"];

/// Whether this program starts at login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Autostart {
    /// It starts.
    On,
    /// Only this systemd unit starts it.
    ByUnit(PathBuf),
    /// Another copy of this program starts.
    Other(PathBuf),
    /// It was switched on, but this file no longer exists.
    Missing(PathBuf),
    /// It was switched on here, and switched off in the desktop's settings.
    Disabled,
    /// It does not start.
    Off,
}

impl Autostart {
    /// Whether something will start at the next login.
    pub fn is_on(&self) -> bool {
        match self {
            Self::On | Self::ByUnit(_) | Self::Other(_) => true,
            Self::Missing(_) | Self::Disabled | Self::Off => false,
        }
    }
}

/// Why starting at login cannot be checked or changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no home folder.
    #[error("its folder cannot be found; is HOME set?")]
    NoFolder,
    /// The path of this program is not known.
    #[error("the file of this program cannot be found: {}", system::in_words(.0))]
    OwnPath(io::Error),
    /// The path cannot be written into an entry, which is text.
    #[error("the path of this program cannot be written there: {0}")]
    Unwritable(PathBuf),
    /// The entry was not created by this program.
    #[error("{0} was not created by Handover")]
    Foreign(PathBuf),
    /// The desktop, which has to agree, did not.
    #[error("the portal of the desktop {0}")]
    Portal(&'static str),
    /// The user enabled this systemd unit.
    #[error("the systemd unit {0} starts it")]
    Unit(PathBuf),
    /// The entry could not be read or changed.
    #[error("{path}: {why}", path = .0.display(), why = system::in_words(.1))]
    File(PathBuf, io::Error),
}
