//! Opens a terminal window in which this program asks the user something.
//!
//! Invariant: what is run is this program with words of its own, never anything a message or the service said,
//! and never through a shell.

use std::env;
use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;

use super::service_manager;

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
    let mut window = Command::new(terminal);
    service_manager::keep_from(&mut window);
    let mut window = window
        .args(before)
        .arg(env::current_exe()?)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    // Somebody has to take note of its end, whenever that is.
    thread::spawn(move || window.wait());
    Ok(())
}

fn terminal() -> Option<(PathBuf, &'static [&'static str])> {
    TERMINALS.iter().find_map(|(name, before)| Some((on_path(name.as_ref())?, *before)))
}

fn on_path(name: &OsStr) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(|file| file.is_file())
}
