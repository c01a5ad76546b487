//! Starting at login: how it stands in words, and switching it on or off.
//!
//! Invariant: every surface says the same of it, and changes it in the same way.

use super::Problem;
use crate::desktop::autostart::{self, Error};

pub use crate::desktop::autostart::{Autostart, enabled_unit};

const UNCHANGED: &str = "starting at login cannot be changed";

/// How it stands.
pub fn status() -> Result<Autostart, Problem> {
    autostart::status().map_err(|error| Problem::new("starting at login cannot be looked up", error))
}

/// Starts this program at login from now on.
pub fn switch_on() -> Result<(), Problem> {
    autostart::switch_on().map_err(|error| unchanged(&error))
}

/// Does so no more.
pub fn switch_off() -> Result<(), Problem> {
    autostart::switch_off().map_err(|error| match error {
        Error::Unit(ref unit) => {
            // Who switches off for every user is not this user; to mask a unit is for one.
            let is_everybodys = ["/etc", "/run", "/usr"].iter().any(|folder| unit.starts_with(folder));
            let word = if is_everybodys { "mask" } else { "disable" };
            Problem::new("it still starts at login", &error)
                .hint(format!("switch it off with `systemctl --user {word} handover.service`"))
        }
        Error::NoFolder
        | Error::OwnPath(_)
        | Error::Unwritable(_)
        | Error::Foreign(_)
        | Error::File(_, _) => unchanged(&error),
    })
}

fn unchanged(error: &Error) -> Problem {
    let problem = Problem::new(UNCHANGED, error);
    match error {
        Error::Foreign(_) => problem.hint("remove that file, or change it in the settings of the desktop"),
        Error::File(_, _) => problem.hint("check who owns that file and its folder, and that there is room"),
        Error::Unwritable(_) => problem.hint("move the program to a path of plain letters"),
        Error::NoFolder | Error::OwnPath(_) | Error::Unit(_) => problem,
    }
}

/// How it stands, in a sentence that goes on after `on` or `off`.
pub fn sentence(autostart: &Autostart) -> String {
    match autostart {
        Autostart::On => "Handover starts at login".to_owned(),
        Autostart::ByUnit(unit) => {
            format!("Handover starts at login, by the systemd unit {}", unit.display())
        }
        Autostart::Other(program) => {
            format!("another copy of it starts at login: {}", program.display())
        }
        Autostart::Missing(program) => {
            format!("the program that is to start at login is gone: {}", program.display())
        }
        Autostart::Disabled => {
            "Handover does not start at login: the settings of the desktop say so".to_owned()
        }
        Autostart::Off => "Handover does not start at login".to_owned(),
    }
}

/// What there is to do about it, if it is not as the user may think.
pub fn hint(autostart: &Autostart) -> Option<&'static str> {
    match autostart {
        Autostart::Other(_) | Autostart::Missing(_) => {
            Some("`handover autostart on` lets this program start instead")
        }
        Autostart::On | Autostart::ByUnit(_) | Autostart::Disabled | Autostart::Off => None,
    }
}
