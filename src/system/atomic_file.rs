//! Replaces a file in one step.
//!
//! Invariant: a reader finds either the old content or the new content, even after a crash or on a full disk.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::os;
pub use super::os::sync_folder;

/// The name prefix of a file that is still being written. A crash may leave such a file behind.
pub const UNFINISHED: &str = ".unfinished-";

/// Replaces a file, or creates it readable by its owner only; durable when it returns. The folder has to exist.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace_durably(path, bytes, None)
}

/// Replaces a file like [`replace`], but keeps a symbolic link and the permissions.
pub fn replace_in_place(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = follow_link(path)?;
    let permissions = fs::metadata(&path).ok().map(|found| found.permissions());
    replace_durably(&path, bytes, permissions)
}

/// Replaces a file like [`replace_in_place`], unless its content is no longer `before`, or `before` is `None` and there is a file
/// now; whether it was replaced.
pub fn replace_unless_changed(path: &Path, before: Option<&[u8]>, bytes: &[u8]) -> io::Result<bool> {
    let path = follow_link(path)?;
    let permissions = fs::metadata(&path).ok().map(|found| found.permissions());
    let file = write_durably(&path, bytes, permissions)?;
    // Writing to the disk takes the longest, so this is checked afterwards.
    let now = match fs::read(&path) {
        Ok(now) => Some(now),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    if now.as_deref() != before {
        return Ok(false);
    }
    if before.is_some() {
        file.persist(&path)?;
    } else if let Err(failed) = file.persist_noclobber(&path) {
        return if failed.error.kind() == ErrorKind::AlreadyExists { Ok(false) } else { Err(failed.error) };
    }
    sync_folder(folder_of(&path))?;
    Ok(true)
}

/// Replaces a file that may be lost or damaged by a crash of the computer, and sets its time of modification.
pub fn replace_without_sync(path: &Path, bytes: &[u8], modified: SystemTime) -> io::Result<()> {
    let file = write_beside(path, bytes)?;
    file.as_file().set_modified(modified)?;
    file.persist(path)?;
    Ok(())
}

/// The file that a path leads to, which need not exist.
pub fn follow_link(path: &Path) -> io::Result<PathBuf> {
    match path.canonicalize() {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(path.to_owned()),
        found => found,
    }
}

/// The folder that a file is in.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn replace_durably(path: &Path, bytes: &[u8], permissions: Option<Permissions>) -> io::Result<()> {
    write_durably(path, bytes, permissions)?.persist(path)?;
    sync_folder(folder_of(path))
}

fn write_durably(
    path: &Path,
    bytes: &[u8],
    permissions: Option<Permissions>,
) -> io::Result<tempfile::NamedTempFile> {
    let file = write_beside(path, bytes)?;
    if let Some(permissions) = permissions {
        file.as_file().set_permissions(permissions)?;
    }
    file.as_file().sync_all()?;
    Ok(file)
}

/// Writes a temporary file that only its owner can open. It is in the same folder, since a rename is atomic only
/// within a file system.
fn write_beside(path: &Path, bytes: &[u8]) -> io::Result<tempfile::NamedTempFile> {
    let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder_of(path))?;
    os::make_file_private(file.as_file())?;
    file.write_all(bytes)?;
    Ok(file)
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::time::Duration;

    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_file_is_created_for_its_owner_and_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        replace(&path, b"old").unwrap();
        assert_eq!((fs::read(&path).unwrap(), mode(&path)), (b"old".to_vec(), 0o600));
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        replace(&path, b"new").unwrap();
        assert_eq!((fs::read(&path).unwrap(), mode(&path)), (b"new".to_vec(), 0o600));
        assert_eq!(folder.path().read_dir().unwrap().count(), 1, "no temporary file is left");
    }

    #[test]
    fn a_link_and_the_permissions_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        symlink(&file, &link).unwrap();
        replace_in_place(&link, b"new").unwrap();
        assert!(link.is_symlink());
        assert_eq!((fs::read(&file).unwrap(), mode(&file)), (b"new".to_vec(), 0o644));
        let other = folder.path().join("other");
        replace_in_place(&other, b"new").unwrap();
        assert_eq!(mode(&other), 0o600);
        assert_eq!(folder.path().read_dir().unwrap().count(), 3, "no temporary file is left");
    }

    #[test]
    fn a_failure_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let is_folder = folder.path().join("folder");
        fs::create_dir(&is_folder).unwrap();
        assert!(replace(&is_folder, b"x").is_err());
        assert!(replace_in_place(&is_folder, b"x").is_err());
        assert!(replace(&folder.path().join("missing/file"), b"x").is_err());
        assert_eq!(folder.path().read_dir().unwrap().count(), 1);
    }

    #[test]
    fn the_time_of_modification_is_set() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let time = SystemTime::UNIX_EPOCH + Duration::from_hours(490_000);
        replace_without_sync(&path, b"x", time).unwrap();
        assert_eq!(path.metadata().unwrap().modified().unwrap(), time);
    }

    #[test]
    fn the_folder_of_a_bare_name_is_the_current_one() {
        assert_eq!(folder_of(Path::new("file")), Path::new("."));
        assert_eq!(folder_of(Path::new("/a/file")), Path::new("/a"));
    }
}
