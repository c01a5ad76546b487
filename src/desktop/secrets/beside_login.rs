//! Stores the secrets beside the login with its backend: the end-to-end encryption key, tokens of applications, keys of
//! recipients.
//!
//! Invariant: a key is written to only one backend, and a keyring that cannot be used is a problem only if the key was
//! saved in it.

use super::file::KeyFile;
#[cfg(target_os = "linux")]
use super::keyring::KeyringKey;
use super::keyring_marker::KeyringMarker;
use super::login_store::{LoginLocation, LoginStore};
#[cfg(not(target_os = "linux"))]
use super::native_keyring::KeyringKey;
use crate::domain::account::Secret;
use crate::domain::sending::SecretName;
use crate::domain::settings::SecretBackend;
use crate::ports::{SecretProblem, SecretProblemKind};

impl LoginStore {
    /// The key of end-to-end encryption with any backend, as the user entered it: it may be invalid.
    pub async fn read_key(&self) -> Result<Option<Secret>, SecretProblem> {
        self.read_secret(&SecretName::EncryptionKey).await
    }

    /// Replaces the key; where it was saved. Durable when it returns.
    pub async fn save_key(&self, key: &Secret) -> Result<LoginLocation, SecretProblem> {
        self.save_secret(&SecretName::EncryptionKey, key).await
    }

    /// Removes the key; whether there was one.
    pub async fn forget_key(&self) -> Result<bool, SecretProblem> {
        self.forget_secret(&SecretName::EncryptionKey).await
    }

    /// A secret with any backend, as the user entered it: it may be invalid.
    pub async fn read_secret(&self, name: &SecretName) -> Result<Option<Secret>, SecretProblem> {
        let (file, marker, keyring) = self.backends(name);
        let in_file = file.read();
        if let (SecretBackend::File, Ok(Some(_)) | Err(_)) = (self.backend(), &in_file) {
            return in_file;
        }
        let Some(keyring) = keyring else { return in_file };
        match (keyring.read().await, in_file) {
            (Ok(Some(key)), _) => {
                marker.create();
                Ok(Some(key))
            }
            (_, Ok(Some(key))) => Ok(Some(key)),
            (Ok(None), in_file) => {
                marker.remove();
                in_file
            }
            (Err(problem), Ok(None)) if marker.exists() => Err(problem),
            (Err(_), in_file) => in_file,
        }
    }

    /// Replaces a secret; where it was saved. Durable when it returns.
    pub async fn save_secret(&self, name: &SecretName, key: &Secret) -> Result<LoginLocation, SecretProblem> {
        let (file, marker, keyring) = self.backends(name);
        if let (SecretBackend::Auto | SecretBackend::Keyring, Some(keyring)) = (self.backend(), &keyring) {
            match keyring.save(key).await {
                Ok(()) => {
                    marker.create();
                    file.remove()?;
                    return Ok(LoginLocation::Keyring);
                }
                Err(problem) if self.backend() == SecretBackend::Keyring => return Err(problem),
                Err(problem) => tracing::info!("{} is saved in a file: {problem}", name.what()),
            }
        }
        file.write(key)?;
        if let Some(keyring) = keyring
            && marker.exists()
        {
            // A key that stayed there would be used first.
            keyring.remove(false).await?;
            marker.remove();
        }
        Ok(LoginLocation::File(file.into_path()))
    }

    /// Removes a secret; whether there was one.
    pub async fn forget_secret(&self, name: &SecretName) -> Result<bool, SecretProblem> {
        let (file, marker, keyring) = self.backends(name);
        let was_in_file = file.remove()?;
        let Some(keyring) = keyring else { return Ok(was_in_file) };
        let must_exist = marker.exists() && !was_in_file;
        let was_in_keyring = match keyring.remove(must_exist).await {
            Ok(existed) => existed,
            Err(problem) if problem.kind == SecretProblemKind::Locked || must_exist => {
                return Err(problem);
            }
            Err(_) => false,
        };
        marker.remove();
        Ok(was_in_file || was_in_keyring)
    }

    /// Where the key is; `None` if there is none. The key is not read, so the keyring may be locked.
    pub async fn key_location(&self) -> Option<LoginLocation> {
        let (file, marker, keyring) = self.backends(&SecretName::EncryptionKey);
        let in_file = file.exists().then(|| LoginLocation::File(file.path().to_owned()));
        if self.backend() == SecretBackend::File && in_file.is_some() {
            return in_file;
        }
        let Some(keyring) = keyring else { return in_file };
        match keyring.exists().await {
            Ok(true) => Some(LoginLocation::Keyring),
            // Some keyrings hide their items while they are locked.
            Ok(false) | Err(_) => in_file.or_else(|| marker.exists().then_some(LoginLocation::Keyring)),
        }
    }

    fn backends(&self, name: &SecretName) -> (KeyFile, KeyringMarker, Option<KeyringKey>) {
        let file = KeyFile::beside(self.file.path(), name);
        let keyring = self.keyring.as_ref().map(|keyring| keyring.item(name));
        let marker = KeyringMarker::beside(file.path());
        (file, marker, keyring)
    }
}
