//! An empty settings file, which a full disk may leave behind when the file was saved.
//!
//! Invariant: an empty file never causes an emergency to be acknowledged automatically.

use std::fs;
use std::path::Path;

use super::error::Error;
use super::file::{bytes, parse};
use crate::domain::settings::{Emergency, Settings};

/// Reads the settings at the start, when there are no previous ones to keep. A full disk may have emptied a file that said
/// `emergency = "manual"`: until the file says something or is removed, emergencies wait for a person.
pub fn read_first(path: &Path) -> Result<Settings, Error> {
    match bytes(path)? {
        Some(bytes) if bytes.is_empty() => Ok(of_empty_file()),
        Some(bytes) => parse(&bytes).map_err(|mistake| mistake.in_file(path, &bytes)),
        None => Ok(Settings::default()),
    }
}

/// Reads the settings again after a change; `None` if the file is empty. This is decided by the bytes that were read, because the
/// file may have been written again since: programs that save in place empty it first.
pub fn read_again(path: &Path) -> Result<Option<Settings>, Error> {
    match bytes(path)? {
        Some(bytes) if bytes.is_empty() => Ok(None),
        Some(bytes) => parse(&bytes).map(Some).map_err(|mistake| mistake.in_file(path, &bytes)),
        None => Ok(Some(Settings::default())),
    }
}

/// The settings of [`read_first`] for an empty file.
pub fn of_empty_file() -> Settings {
    Settings { emergency: Emergency::Manual, ..Settings::default() }
}

/// The error for an empty file, if it is one now.
pub fn emptied(path: &Path) -> Option<Error> {
    let is_empty = fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() == 0);
    is_empty.then(|| empty(path))
}

/// The error for an empty file, for a program that follows changes. A user who wants the defaults can remove the file.
pub fn empty(path: &Path) -> Error {
    Error {
        path: path.to_owned(),
        line: None,
        column: None,
        why: "it is empty".to_owned(),
        hint: "write your settings again, or remove the file to use the defaults".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_an_empty_file_emergencies_wait_for_a_person() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        assert_eq!(read_first(&path).unwrap(), Settings::default());
        for (text, emergency) in [
            ("", Emergency::Manual),
            ("\n", Emergency::Auto),
            ("# the defaults", Emergency::Auto),
            ("emergency = 'never'", Emergency::Never),
        ] {
            fs::write(&path, text).unwrap();
            let expected = Settings { emergency, ..Settings::default() };
            assert_eq!(read_first(&path).unwrap(), expected, "{text:?}");
            assert_eq!(read_again(&path).unwrap(), (!text.is_empty()).then_some(expected), "{text:?}");
        }
        fs::write(&path, "emergency").unwrap();
        assert!(read_first(&path).is_err());
    }
}
