//! What a folder is good for: whether files can be written there, and how much room there is.
//!
//! Invariant: nothing is left behind.

use std::io::{self, Write};
use std::path::Path;

/// Writes a page below a folder, or where it would be made, and takes it away again; the bytes that are free there.
pub fn try_writing(folder: &Path) -> io::Result<u64> {
    let folder = there(folder);
    let mut file = tempfile::tempfile_in(folder)?;
    // A full disk takes an empty file.
    file.write_all(&[0; 4096])?;
    file.sync_all()?;
    free(folder)
}

/// The folder, or the one above it that is there. What is there and no folder is found out by writing.
fn there(folder: &Path) -> &Path {
    folder.ancestors().find(|above| above.symlink_metadata().is_ok()).unwrap_or(folder)
}

/// The bytes that this user may still write.
#[cfg(unix)]
fn free(folder: &Path) -> io::Result<u64> {
    let found = rustix::fs::statvfs(folder)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

/// Nobody knows; no less than anybody wants.
#[cfg(not(unix))]
fn free(_folder: &Path) -> io::Result<u64> {
    Ok(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_written_to_and_left_as_it_was() {
        let base = tempfile::tempdir().unwrap();
        for folder in ["", "not/made/yet"] {
            assert!(try_writing(&base.path().join(folder)).unwrap() > 0, "{folder:?}");
            assert_eq!(base.path().read_dir().unwrap().count(), 0, "{folder:?}");
        }
    }

    #[test]
    fn what_is_no_folder_cannot_be_written() {
        let base = tempfile::tempdir().unwrap();
        let file = base.path().join("file");
        std::fs::write(&file, "").unwrap();
        for folder in [file.clone(), file.join("below")] {
            assert_eq!(try_writing(&folder).unwrap_err().kind(), io::ErrorKind::NotADirectory, "{folder:?}");
        }
    }
}
