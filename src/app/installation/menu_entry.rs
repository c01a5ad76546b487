//! Adds this program to the menu of applications, for users who did not install a package.
//!
//! Invariant: an entry that the user wrote is not changed.

use std::path::PathBuf;

use crate::app::Problem;
use crate::desktop::menu_entry::{self, Error};

/// Installs the desktop entry and the icon for this user; returns their paths.
pub fn install() -> Result<[PathBuf; 2], Problem> {
    menu_entry::install().map_err(|error| failed("the desktop files cannot be installed", &error))
}

/// Removes both; returns those that existed.
pub fn remove() -> Result<Vec<PathBuf>, Problem> {
    menu_entry::remove().map_err(|error| failed("the desktop files cannot be removed", &error))
}

fn failed(what: &str, error: &Error) -> Problem {
    let problem = Problem::new(what, error);
    match error {
        Error::Foreign(_) => problem.hint("remove or rename that file yourself if you do not need it"),
        Error::File(..) => problem.hint("check who owns the folder, and the disk it is on"),
        Error::NoFolder => problem.hint("set HOME"),
        Error::Program | Error::NoMenu => problem,
    }
}
