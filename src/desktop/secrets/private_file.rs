//! A file that only its owner can read.
//!
//! Invariant: the file is whole at every moment, what it held before or what it is to hold; it is never read when
//! somebody else could have read or written it.

use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use super::kept;
use crate::desktop::paths::private_folder;
use crate::ports::{SecretProblem, SecretProblemKind};

const CHECK_FOLDER: &str = "see to the folder and the disk it is on";

/// What is in the file, for whoever has to do something about it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Content {
    /// What it is called: "the login".
    pub(super) name: &'static str,
    /// How to make the file anew: "sign in again".
    pub(super) remedy: &'static str,
}

/// One file.
#[derive(Clone, Debug)]
pub(super) struct PrivateFile {
    pub(super) path: PathBuf,
    content: Content,
}

impl PrivateFile {
    /// This file, which need not exist yet.
    pub(super) fn new(path: impl Into<PathBuf>, content: Content) -> Self {
        Self { path: path.into(), content }
    }

    /// What it holds; `None` when there is none.
    pub(super) fn read(&self) -> Result<Option<Vec<u8>>, SecretProblem> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.problem("read", &error, CHECK_FOLDER)),
        };
        self.check_privacy(&file)?;
        let mut bytes = Vec::new();
        let size = (&file).take(kept::MAX_SIZE).read_to_end(&mut bytes);
        size.map_err(|error| self.problem("read", &error, CHECK_FOLDER))?;
        Ok(Some(bytes))
    }

    /// Has it hold this; durable when it returns.
    pub(super) fn write(&self, text: &str) -> Result<(), SecretProblem> {
        self.try_write(text).map_err(|error| self.problem("saved", &error, CHECK_FOLDER))
    }

    /// Removes it; whether there was one.
    pub(super) fn remove(&self) -> Result<bool, SecretProblem> {
        let removed = match fs::remove_file(&self.path) {
            Ok(()) => File::open(self.folder()).and_then(|folder| folder.sync_all()).map(|()| true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        };
        removed.map_err(|error| self.problem("removed", &error, CHECK_FOLDER))
    }

    /// What to tell the user.
    pub(super) fn problem(&self, verb: &str, cause: &dyn Display, hint: &str) -> SecretProblem {
        SecretProblem {
            kind: SecretProblemKind::Failed,
            message: format!("{} cannot be {verb}: {}: {cause}", self.content.name, self.path.display()),
            hint: hint.to_owned(),
        }
    }

    /// The folder it is in.
    pub(super) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    #[cfg(unix)]
    fn check_privacy(&self, file: &File) -> Result<(), SecretProblem> {
        use std::os::unix::fs::MetadataExt;

        let remedy = self.content.remedy;
        let found = file.metadata().map_err(|error| self.problem("read", &error, CHECK_FOLDER))?;
        if found.uid() != rustix::process::geteuid().as_raw() {
            let hint = format!("move it away and {remedy}");
            return Err(self.problem("read", &"it belongs to another user", &hint));
        }
        if found.mode() & 0o077 != 0 {
            let hint = format!("run `chmod 600 {}`, or {remedy}", shell_word(&self.path));
            return Err(self.problem("read", &"others can read or write it", &hint));
        }
        Ok(())
    }

    #[cfg(not(unix))]
    fn check_privacy(&self, _file: &File) -> Result<(), SecretProblem> {
        Ok(())
    }

    fn try_write(&self, text: &str) -> io::Result<()> {
        let folder = self.folder();
        private_folder(folder)?;
        // Made 0600 from the start, in the same folder, so that the rename is one step.
        let mut file = tempfile::Builder::new().prefix(".credentials-").tempfile_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(&self.path)?;
        // The rename is durable only when the folder is.
        File::open(folder)?.sync_all()
    }
}

/// The path as one word of a shell command.
fn shell_word(path: &Path) -> String {
    let word = path.display().to_string();
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-".contains(letter);
    if word.chars().all(is_plain) { word } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_of_the_hint() {
        assert_eq!(shell_word(Path::new("/home/a.b/c-d_e")), "/home/a.b/c-d_e");
        assert_eq!(shell_word(Path::new("/home/a b/it's")), r"'/home/a b/it'\''s'");
    }
}
