//! Remembers that the login, or the encryption key, went into the keyring.
//!
//! Invariant: it holds no secret, and what a keyring says counts for more.
//!
//! Without it a keyring that does not run could not be told from one that never held a login, and somebody
//! who is signed in would be asked to sign in again.

use std::fs;
use std::path::{Path, PathBuf};

use crate::desktop::paths::private_folder;

/// What it says to whoever opens it.
const TEXT: &str = "What would be in a file here is in the desktop's keyring.\n";

/// An empty-handed file beside the one that could hold the login or the key.
#[derive(Clone, Debug)]
pub(super) struct Signpost {
    path: PathBuf,
}

impl Signpost {
    /// The one beside this file.
    pub(super) fn beside(file: &Path) -> Self {
        Self { path: file.with_extension("in-keyring") }
    }

    /// Whether it went into the keyring.
    pub(super) fn stands(&self) -> bool {
        self.path.exists()
    }

    /// Puts it up. Where that fails there is none, which costs a good explanation and nothing else.
    pub(super) fn put_up(&self) {
        if !self.stands() {
            let folder = self.path.parent().unwrap_or(Path::new("."));
            drop(private_folder(folder).and_then(|()| fs::write(&self.path, TEXT)));
        }
    }

    /// Takes it down.
    pub(super) fn take_down(&self) {
        drop(fs::remove_file(&self.path));
    }
}
