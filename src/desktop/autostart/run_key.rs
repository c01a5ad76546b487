//! The value below the user's `Run` key with which Windows starts a program at login.
//!
//! Invariant: only our own value is changed. It has never run on Windows, and follows
//! <https://learn.microsoft.com/windows/win32/setupapi/run-and-runonce-registry-keys>.

use std::io;
use std::path::{Path, PathBuf};

use windows_registry::{CURRENT_USER, Key};

use super::state::{ARGUMENTS, Autostart, Error};
use crate::system::own_path::is_same_file;

const RUN: &str = r"Software\Microsoft\Windows\CurrentVersion\Run";
const VALUE: &str = "Handover";
/// `HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND)`: there is no such value.
const NOT_FOUND: i32 = 0x8007_0002_u32.cast_signed();

/// The user's `Run` key.
#[derive(Debug)]
pub(super) struct RunKey(Key);

impl RunKey {
    pub(super) fn of_user() -> Result<Self, Error> {
        CURRENT_USER.create(RUN).map(Self).map_err(failed)
    }

    pub(super) fn status(&self, program: &Path) -> Result<Autostart, Error> {
        let command = match self.0.get_string(VALUE) {
            Ok(command) => command,
            Err(error) if error.code().0 == NOT_FOUND => return Ok(Autostart::Off),
            Err(error) => return Err(failed(error)),
        };
        let Some(named) = command.strip_prefix('"').and_then(|rest| rest.split_once('"')) else {
            return Ok(Autostart::Off);
        };
        let named = PathBuf::from(named.0);
        Ok(match named.is_file() {
            true if is_same_file(&named, program) => Autostart::On,
            true => Autostart::Other(named),
            false => Autostart::Missing(named),
        })
    }

    pub(super) fn switch_on(&self, program: &Path) -> Result<(), Error> {
        // No path on Windows has a quote in it.
        let path = program.to_str().ok_or_else(|| Error::Unwritable(program.to_owned()))?;
        self.0.set_string(VALUE, format!("\"{path}\" {}", ARGUMENTS.join(" "))).map_err(failed)
    }

    /// There are no systemd units.
    #[expect(clippy::unused_self, reason = "it is one of several implementations")]
    pub(super) fn enabled_unit(&self) -> Option<PathBuf> {
        None
    }

    pub(super) fn switch_off(&self) -> Result<(), Error> {
        match self.0.remove_value(VALUE) {
            Err(error) if error.code().0 != NOT_FOUND => Err(failed(error)),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::File(PathBuf::from(RUN), io::Error::other(error.to_string()))
}
