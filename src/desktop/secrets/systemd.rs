//! Reads the login that systemd passes to a service: the credential `handover`.
//!
//! Invariant: it is only read; systemd writes and removes it.
//!
//! Its content is that of the file: `LoadCredential=handover:/etc/handover.json` in the unit, or
//! `LoadCredentialEncrypted=` with what `systemd-creds encrypt --name=handover` made of it
//! (<https://systemd.io/CREDENTIALS/>).

use std::env;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::stored_login;
use crate::domain::account::Credentials;
use crate::ports::{SecretProblem, SecretProblemKind};

/// The credential's name.
const NAME: &str = "handover";
const HINT: &str = "check `LoadCredential=handover:…` in the systemd unit";

/// A login that systemd provides.
#[derive(Clone, Debug)]
pub struct SystemdCredential {
    path: PathBuf,
}

impl SystemdCredential {
    /// The credential of this service, in `$CREDENTIALS_DIRECTORY`; `None` if there is none.
    pub fn from_environment() -> Option<Self> {
        Self::in_folder(Path::new(&env::var_os("CREDENTIALS_DIRECTORY")?))
    }

    /// The credential in this folder; `None` if there is none.
    pub fn in_folder(folder: &Path) -> Option<Self> {
        let path = folder.join(NAME);
        // An inaccessible one counts as present: an error is better than another login.
        path.try_exists().unwrap_or(true).then_some(Self { path })
    }

    /// Its path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The login.
    pub(super) fn load(&self) -> Result<Credentials, SecretProblem> {
        let mut json = Vec::new();
        File::open(&self.path)
            .and_then(|file| file.take(stored_login::MAX_SIZE).read_to_end(&mut json))
            .map_err(|error| self.problem("read", &error))?;
        stored_login::from_json(&json).map_err(|damage| self.problem("read", &damage))
    }

    /// Why the login cannot be saved or removed.
    pub(super) fn refusal(&self, verb: &str) -> SecretProblem {
        self.problem(verb, &"it is a systemd credential, which only systemd can change")
    }

    fn problem(&self, verb: &str, cause: &dyn std::fmt::Display) -> SecretProblem {
        SecretProblem {
            kind: SecretProblemKind::Failed,
            message: format!("the login cannot be {verb}: {}: {cause}", self.path.display()),
            hint: HINT.to_owned(),
        }
    }
}
