//! A file that only its owner can read.
//!
//! Invariant: a file that another user could have read or written is never read.

use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use secrecy::zeroize::Zeroizing;

use crate::desktop::secrets::stored_login::MAX_SIZE;
use crate::ports::{SecretProblem, SecretProblemKind};
use crate::system::{atomic_file, os, private_folder};

const CHECK_FOLDER: &str = "check the folder and the disk it is on";

/// What the file contains, for messages to the user.
#[derive(Clone, Copy, Debug)]
pub(super) struct Content {
    /// Its name in a sentence: "the login".
    pub(super) name: &'static str,
    /// How to create the file again: "sign in again".
    pub(super) remedy: &'static str,
}

/// A file with a secret.
#[derive(Clone, Debug)]
pub(super) struct PrivateFile {
    pub(super) path: PathBuf,
    pub(super) content: Content,
}

impl PrivateFile {
    /// This file, which need not exist yet.
    pub(super) fn new(path: impl Into<PathBuf>, content: Content) -> Self {
        Self { path: path.into(), content }
    }

    /// Its content; `None` if there is no file.
    pub(super) fn read(&self) -> Result<Option<Zeroizing<Vec<u8>>>, SecretProblem> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.problem("read", &error, CHECK_FOLDER)),
        };
        self.check_privacy(&file)?;
        // A vector that grows would leave a copy behind.
        let size = file.metadata().map_or(MAX_SIZE, |file| file.len().min(MAX_SIZE));
        let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(size).unwrap_or_default() + 1));
        let size = (&file).take(MAX_SIZE).read_to_end(&mut bytes);
        size.map_err(|error| self.problem("read", &error, CHECK_FOLDER))?;
        Ok(Some(bytes))
    }

    /// Replaces its content; durable when it returns.
    pub(super) fn write(&self, text: &str) -> Result<(), SecretProblem> {
        self.try_write(text).map_err(|error| self.problem("saved", &error, CHECK_FOLDER))
    }

    /// Removes it; returns whether there was one.
    pub(super) fn remove(&self) -> Result<bool, SecretProblem> {
        let removed = match fs::remove_file(&self.path) {
            Ok(()) => atomic_file::sync_folder(self.folder()).map(|()| true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        };
        removed.map_err(|error| self.problem("removed", &error, CHECK_FOLDER))
    }

    /// The problem for the user.
    pub(super) fn problem(&self, verb: &str, cause: &dyn Display, hint: &str) -> SecretProblem {
        SecretProblem {
            kind: SecretProblemKind::Failed,
            message: format!("{} cannot be {verb}: {}: {cause}", self.content.name, self.path.display()),
            hint: hint.to_owned(),
        }
    }

    /// The folder it is in.
    pub(super) fn folder(&self) -> &Path {
        atomic_file::folder_of(&self.path)
    }

    fn check_privacy(&self, file: &File) -> Result<(), SecretProblem> {
        let remedy = self.content.remedy;
        let found = file.metadata().map_err(|error| self.problem("read", &error, CHECK_FOLDER))?;
        if !os::is_own(&found) {
            let hint = format!("move it away and {remedy}");
            return Err(self.problem("read", &"it belongs to another user", &hint));
        }
        if os::is_open_to_others(&found) {
            let hint = format!("run `chmod 600 {}`, or {remedy}", shell_word(&self.path));
            return Err(self.problem("read", &"other users can read or write it", &hint));
        }
        Ok(())
    }

    fn try_write(&self, text: &str) -> io::Result<()> {
        private_folder::ensure(self.folder())?;
        atomic_file::replace(&self.path, text.as_bytes())
    }
}

/// The path, quoted for a shell if necessary.
fn shell_word(path: &Path) -> String {
    let word = path.display().to_string();
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-".contains(letter);
    if word.chars().all(is_plain) { word } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_quoted_for_a_shell() {
        assert_eq!(shell_word(Path::new("/home/a.b/c-d_e")), "/home/a.b/c-d_e");
        assert_eq!(shell_word(Path::new("/home/a b/it's")), r"'/home/a b/it'\''s'");
    }
}
