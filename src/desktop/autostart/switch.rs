//! Checks and switches autostart, with the mechanism of the system.
//!
//! Invariant: only an entry that was created here is changed.

use std::path::PathBuf;

#[cfg(target_os = "macos")]
use super::launch_agent::LaunchAgent as Backend;
#[cfg(windows)]
use super::run_key::RunKey as Backend;
use super::state::{Autostart, Error};
#[cfg(all(unix, not(target_os = "macos")))]
use super::xdg::Session as Backend;
use crate::system::own_path;

/// Whether this program starts at login. It only reads a few files.
pub fn status() -> Result<Autostart, Error> {
    Backend::of_user()?.status(&own_path::find().map_err(Error::OwnPath)?)
}

/// Starts this program at login from now on; no change if it does already.
pub fn switch_on() -> Result<(), Error> {
    Backend::of_user()?.switch_on(&own_path::find().map_err(Error::OwnPath)?)
}

/// Stops starting this program at login. Fails if something that was not created here still does.
pub fn switch_off() -> Result<(), Error> {
    Backend::of_user()?.switch_off()
}

/// The systemd unit that starts this program at login, whatever [`status`] says.
pub fn enabled_unit() -> Option<PathBuf> {
    Backend::of_user().ok()?.enabled_unit()
}
