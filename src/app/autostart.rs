//! Switches autostart on or off, and describes its status.
//!
//! Invariant: every front end uses the same words and makes the same change.

use super::Problem;
use crate::desktop::autostart::{self, Error};

pub use crate::desktop::autostart::{Autostart, enabled_unit};

const UNCHANGED: &str = "autostart cannot be changed";

/// Whether Handover starts at login.
pub fn status() -> Result<Autostart, Problem> {
    autostart::status().map_err(|error| Problem::new("autostart cannot be checked", error))
}

/// Makes this program start at login.
pub fn switch_on() -> Result<(), Problem> {
    autostart::switch_on().map_err(|error| unchanged(&error))
}

/// Makes this program no longer start at login.
pub fn switch_off() -> Result<(), Problem> {
    autostart::switch_off().map_err(|error| match error {
        Error::Unit(ref unit) => {
            // A unit for all users cannot be disabled by one of them, only masked.
            let is_for_all_users = ["/etc", "/run", "/usr"].iter().any(|folder| unit.starts_with(folder));
            let word = if is_for_all_users { "mask" } else { "disable" };
            Problem::new("Handover still starts at login", &error)
                .hint(format!("switch it off with `systemctl --user {word} handover.service`"))
        }
        Error::NoFolder
        | Error::OwnPath(_)
        | Error::Unwritable(_)
        | Error::Foreign(_)
        | Error::Portal(_)
        | Error::File(_, _) => unchanged(&error),
    })
}

fn unchanged(error: &Error) -> Problem {
    let problem = Problem::new(UNCHANGED, error);
    match error {
        Error::Foreign(_) => problem.hint("remove that file, or change it in your desktop's settings"),
        Error::File(_, _) => {
            problem.hint("check who owns that file and its folder, and that the disk is not full")
        }
        Error::Portal(_) => {
            problem.hint("allow Handover to run in the background in your desktop's settings, then try again")
        }
        Error::Unwritable(_) => problem.hint("move the program to a path without special characters"),
        Error::NoFolder | Error::OwnPath(_) | Error::Unit(_) => problem,
    }
}

/// The status as a sentence that continues after `on: ` or `off: `.
pub fn sentence(autostart: &Autostart) -> String {
    match autostart {
        Autostart::On => "Handover starts at login".to_owned(),
        Autostart::ByUnit(unit) => {
            format!("Handover starts at login, by the systemd unit {}", unit.display())
        }
        Autostart::Other(program) => {
            format!("another copy of Handover starts at login: {}", program.display())
        }
        Autostart::Missing(program) => {
            format!("the program set to start at login no longer exists: {}", program.display())
        }
        Autostart::Disabled => {
            "Handover does not start at login, because your desktop's settings disable it".to_owned()
        }
        Autostart::Off => "Handover does not start at login".to_owned(),
    }
}

/// A hint, if the status may surprise the user.
pub fn hint(autostart: &Autostart) -> Option<&'static str> {
    match autostart {
        Autostart::Other(_) | Autostart::Missing(_) => {
            Some("run `handover autostart on` to start this program instead")
        }
        Autostart::On | Autostart::ByUnit(_) | Autostart::Disabled | Autostart::Off => None,
    }
}
