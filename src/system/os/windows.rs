//! Files and processes on Windows.
//!
//! Invariant: a file or folder has the access list of the folder that it is made in. All of this program's are in the user's
//! profile, which only the user, the administrators and the system can enter.

use std::borrow::Cow;
use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Write as _};
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Command};

/// `FILE_FLAG_OPEN_REPARSE_POINT`: opens a link itself.
const OPEN_REPARSE_POINT: u32 = 0x0020_0000;
/// `CREATE_NO_WINDOW | CREATE_NEW_PROCESS_GROUP`: neither a window nor the keys of this console.
const DETACHED: u32 = 0x0800_0000 | 0x0000_0200;

/// They are in the user's profile.
pub fn for_private_folders(_builder: &mut DirBuilder) {}

/// They are in the user's profile.
pub fn for_private_files(_options: &mut OpenOptions) {}

/// Follows no link at the end of the path.
pub fn without_following_links(options: &mut OpenOptions) {
    options.custom_flags(OPEN_REPARSE_POINT);
}

/// It is in the user's profile.
pub fn make_folder_private(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// It is in the user's profile.
pub fn make_file_private(_file: &File) -> io::Result<()> {
    Ok(())
}

/// Nothing else is expected in the user's profile.
pub fn is_own(_found: &Metadata) -> bool {
    true
}

/// Nobody else enters the user's profile.
pub fn is_open_to_others(_found: &Metadata) -> bool {
    false
}

/// A folder cannot be opened as a file here. NTFS keeps such changes in order in its journal.
pub fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// The bytes that the user may still write in a folder.
pub fn free_bytes(folder: &Path) -> io::Result<u64> {
    fs4::available_space(folder)
}

/// The profile has no folder that is deleted after the session.
pub fn session_folder() -> Option<PathBuf> {
    None
}

/// The name of the file of a program.
pub fn program_file(name: &Path) -> Cow<'_, Path> {
    if name.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("exe")) {
        return name.into();
    }
    let mut file = name.as_os_str().to_owned();
    file.push(".exe");
    PathBuf::from(file).into()
}

/// The path of the socket is that of an ordinary file here.
pub const MAX_SOCKET_PATH: usize = usize::MAX;

/// Starts a program without the console of this one.
pub fn detach(command: &mut Command) {
    command.creation_flags(DETACHED);
}

/// Writes to standard error.
pub fn write_to_stderr(bytes: &[u8]) {
    // There is nowhere to report it.
    drop(io::stderr().write_all(bytes));
}

/// Starts a program and ends this process; returns only if that fails. The new process waits for the lock that this one
/// holds until it ends.
pub fn replace_process(command: &mut Command) -> io::Error {
    match command.spawn() {
        Ok(_) => process::exit(0),
        Err(error) => error,
    }
}

/// Whether [`replace_process`] keeps the id of the process.
pub const KEEPS_PROCESS_ID: bool = false;
