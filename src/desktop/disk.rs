//! Whether files can be written in a folder, and how much room there is.
//!
//! Invariant: it leaves nothing behind.

use std::io::{self, Write};
use std::path::Path;

/// Writes a temporary file in a folder, or in the one where that would be created; returns the free bytes there.
pub fn free_bytes_if_writable(folder: &Path) -> io::Result<u64> {
    let folder = existing(folder);
    let mut file = tempfile::tempfile_in(folder)?;
    // A full disk still accepts an empty file.
    file.write_all(&[0; 4096])?;
    file.sync_all()?;
    free_bytes(folder)
}

/// The folder, or the closest one above it that exists. It may be a file, which the attempt to write then reports.
fn existing(folder: &Path) -> &Path {
    folder.ancestors().find(|above| above.symlink_metadata().is_ok()).unwrap_or(folder)
}

/// The bytes that this user may still write.
#[cfg(unix)]
fn free_bytes(folder: &Path) -> io::Result<u64> {
    let found = rustix::fs::statvfs(folder)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

/// Unknown, so there is no reason to warn.
#[cfg(not(unix))]
fn free_bytes(_folder: &Path) -> io::Result<u64> {
    Ok(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_left_as_it_was() {
        let base = tempfile::tempdir().unwrap();
        for folder in ["", "not/made/yet"] {
            assert!(free_bytes_if_writable(&base.path().join(folder)).unwrap() > 0, "{folder:?}");
            assert_eq!(base.path().read_dir().unwrap().count(), 0, "{folder:?}");
        }
    }

    #[test]
    fn a_file_in_place_of_a_folder_is_an_error() {
        let base = tempfile::tempdir().unwrap();
        let file = base.path().join("file");
        std::fs::write(&file, "").unwrap();
        for folder in [file.clone(), file.join("below")] {
            let error = free_bytes_if_writable(&folder).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::NotADirectory, "{folder:?}");
        }
    }
}
