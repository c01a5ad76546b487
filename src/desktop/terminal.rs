//! Opens a terminal window in which this program asks the user something.
//!
//! Invariant: what is run is this program with words of its own, never anything a message or the service said,
//! and never through a shell.

use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::process::Command;

use super::autostart::itself;
use super::program;

/// Programs that open a terminal, and what they want before the command: the desktop's own choice, then Debian's.
const TERMINALS: [(&str, &[&str]); 2] = [("xdg-terminal-exec", &[]), ("x-terminal-emulator", &["-e"])];

/// Whether there is a terminal to open.
pub fn is_there() -> bool {
    terminal().is_some()
}

/// Runs this program with these arguments in a terminal window of its own; it may outlive this process.
pub fn open(arguments: &[&str]) -> io::Result<()> {
    let Some((terminal, before)) = terminal() else {
        return Err(io::Error::new(ErrorKind::NotFound, "no terminal is installed"));
    };
    let itself = itself::path().map_err(io::Error::other)?;
    program::start(Command::new(terminal).args(before).arg(itself).args(arguments)).map(drop)
}

fn terminal() -> Option<(PathBuf, &'static [&'static str])> {
    TERMINALS.iter().find_map(|(name, before)| Some((program::on_path(name.as_ref())?, *before)))
}
