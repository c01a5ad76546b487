//! Files and processes on Unix.
//!
//! Invariant: what is made private here has its mode whatever the umask.

use std::borrow::Cow;
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::OFlags;
use rustix::process::geteuid;

/// Creates folders that only the user can enter.
pub fn for_private_folders(builder: &mut DirBuilder) {
    builder.mode(0o700);
}

/// Creates files that only the user can open.
pub fn for_private_files(options: &mut OpenOptions) {
    options.mode(0o600);
}

/// Follows no link at the end of the path.
pub fn without_following_links(options: &mut OpenOptions) {
    options.custom_flags(i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or_default());
}

/// Lets only the user enter a folder. A umask can only remove permissions, and it may remove the owner's.
pub fn make_folder_private(path: &Path) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(0o700))
}

/// Lets only the user open a file.
pub fn make_file_private(file: &File) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(0o600))
}

/// Whether a file or folder belongs to the user.
pub fn is_own(found: &Metadata) -> bool {
    found.uid() == geteuid().as_raw()
}

/// Whether other users can read, write or enter a file or folder.
pub fn is_open_to_others(found: &Metadata) -> bool {
    found.mode() & 0o077 != 0
}

/// Makes the creation, removal or renaming of a file in a folder durable.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// The bytes that the user may still write in a folder.
pub fn free_bytes(folder: &Path) -> io::Result<u64> {
    let found = rustix::fs::statvfs(folder)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

/// The runtime folder of this user's session, for a shell without the variable that names it (cron, su, ssh): a command has
/// to find the daemon of the desktop, and no second daemon may start.
pub fn session_folder() -> Option<PathBuf> {
    let user = geteuid().as_raw();
    let folder = PathBuf::from(format!("/run/user/{user}"));
    let is_ours = folder.metadata().is_ok_and(|found| found.is_dir() && found.uid() == user);
    is_ours.then_some(folder)
}

/// The name of the file of a program.
pub fn program_file(name: &Path) -> Cow<'_, Path> {
    name.into()
}

/// The longest path that a socket can have, in bytes; `sun_path` also holds a zero.
pub const MAX_SOCKET_PATH: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// Starts a program in a process group of its own, so that a signal of the terminal does not reach it.
pub fn detach(command: &mut Command) {
    command.process_group(0);
}

/// Writes to standard error without its lock, which a thread that panicked may hold.
pub fn write_to_stderr(bytes: &[u8]) {
    // There is nowhere to report it.
    let _ = rustix::io::write(io::stderr(), bytes);
}

/// Replaces this process by a run of a program; returns only if that fails. Besides, this unblocks every signal; handlers
/// end with the old program.
pub fn replace_process(command: &mut Command) -> io::Error {
    if let Some(called) = std::env::args_os().next() {
        command.arg0(called);
    }
    command.exec()
}

/// Whether [`replace_process`] keeps the id of the process.
pub const KEEPS_PROCESS_ID: bool = true;
