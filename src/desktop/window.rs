//! The program with the window, which need not be installed.
//!
//! Invariant: it is a process of its own, so its size and its faults are no concern of this one.

use std::env;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::process::Command;

use super::program;

const NAME: &str = "handover-window";

/// Whether it is installed, beside this program or on the path.
pub fn is_installed() -> bool {
    installed().is_some()
}

/// Starts it.
pub fn open() -> io::Result<()> {
    let Some(window) = installed() else {
        return Err(io::Error::new(ErrorKind::NotFound, "it is not installed"));
    };
    program::start(&mut Command::new(window)).map(drop)
}

fn installed() -> Option<PathBuf> {
    let beside = env::current_exe().ok().map(|program| program.with_file_name(NAME));
    beside.filter(|file| file.is_file()).or_else(|| program::on_path(NAME.as_ref()))
}
