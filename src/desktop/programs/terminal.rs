//! Runs this program in a terminal window, to ask the user something.
//!
//! Invariant: the command is this program with fixed arguments, never text from a message or the service, and never
//! goes through a shell.

use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::process::Command;

use crate::domain::notification::ActivationToken;
use crate::system::{own_path, programs};

/// Programs that open a terminal, and their arguments before the command: the desktop's own choice, then Debian's.
#[cfg(not(windows))]
const TERMINALS: [(&str, &[&str]); 2] = [("xdg-terminal-exec", &[]), ("x-terminal-emulator", &["-e"])];

/// The console host opens a window for the command that it is given.
#[cfg(windows)]
const TERMINALS: [(&str, &[&str]); 1] = [("conhost", &[])];

/// Whether a terminal is installed.
pub fn is_installed() -> bool {
    installed().is_some()
}

/// Runs this program with these arguments in a new terminal window, which may outlive this process. With the token of
/// the user's click it may come to the front.
pub fn open(arguments: &[&str], token: Option<&ActivationToken>) -> io::Result<()> {
    let Some((terminal, options)) = installed() else {
        return Err(io::Error::new(ErrorKind::NotFound, "no terminal is installed"));
    };
    let this_program = own_path::find()?;
    let mut command = Command::new(terminal);
    programs::start_detached(command.args(options).arg(this_program).args(arguments), token).map(drop)
}

fn installed() -> Option<(PathBuf, &'static [&'static str])> {
    TERMINALS.iter().find_map(|(name, options)| Some((programs::find(name)?, *options)))
}
