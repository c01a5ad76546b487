//! The value below the user's `Run` key with which Windows starts a program at login.
//!
//! Invariant: only our own value is changed.
//!
//! It follows <https://learn.microsoft.com/windows/win32/setupapi/run-and-runonce-registry-keys>, and was only tried under
//! Wine, which starts nothing at login. This program writes to a console, and a console of its own would be a black window
//! that stays on the screen, so the console host of Windows 10 and later runs it without one.

use std::io;
use std::path::{Path, PathBuf};

use windows_registry::{CURRENT_USER, Key};

use super::state::{ARGUMENTS, Autostart, Error};
use crate::system::own_path::is_same_file;

const RUN: &str = r"Software\Microsoft\Windows\CurrentVersion\Run";
/// Where the Task Manager notes what the user switched off there: the first byte of the value is odd.
const SWITCHED_OFF: &str = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run";
const VALUE: &str = "Handover";
/// Runs a program with a console that has no window.
const WITHOUT_WINDOW: &str = "conhost.exe --headless ";
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
        let Some(named) = program_of(&command) else { return Ok(Autostart::Off) };
        if is_switched_off() {
            return Ok(Autostart::Disabled);
        }
        Ok(match named.is_file() {
            true if is_same_file(&named, program) => Autostart::On,
            true => Autostart::Other(named),
            false => Autostart::Missing(named),
        })
    }

    pub(super) fn switch_on(&self, program: &Path) -> Result<(), Error> {
        // No path on Windows has a quote in it.
        let path = program.to_str().ok_or_else(|| Error::Unwritable(program.to_owned()))?;
        self.0.set_string(VALUE, command_of(path)).map_err(failed)?;
        if is_switched_off() {
            CURRENT_USER.create(SWITCHED_OFF).and_then(|key| key.remove_value(VALUE)).map_err(failed)?;
        }
        Ok(())
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

fn is_switched_off() -> bool {
    let noted = CURRENT_USER.open(SWITCHED_OFF).and_then(|key| key.get_value(VALUE));
    noted.is_ok_and(|noted| noted.first().is_some_and(|state| state % 2 == 1))
}

fn command_of(path: &str) -> String {
    format!("{WITHOUT_WINDOW}\"{path}\" {}", ARGUMENTS.join(" "))
}

/// The program that a command starts.
fn program_of(command: &str) -> Option<PathBuf> {
    let command = command.strip_prefix(WITHOUT_WINDOW).unwrap_or(command);
    let (program, _) = command.strip_prefix('"')?.split_once('"')?;
    Some(program.into())
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::File(PathBuf::from(RUN), io::Error::other(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_of_a_command_is_read_back() {
        let path = r"C:\Program Files\Handover & more\handover.exe";
        let command = command_of(path);
        assert!(command.ends_with(r#"handover.exe" run --at-login"#), "{command}");
        assert_eq!(program_of(&command), Some(path.into()));
        assert_eq!(program_of("\"C:\\x.exe\" y"), Some(r"C:\x.exe".into()));
        assert_eq!(program_of("x.exe"), None);
    }
}
