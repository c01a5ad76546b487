//! Replaces the settings file by a changed text.
//!
//! Invariant: what another program saves in the meantime is not lost. A file that was saved since it was read is read again, and an
//! empty one is not changed, because its settings may be about to be written.

use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::config::empty::empty;
use crate::config::error::{Error, Mistake};
use crate::config::file::{bytes, parse};
use crate::system::{atomic_file, private_folder};

/// How often an empty file is read again: programs that save in place empty it first.
const RETRIES: u32 = 50;
const RETRY: Duration = Duration::from_millis(20);

/// How often a change is made again because another program saved the file.
const ATTEMPTS: u32 = 5;

/// Replaces the text by the one that `changed` makes of it; a missing file is created for its owner only.
///
/// Blocks for up to a second while the file is empty. Usually it is complete after a few milliseconds, and a change of a file
/// cannot be awaited on every system.
pub(super) fn rewrite(path: &Path, changed: impl Fn(&[u8]) -> Result<String, Mistake>) -> Result<(), Error> {
    rewrite_waiting(path, changed, || thread::sleep(RETRY))
}

fn rewrite_waiting(
    path: &Path,
    changed: impl Fn(&[u8]) -> Result<String, Mistake>,
    wait: impl Fn(),
) -> Result<(), Error> {
    for _ in 0..ATTEMPTS {
        let before = complete(path, &wait)?;
        let text = before.as_deref().unwrap_or_default();
        let after = changed(text).map_err(|mistake| mistake.in_file(path, text))?;
        if after.as_bytes() == text {
            return Ok(());
        }
        parse(after.as_bytes()).map_err(|mistake| mistake.in_file(path, after.as_bytes()))?;
        let replaced = private_folder::create(atomic_file::folder_of(path))
            .and_then(|()| atomic_file::replace_unless_changed(path, before.as_deref(), after.as_bytes()));
        if replaced.map_err(|error| Error::unwritable(path, &error))? {
            return Ok(());
        }
    }
    Err(Error::busy(path))
}

/// What is in the file; `None` when there is none.
fn complete(path: &Path, wait: impl Fn()) -> Result<Option<Vec<u8>>, Error> {
    for _ in 0..RETRIES {
        match bytes(path)? {
            Some(bytes) if bytes.is_empty() => wait(),
            found => return Ok(found),
        }
    }
    Err(empty(path))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::fs;

    use super::*;

    #[expect(clippy::unnecessary_wraps, reason = "a change may fail")]
    fn with_sound(text: &[u8]) -> Result<String, Mistake> {
        Ok(format!("{}sound = false\n", String::from_utf8_lossy(text)))
    }

    #[test]
    fn a_file_that_is_being_saved_keeps_its_settings() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(&path, "").unwrap();
        let waits = Cell::new(0);
        let wait = || {
            waits.set(waits.get() + 1);
            if waits.get() == 3 {
                fs::write(&path, "keep = 7\n").unwrap();
            }
        };
        rewrite_waiting(&path, with_sound, wait).unwrap();
        assert_eq!(waits.get(), 3);
        assert_eq!(fs::read_to_string(&path).unwrap(), "keep = 7\nsound = false\n");
    }

    #[test]
    fn what_is_saved_between_reading_and_writing_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        for before in [None, Some("keep = 7\n")] {
            drop(fs::remove_file(&path));
            if let Some(before) = before {
                fs::write(&path, before).unwrap();
            }
            let is_first = Cell::new(true);
            let changed = |text: &[u8]| {
                if is_first.replace(false) {
                    fs::write(&path, "keep = 8\n").unwrap();
                }
                with_sound(text)
            };
            rewrite(&path, changed).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), "keep = 8\nsound = false\n");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "a temporary file was left");
    }

    #[test]
    fn an_empty_file_is_not_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(&path, "").unwrap();
        let error = rewrite_waiting(&path, with_sound, || ()).unwrap_err();
        assert!(error.to_string().ends_with("config.toml: it is empty"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"");
    }

    #[test]
    fn a_file_that_is_saved_all_the_time_is_left_to_the_other_program() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        let saves = Cell::new(0);
        let changed = |text: &[u8]| {
            saves.set(saves.get() + 1);
            fs::write(&path, format!("keep = {}\n", saves.get())).unwrap();
            with_sound(text)
        };
        let error = rewrite(&path, changed).unwrap_err();
        assert!(error.to_string().ends_with("another program keeps changing it"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("keep = {ATTEMPTS}\n"));
    }
}
