//! Starts the program with the window, an optional package.
//!
//! Invariant: it runs as a separate process, so its size and its crashes do not affect this one.

use std::env;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::process::Command;

use crate::domain::notification::ActivationToken;
use crate::system::programs;

const NAME: &str = "handover-window";

/// Whether it is installed, beside this program or on `PATH`.
pub fn is_installed() -> bool {
    installed().is_some()
}

/// Starts it. With the token of the user's click it may come to the front.
pub fn open(token: Option<&ActivationToken>) -> io::Result<()> {
    let Some(window) = installed() else {
        return Err(io::Error::new(ErrorKind::NotFound, "it is not installed"));
    };
    programs::start_detached(&mut Command::new(window), token).map(drop)
}

fn installed() -> Option<PathBuf> {
    let beside = env::current_exe().ok().map(|program| program.with_file_name(NAME));
    beside.filter(|file| file.is_file()).or_else(|| programs::find(NAME))
}
