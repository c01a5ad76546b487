//! A marker file that says that the login, or the encryption key, is in the keyring.
//!
//! Invariant: it contains no secret, and is used only while the keyring does not say whether it has the item.
//!
//! Without it, a keyring that is not running could not be distinguished from one that never held a login, and a user
//! who is signed in would be asked to sign in again.

use std::fs;
use std::path::{Path, PathBuf};

use crate::system::{atomic_file, private_folder};

/// The content, for a user who opens the file.
const TEXT: &str = "This secret is stored in the desktop's keyring.\n";

/// The marker beside the file that would contain the login or the key.
#[derive(Clone, Debug)]
pub(super) struct KeyringMarker {
    path: PathBuf,
}

impl KeyringMarker {
    /// The marker of this file.
    pub(super) fn beside(file: &Path) -> Self {
        Self { path: file.with_extension("in-keyring") }
    }

    /// Whether the secret was saved in the keyring.
    pub(super) fn exists(&self) -> bool {
        self.path.exists()
    }

    /// Creates it. A failure only makes a later error message less precise.
    pub(super) fn create(&self) {
        if !self.exists() {
            let folder = atomic_file::folder_of(&self.path);
            drop(
                private_folder::ensure(folder)
                    .and_then(|()| atomic_file::replace(&self.path, TEXT.as_bytes())),
            );
        }
    }

    /// Removes it.
    pub(super) fn remove(&self) {
        drop(fs::remove_file(&self.path));
    }
}
