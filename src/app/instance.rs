//! Ensures one daemon per user, with a file lock that the system releases when the process ends, however it ends.
//!
//! Invariant: only the lock counts, not the file or its content.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use crate::system::{atomic_file, private_folder};

/// Held for as long as the daemon runs.
#[derive(Debug)]
pub struct Instance {
    _lock: File,
}

impl Instance {
    /// Takes the lock; `None` if another process holds it. The folder must exist.
    pub fn take(path: &Path) -> io::Result<Option<Self>> {
        private_folder::check(atomic_file::folder_of(path))?;
        let file = private_folder::open_file(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _lock: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_lock_file_is_private_and_no_link_is_followed() {
        use std::os::unix::fs::{PermissionsExt, symlink};

        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("lock"), folder.path().join("link"));
        std::fs::write(&path, "").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
        assert!(Instance::take(&path).unwrap().is_some());
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        symlink(folder.path(), &link).unwrap();
        assert!(Instance::take(&link.join("lock")).is_err());
        symlink(&path, folder.path().join("other")).unwrap();
        assert!(Instance::take(&folder.path().join("other")).is_err());
    }

    #[test]
    fn only_one_process_holds_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = Instance::take(&path).unwrap();
        assert!(first.is_some());
        assert!(Instance::take(&path).unwrap().is_none());
        drop(first);
        assert!(Instance::take(&path).unwrap().is_some());
    }
}
