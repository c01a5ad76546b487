//! Stores the login, and chooses between systemd, the keyring and the file.
//!
//! Invariant: a login is removed from one backend only after it was read back from another.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::file::FileSecrets;
#[cfg(target_os = "linux")]
use super::keyring::KeyringSecrets;
use super::keyring_marker::KeyringMarker;
#[cfg(not(target_os = "linux"))]
use super::native_keyring::KeyringSecrets;
use super::stored_login::StoredLogin;
use super::systemd::SystemdCredential;
use crate::domain::account::{Credentials, Secret};
use crate::domain::sending::SecretName;
use crate::domain::settings::SecretBackend;
use crate::ports::{SecretProblem, SecretProblemKind, SecretStore};

/// Saves the login with the backend of the settings, and finds it in any backend.
///
/// - A systemd credential takes precedence; it can be neither replaced nor removed here.
/// - `auto` saves in the keyring if that can be used now, otherwise in the file, and does not move an existing login.
///   While the keyring cannot be read, a login in the file is used.
/// - `keyring` and `file` move a login from the other backend as soon as both can be used.
/// - If there are two different logins, for example from an old file and a locked keyring, the one saved last is used,
///   and the other one is removed.
#[derive(Debug)]
pub struct LoginStore {
    /// A mutex, since the settings change it while tasks read the store.
    backend: Mutex<SecretBackend>,
    systemd: Option<SystemdCredential>,
    pub(super) keyring: Option<KeyringSecrets>,
    pub(super) file: FileSecrets,
    keyring_marker: KeyringMarker,
}

/// Where the login is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginLocation {
    /// systemd provides it, in this file.
    Systemd(PathBuf),
    /// The desktop's keyring.
    Keyring,
    /// This file.
    File(PathBuf),
}

impl fmt::Display for LoginLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Systemd(path) => write!(f, "the systemd credential {}", path.display()),
            Self::Keyring => f.write_str("the desktop's keyring"),
            Self::File(path) => write!(f, "the file {}", path.display()),
        }
    }
}

impl LoginStore {
    /// The login of this user: the keyring of the session, this file, and what systemd provides.
    pub fn of_session(backend: SecretBackend, file: &Path) -> Self {
        let keyring = KeyringSecrets::of_session(file.parent().unwrap_or(file));
        Self::new(backend, file, Some(keyring), SystemdCredential::from_environment())
    }

    /// A store that only uses this file, for a temporary run.
    pub fn in_file(file: &Path) -> Self {
        Self::new(SecretBackend::File, file, None, None)
    }

    /// A store with these backends.
    pub fn new(
        backend: SecretBackend,
        file: &Path,
        keyring: Option<KeyringSecrets>,
        systemd: Option<SystemdCredential>,
    ) -> Self {
        Self {
            backend: Mutex::new(backend),
            systemd,
            keyring,
            file: FileSecrets::new(file),
            keyring_marker: KeyringMarker::beside(file),
        }
    }

    /// The backend of the settings.
    pub(super) fn backend(&self) -> SecretBackend {
        *self.backend.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The keyring, to check its state; `None` when this store uses none.
    pub fn keyring(&self) -> Option<&KeyringSecrets> {
        self.keyring.as_ref()
    }

    /// Where the login is; `None` if no one is signed in. The secret is not read, so the keyring may be locked.
    pub async fn location(&self) -> Result<Option<LoginLocation>, SecretProblem> {
        if let Some(systemd) = &self.systemd {
            return Ok(Some(LoginLocation::Systemd(systemd.path().to_owned())));
        }
        let in_file = self.file.exists().then(|| LoginLocation::File(self.file.path().to_owned()));
        if self.backend() == SecretBackend::File && in_file.is_some() {
            return Ok(in_file);
        }
        let Some(keyring) = &self.keyring else { return Ok(in_file) };
        match (keyring.holds_login().await, in_file) {
            (Ok(true), None) => Ok(Some(LoginLocation::Keyring)),
            // The same choice as in `load`.
            (Ok(true), Some(_)) if keyring.check().await.is_ok() => Ok(Some(LoginLocation::Keyring)),
            (_, Some(file)) => Ok(Some(file)),
            // Some keyrings hide their items while they are locked.
            (Ok(false), None) if !self.keyring_marker.exists() => Ok(None),
            (Ok(false), None) => keyring.check().await.map(|()| None),
            (Err(problem), None) => self.none_if_never_used(problem),
        }
    }

    /// The login in the keyring, or else the one in the file.
    async fn load_from_either(&self, keyring: &KeyringSecrets) -> Result<Option<Credentials>, SecretProblem> {
        let in_keyring = keyring.read().await;
        let in_file = self.file.load().await;
        match (in_keyring, in_file) {
            (Ok(Some(stored)), in_file) => {
                self.keyring_marker.create();
                match in_file {
                    Ok(Some(other)) => Ok(Some(self.keep_latest(keyring, stored, other).await)),
                    // A file that cannot be read stays, so that the user can check it.
                    Ok(None) | Err(_) => Ok(Some(stored.credentials)),
                }
            }
            (Ok(None), Ok(Some(login))) => {
                if self.backend() == SecretBackend::Keyring {
                    self.move_to_keyring(keyring, &login).await;
                }
                Ok(Some(login))
            }
            (Ok(None), Ok(None)) => {
                self.keyring_marker.remove();
                Ok(None)
            }
            (Err(_), Ok(Some(login))) => Ok(Some(login)),
            (Err(problem), Ok(None)) => self.none_if_never_used(problem),
            // The login may be in the keyring, which is tried again once it is unlocked.
            (Err(problem), Err(_)) if problem.kind == SecretProblemKind::Locked => Err(problem),
            (_, Err(problem)) => Err(problem),
        }
    }

    /// Removes the older one of the logins in the keyring and in the file.
    async fn keep_latest(
        &self,
        keyring: &KeyringSecrets,
        stored: StoredLogin,
        in_file: Credentials,
    ) -> Credentials {
        if in_file != stored.credentials && self.file.saved() >= Some(stored.saved) {
            self.move_to_keyring(keyring, &in_file).await;
            return in_file;
        }
        self.clear_file().await;
        stored.credentials
    }

    /// Moves the login from the file. On failure it stays there, and the next load retries.
    async fn move_to_keyring(&self, keyring: &KeyringSecrets, login: &Credentials) {
        match keyring.save(login).await {
            Ok(()) => {
                self.keyring_marker.create();
                self.clear_file().await;
            }
            Err(problem) => tracing::warn!("the login stays in the file: {problem}"),
        }
    }

    /// Moves a login from the keyring to the file, where the settings want it.
    async fn move_from_keyring(&self) -> Result<Option<Credentials>, SecretProblem> {
        let Some(keyring) = &self.keyring else { return Ok(None) };
        match keyring.read().await {
            Ok(Some(StoredLogin { credentials, .. })) => {
                match self.save_in_file(&credentials).await {
                    Ok(()) => self.clear_keyring(keyring).await,
                    Err(problem) => tracing::warn!("the login stays in the keyring: {problem}"),
                }
                Ok(Some(credentials))
            }
            Ok(None) => {
                self.keyring_marker.remove();
                Ok(None)
            }
            // With the file as backend, the keyring does not have to work.
            Err(_) if !self.keyring_marker.exists() && !matches!(keyring.holds_login().await, Ok(true)) => {
                Ok(None)
            }
            Err(problem) => Err(problem),
        }
    }

    /// Saves in the file, and reads it back.
    async fn save_in_file(&self, credentials: &Credentials) -> Result<(), SecretProblem> {
        self.file.save(credentials).await?;
        if self.file.load().await?.as_ref() == Some(credentials) {
            return Ok(());
        }
        Err(SecretProblem {
            kind: SecretProblemKind::Failed,
            message: format!(
                "the login cannot be saved: {} contains another one",
                self.file.path().display()
            ),
            hint: "try again when no other program is signing in".to_owned(),
        })
    }

    /// Removes the copy in the file. A failure is harmless: the copy is not newer than the login in the keyring.
    async fn clear_file(&self) {
        if let Err(problem) = self.file.forget().await {
            tracing::warn!("{problem}");
        }
    }

    /// Removes the copy in the keyring. A failure is harmless: the copy is not newer than the login in the file.
    async fn clear_keyring(&self, keyring: &KeyringSecrets) {
        match keyring.forget().await {
            Ok(()) => {}
            Err(problem) if problem.kind == SecretProblemKind::Unavailable => {}
            Err(problem) => tracing::warn!("{problem}"),
        }
        self.keyring_marker.remove();
    }

    /// A missing keyring is a problem only if the login was saved in it, or has to be saved in it.
    fn none_if_never_used<T>(&self, problem: SecretProblem) -> Result<Option<T>, SecretProblem> {
        let may_be_missing = self.backend() != SecretBackend::Keyring && !self.keyring_marker.exists();
        if problem.kind == SecretProblemKind::Unavailable && may_be_missing { Ok(None) } else { Err(problem) }
    }
}

impl SecretStore for LoginStore {
    async fn load(&self) -> Result<Option<Credentials>, SecretProblem> {
        if let Some(systemd) = &self.systemd {
            return systemd.load().map(Some);
        }
        match (self.backend(), &self.keyring) {
            (SecretBackend::Auto | SecretBackend::Keyring, Some(keyring)) => {
                self.load_from_either(keyring).await
            }
            (SecretBackend::File, _) | (_, None) => match self.file.load().await? {
                Some(login) => Ok(Some(login)),
                None => self.move_from_keyring().await,
            },
        }
    }

    async fn save(&self, credentials: &Credentials) -> Result<(), SecretProblem> {
        if let Some(systemd) = &self.systemd {
            return Err(systemd.refusal("saved"));
        }
        let Some(keyring) = &self.keyring else { return self.save_in_file(credentials).await };
        if self.backend() != SecretBackend::File {
            match keyring.save(credentials).await {
                Ok(()) => {
                    self.keyring_marker.create();
                    self.clear_file().await;
                    return Ok(());
                }
                Err(problem) if self.backend() == SecretBackend::Keyring => return Err(problem),
                Err(problem) => tracing::info!("the login is saved in the file: {problem}"),
            }
        }
        self.save_in_file(credentials).await?;
        self.clear_keyring(keyring).await;
        Ok(())
    }

    async fn forget(&self) -> Result<(), SecretProblem> {
        let was_in_file = self.file.exists();
        self.file.forget().await?;
        if let Some(keyring) = &self.keyring {
            let must_exist = self.keyring_marker.exists() && !was_in_file;
            match keyring.remove(must_exist).await {
                Ok(()) => {}
                Err(problem) if problem.kind == SecretProblemKind::Locked || must_exist => {
                    return Err(problem);
                }
                Err(problem) if problem.kind == SecretProblemKind::Unavailable || was_in_file => {}
                Err(problem) => return Err(problem),
            }
        }
        self.keyring_marker.remove();
        self.systemd.as_ref().map_or(Ok(()), |systemd| Err(systemd.refusal("removed")))
    }

    async fn encryption_key(&self) -> Result<Option<Secret>, SecretProblem> {
        self.read_key().await
    }

    async fn secret(&self, name: &SecretName) -> Result<Option<Secret>, SecretProblem> {
        self.read_secret(name).await
    }

    async fn unlock(&self) -> Result<(), SecretProblem> {
        match &self.keyring {
            Some(keyring) => keyring.unlock().await,
            None => Ok(()),
        }
    }

    fn use_backend(&self, backend: SecretBackend) {
        *self.backend.lock().unwrap_or_else(PoisonError::into_inner) = backend;
    }

    async fn wait_until_readable(&self) {
        match &self.keyring {
            Some(keyring) if self.systemd.is_none() => keyring.wait_until_readable().await,
            Some(_) | None => std::future::pending().await,
        }
    }
}
