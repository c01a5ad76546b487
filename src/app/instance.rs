//! One daemon per user: a lock on a file that the system releases when the process ends, however it ends.
//!
//! Invariant: only the lock counts, not the file or its content.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

/// Held for as long as the daemon runs.
#[derive(Debug)]
pub struct Instance {
    _lock: File,
}

impl Instance {
    /// Takes the lock; `None` when another process holds it. The folder must exist.
    pub fn take(path: &Path) -> io::Result<Option<Self>> {
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
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
