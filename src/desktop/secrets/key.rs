//! Keeps the key of end-to-end encryption, where the login is kept or would be.
//!
//! Invariant: a key goes to one place and nowhere else, and a keyring that cannot be used is a problem only for a key
//! that went into it.

use std::path::{Path, PathBuf};

use super::keyring_of_system::KeyringKey;
use super::private_file::{Content, PrivateFile};
use super::signpost::Signpost;
use super::{KeyringSecrets, LoginLocation, LoginStore};
use crate::domain::account::Secret;
use crate::domain::settings::SecretBackend;
use crate::ports::{SecretProblem, SecretProblemKind};

/// The file's name, in the folder of the login's.
const FILE: &str = "encryption-key";
const KEY: Content =
    Content { name: "the encryption key", remedy: "run `handover setup --encryption-key` again" };

/// The file with the key.
#[derive(Debug)]
pub(super) struct KeyFile(PrivateFile);

impl KeyFile {
    /// The one that lies beside this login.
    pub(super) fn beside(login: &Path) -> Self {
        Self(PrivateFile::new(path(login), KEY))
    }

    /// What it holds.
    pub(super) fn read(&self) -> Result<Option<Secret>, SecretProblem> {
        let Some(bytes) = self.0.read()? else { return Ok(None) };
        let text = String::from_utf8(bytes);
        text.map(|text| Some(Secret::new(text)))
            .map_err(|_no_text| self.0.problem("read", &"it is damaged", KEY.remedy))
    }
}

fn path(login: &Path) -> PathBuf {
    login.with_file_name(FILE)
}

impl LoginStore {
    /// The key of end-to-end encryption, wherever it is; as it was given, valid or not.
    pub async fn read_key(&self) -> Result<Option<Secret>, SecretProblem> {
        let (file, signpost, keyring) = self.places_of_key();
        let in_file = file.read();
        if let (SecretBackend::File, Ok(Some(_)) | Err(_)) = (self.wanted(), &in_file) {
            return in_file;
        }
        let Some(keyring) = keyring else { return in_file };
        match (keyring.read().await, in_file) {
            (Ok(Some(key)), _) => {
                signpost.put_up();
                Ok(Some(key))
            }
            (_, Ok(Some(key))) => Ok(Some(key)),
            (Ok(None), in_file) => {
                signpost.take_down();
                in_file
            }
            (Err(problem), Ok(None)) if signpost.stands() => Err(problem),
            (Err(_), in_file) => in_file,
        }
    }

    /// Keeps a key in place of the one before; where. Durable when it returns.
    pub async fn save_key(&self, key: &Secret) -> Result<LoginLocation, SecretProblem> {
        let (file, signpost, keyring) = self.places_of_key();
        if let (SecretBackend::Auto | SecretBackend::Keyring, Some(keyring)) = (self.wanted(), &keyring) {
            match keyring.save(key).await {
                Ok(()) => {
                    signpost.put_up();
                    file.0.remove()?;
                    return Ok(LoginLocation::Keyring);
                }
                Err(problem) if self.wanted() == SecretBackend::Keyring => return Err(problem),
                Err(problem) => tracing::info!("the encryption key goes into a file: {problem}"),
            }
        }
        file.0.write(key.expose())?;
        if let Some(keyring) = keyring
            && signpost.stands()
        {
            // One that stays would be found first.
            keyring.remove(false).await?;
            signpost.take_down();
        }
        Ok(LoginLocation::File(file.0.path))
    }

    /// Forgets the key; whether there was one.
    pub async fn forget_key(&self) -> Result<bool, SecretProblem> {
        let (file, signpost, keyring) = self.places_of_key();
        let was_in_file = file.0.remove()?;
        let Some(keyring) = keyring else { return Ok(was_in_file) };
        let must_be_there = signpost.stands() && !was_in_file;
        let was_in_keyring = match keyring.remove(must_be_there).await {
            Ok(was_there) => was_there,
            Err(problem) if problem.kind == SecretProblemKind::Locked || must_be_there => {
                return Err(problem);
            }
            Err(_) => false,
        };
        signpost.take_down();
        Ok(was_in_file || was_in_keyring)
    }

    /// Where the key is; `None` when there is none. The key itself is not read, so a keyring may be locked.
    pub async fn key_location(&self) -> Option<LoginLocation> {
        let (file, signpost, keyring) = self.places_of_key();
        let in_file = file.0.path.exists().then(|| LoginLocation::File(file.0.path.clone()));
        if self.wanted() == SecretBackend::File && in_file.is_some() {
            return in_file;
        }
        let Some(keyring) = keyring else { return in_file };
        match keyring.is_there().await {
            Ok(true) => Some(LoginLocation::Keyring),
            // Some keyrings hide what they hold while they are locked.
            Ok(false) | Err(_) => in_file.or_else(|| signpost.stands().then_some(LoginLocation::Keyring)),
        }
    }

    fn places_of_key(&self) -> (KeyFile, Signpost, Option<KeyringKey>) {
        let login = self.file.path();
        let keyring = self.keyring.as_ref().map(KeyringSecrets::for_key);
        (KeyFile::beside(login), Signpost::beside(&path(login)), keyring)
    }
}
