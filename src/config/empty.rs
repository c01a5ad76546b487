//! A settings file that is there and empty: what a full disk leaves of one that was to be saved, or what `touch` makes.
//!
//! Invariant: no emergency is acknowledged because of it that would have waited for a person.

use std::fs;
use std::path::Path;

use super::error::Error;
use super::file::{bytes, parse};
use crate::domain::settings::{Emergency, Settings};

/// Reads the settings for whoever starts and has none from before. An empty file may be what a full disk left of one
/// that said `emergency = "manual"`: until it says something, or is gone, emergencies wait for a person.
pub fn read_first(path: &Path) -> Result<Settings, Error> {
    match bytes(path)? {
        Some(bytes) if bytes.is_empty() => Ok(of_empty_file()),
        Some(bytes) => parse(&bytes).map_err(|mistake| mistake.in_file(path, &bytes)),
        None => Ok(Settings::default()),
    }
}

/// The settings of [`read_first`] for an empty file.
pub fn of_empty_file() -> Settings {
    Settings { emergency: Emergency::Manual, ..Settings::default() }
}

/// The mistake in a file that is there and empty, for whoever follows changes: it is what a full disk leaves of a file
/// that was to be saved, and who wants the defaults can remove it.
pub fn emptied(path: &Path) -> Option<Error> {
    let is_empty = fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() == 0);
    is_empty.then(|| Error {
        path: path.to_owned(),
        line: None,
        why: "it is empty".to_owned(),
        hint: "write your settings again, or remove the file to have the defaults".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_acknowledges_nothing_at_the_start() {
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
            assert_eq!(read_first(&path).unwrap(), Settings { emergency, ..Settings::default() }, "{text:?}");
        }
        fs::write(&path, "emergency").unwrap();
        assert!(read_first(&path).is_err());
    }
}
