//! Finds other programs and starts them on their own.
//!
//! Invariant: what is started shares no input or output with this program, and when it ends somebody takes note,
//! so that no zombie is left.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;

/// All that waiting for the end of a process takes.
const STACK: usize = 64 * 1024;

/// The file of a program that the user could start by its name.
pub(super) fn on_path(name: &OsStr) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Starts a program, which may outlive this one.
pub(super) fn start(command: &mut Command) -> io::Result<()> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    thread::Builder::new().name("waits".to_owned()).stack_size(STACK).spawn(move || child.wait())?;
    Ok(())
}
