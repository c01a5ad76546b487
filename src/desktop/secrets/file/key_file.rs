//! The file with a secret beside the login, such as the end-to-end encryption key, where it is not in the keyring.
//!
//! Invariant: the file is in the folder of the login's file, and equally private.

use std::path::{Path, PathBuf};

use super::private_file::{Content, PrivateFile};
use crate::domain::account::Secret;
use crate::domain::sending::SecretName;
use crate::ports::SecretProblem;

/// The file with the secret.
#[derive(Debug)]
pub(in crate::desktop::secrets) struct KeyFile(PrivateFile);

impl KeyFile {
    /// The one with this name beside the file of the login.
    pub(in crate::desktop::secrets) fn beside(login: &Path, name: &SecretName) -> Self {
        let content = Content { name: name.what(), remedy: name.remedy() };
        Self(PrivateFile::new(login.with_file_name(name.file_name()), content))
    }

    /// The secret in it; `None` when there is no file.
    pub(in crate::desktop::secrets) fn read(&self) -> Result<Option<Secret>, SecretProblem> {
        let Some(bytes) = self.0.read()? else { return Ok(None) };
        let text = str::from_utf8(&bytes);
        text.map(|text| Some(Secret::new(text)))
            .map_err(|_not_text| self.0.problem("read", &"it is damaged", self.0.content.remedy))
    }

    /// Replaces the secret; durable when it returns.
    pub(in crate::desktop::secrets) fn write(&self, key: &Secret) -> Result<(), SecretProblem> {
        self.0.write(key.expose())
    }

    /// Removes it; returns whether there was one.
    pub(in crate::desktop::secrets) fn remove(&self) -> Result<bool, SecretProblem> {
        self.0.remove()
    }

    /// Whether there is one, readable or not.
    pub(in crate::desktop::secrets) fn exists(&self) -> bool {
        self.0.path.exists()
    }

    /// Its path.
    pub(in crate::desktop::secrets) fn path(&self) -> &Path {
        &self.0.path
    }

    /// Its path, to return.
    pub(in crate::desktop::secrets) fn into_path(self) -> PathBuf {
        self.0.path
    }
}
