//! Keeps the login and the key of end-to-end encryption between runs, in the place that the settings and the desktop allow.
//!
//! Invariant: a secret goes to its place and nowhere else: not into an error, not into a log; and a login is taken
//! away from one place only after it was read back from another.
//!
//! # Platform-specific behavior
//!
//! Linux: the keyring is whatever answers as `org.freedesktop.secrets`. Elsewhere there is none yet, so the login
//! is kept in the file.

pub mod file;
mod kept;
mod key;
mod private_file;
mod signpost;
pub mod systemd;

#[cfg(target_os = "linux")]
mod item;
#[cfg(target_os = "linux")]
pub mod keyring;
#[cfg(target_os = "linux")]
mod service;

#[cfg(not(target_os = "linux"))]
pub mod absent;
#[cfg(not(target_os = "linux"))]
use absent as keyring_of_system;
#[cfg(target_os = "linux")]
use keyring as keyring_of_system;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

#[cfg(not(target_os = "linux"))]
use absent::KeyringSecrets;
use file::FileSecrets;
#[cfg(target_os = "linux")]
use keyring::KeyringSecrets;
use signpost::Signpost;
use systemd::SystemdCredential;

use crate::domain::account::{Credentials, Secret};
use crate::domain::settings::SecretBackend;
use crate::ports::{SecretProblem, SecretProblemKind, SecretStore};

/// Keeps the one login where the settings want it, and finds it wherever it is.
///
/// - A credential of systemd comes first; it can be neither replaced nor removed here.
/// - `auto` saves in the keyring if that can be used at this moment, else in the file, and leaves a login
///   where it is. While the keyring cannot be read, a login in the file serves.
/// - `keyring` and `file` move a login that lies in the other place as soon as both can be reached.
/// - Of two different logins, as an old file and a locked keyring may leave them, the one that was saved last
///   counts, and the other is removed.
#[derive(Debug)]
pub struct LoginStore {
    wanted: Mutex<SecretBackend>,
    systemd: Option<SystemdCredential>,
    keyring: Option<KeyringSecrets>,
    file: FileSecrets,
    signpost: Signpost,
}

/// A login, as a place gives it back.
#[derive(Debug)]
struct Kept {
    credentials: Credentials,
    /// When it was saved, unix seconds.
    saved: u64,
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
    pub fn of_session(wanted: SecretBackend, file: &Path) -> Self {
        let keyring = KeyringSecrets::of_session(file.parent().unwrap_or(file));
        Self::new(wanted, file, Some(keyring), SystemdCredential::from_environment())
    }

    /// A login in this file and nowhere else, for a run that leaves nothing behind.
    pub fn in_file(file: &Path) -> Self {
        Self::new(SecretBackend::File, file, None, None)
    }

    /// A login in these places.
    pub fn new(
        wanted: SecretBackend,
        file: &Path,
        keyring: Option<KeyringSecrets>,
        systemd: Option<SystemdCredential>,
    ) -> Self {
        Self {
            wanted: Mutex::new(wanted),
            systemd,
            keyring,
            file: FileSecrets::new(file),
            signpost: Signpost::beside(file),
        }
    }

    /// Where the settings want the login.
    fn wanted(&self) -> SecretBackend {
        *self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The keyring, to tell how it is; `None` when it is never asked.
    pub fn keyring(&self) -> Option<&KeyringSecrets> {
        self.keyring.as_ref()
    }

    /// Where the login is; `None` when nobody is signed in. The secret itself is not read, so a keyring may be locked.
    pub async fn location(&self) -> Result<Option<LoginLocation>, SecretProblem> {
        if let Some(systemd) = &self.systemd {
            return Ok(Some(LoginLocation::Systemd(systemd.path().to_owned())));
        }
        let in_file = self.file.is_there().then(|| LoginLocation::File(self.file.path().to_owned()));
        if self.wanted() == SecretBackend::File && in_file.is_some() {
            return Ok(in_file);
        }
        let Some(keyring) = &self.keyring else { return Ok(in_file) };
        match (keyring.holds_login().await, in_file) {
            (Ok(true), None) => Ok(Some(LoginLocation::Keyring)),
            // What a load would say.
            (Ok(true), Some(_)) if keyring.check().await.is_ok() => Ok(Some(LoginLocation::Keyring)),
            (_, Some(file)) => Ok(Some(file)),
            // Some keyrings hide what they hold while they are locked.
            (Ok(false), None) if !self.signpost.stands() => Ok(None),
            (Ok(false), None) => keyring.check().await.map(|()| None),
            (Err(problem), None) => self.unless_never_there(problem),
        }
    }

    /// The login of the place that is wanted, or else of the other.
    async fn find(&self, keyring: &KeyringSecrets) -> Result<Option<Credentials>, SecretProblem> {
        let in_keyring = keyring.read().await;
        let in_file = self.file.load().await;
        match (in_keyring, in_file) {
            (Ok(Some(stored)), in_file) => {
                self.signpost.put_up();
                match in_file {
                    Ok(Some(other)) => Ok(Some(self.settle(keyring, stored, other).await)),
                    // A file that cannot be read is left for whoever knows why.
                    Ok(None) | Err(_) => Ok(Some(stored.credentials)),
                }
            }
            (Ok(None), Ok(Some(login))) => {
                if self.wanted() == SecretBackend::Keyring {
                    self.move_to_keyring(keyring, &login).await;
                }
                Ok(Some(login))
            }
            (Ok(None), Ok(None)) => {
                self.signpost.take_down();
                Ok(None)
            }
            (Err(_), Ok(Some(login))) => Ok(Some(login)),
            (Err(problem), Ok(None)) => self.unless_never_there(problem),
            // It may be in there, and there will be another try.
            (Err(problem), Err(_)) if problem.kind == SecretProblemKind::Locked => Err(problem),
            (_, Err(problem)) => Err(problem),
        }
    }

    /// Makes one login of two, that of the keyring and that of the file.
    async fn settle(&self, keyring: &KeyringSecrets, stored: Kept, in_file: Credentials) -> Credentials {
        if in_file != stored.credentials && self.file.saved() >= Some(stored.saved) {
            self.move_to_keyring(keyring, &in_file).await;
            return in_file;
        }
        self.clear_file().await;
        stored.credentials
    }

    /// Moves the login from the file; where that fails it stays, and the next load tries again.
    async fn move_to_keyring(&self, keyring: &KeyringSecrets, login: &Credentials) {
        match keyring.save(login).await {
            Ok(()) => {
                self.signpost.put_up();
                self.clear_file().await;
            }
            Err(problem) => tracing::warn!("the login stays in the file: {problem}"),
        }
    }

    /// The login, when it is to be in the file and is not; it comes from the keyring if it is there.
    async fn fetch_from_keyring(&self) -> Result<Option<Credentials>, SecretProblem> {
        let Some(keyring) = &self.keyring else { return Ok(None) };
        match keyring.read().await {
            Ok(Some(Kept { credentials, .. })) => {
                match self.save_in_file(&credentials).await {
                    Ok(()) => self.clear_keyring(keyring).await,
                    Err(problem) => tracing::warn!("the login stays in the keyring: {problem}"),
                }
                Ok(Some(credentials))
            }
            Ok(None) => {
                self.signpost.take_down();
                Ok(None)
            }
            // Whoever wants a file need not have a keyring that works.
            Err(_) if !self.signpost.stands() && !matches!(keyring.holds_login().await, Ok(true)) => Ok(None),
            Err(problem) => Err(problem),
        }
    }

    /// Saves in the file, and makes sure that it is there.
    async fn save_in_file(&self, credentials: &Credentials) -> Result<(), SecretProblem> {
        self.file.save(credentials).await?;
        if self.file.load().await?.as_ref() == Some(credentials) {
            return Ok(());
        }
        Err(SecretProblem {
            kind: SecretProblemKind::Failed,
            message: format!("the login cannot be saved: {} holds another", self.file.path().display()),
            hint: "try again when nobody else is signing in".to_owned(),
        })
    }

    /// Removes a copy. One that stays does no harm: it is older, or the same.
    async fn clear_file(&self) {
        if let Err(problem) = self.file.forget().await {
            tracing::warn!("{problem}");
        }
    }

    /// Likewise.
    async fn clear_keyring(&self, keyring: &KeyringSecrets) {
        match keyring.forget().await {
            Ok(()) => {}
            Err(problem) if problem.kind == SecretProblemKind::Unavailable => {}
            Err(problem) => tracing::warn!("{problem}"),
        }
        self.signpost.take_down();
    }

    /// No keyring is a problem only for a login that went into it, or that has to.
    fn unless_never_there<T>(&self, problem: SecretProblem) -> Result<Option<T>, SecretProblem> {
        let may_be_missing = self.wanted() != SecretBackend::Keyring && !self.signpost.stands();
        if problem.kind == SecretProblemKind::Unavailable && may_be_missing { Ok(None) } else { Err(problem) }
    }
}

impl SecretStore for LoginStore {
    async fn load(&self) -> Result<Option<Credentials>, SecretProblem> {
        if let Some(systemd) = &self.systemd {
            return systemd.load().map(Some);
        }
        match (self.wanted(), &self.keyring) {
            (SecretBackend::Auto | SecretBackend::Keyring, Some(keyring)) => self.find(keyring).await,
            (SecretBackend::File, _) | (_, None) => match self.file.load().await? {
                Some(login) => Ok(Some(login)),
                None => self.fetch_from_keyring().await,
            },
        }
    }

    async fn save(&self, credentials: &Credentials) -> Result<(), SecretProblem> {
        if let Some(systemd) = &self.systemd {
            return Err(systemd.refusal("saved"));
        }
        let Some(keyring) = &self.keyring else { return self.save_in_file(credentials).await };
        if self.wanted() != SecretBackend::File {
            match keyring.save(credentials).await {
                Ok(()) => {
                    self.signpost.put_up();
                    self.clear_file().await;
                    return Ok(());
                }
                Err(problem) if self.wanted() == SecretBackend::Keyring => return Err(problem),
                Err(problem) => tracing::info!("the login goes into the file: {problem}"),
            }
        }
        self.save_in_file(credentials).await?;
        self.clear_keyring(keyring).await;
        Ok(())
    }

    async fn forget(&self) -> Result<(), SecretProblem> {
        let was_in_file = self.file.is_there();
        self.file.forget().await?;
        if let Some(keyring) = &self.keyring {
            let must_be_there = self.signpost.stands() && !was_in_file;
            match keyring.remove(must_be_there).await {
                Ok(()) => {}
                Err(problem) if problem.kind == SecretProblemKind::Locked || must_be_there => {
                    return Err(problem);
                }
                Err(problem) if problem.kind == SecretProblemKind::Unavailable || was_in_file => {}
                Err(problem) => return Err(problem),
            }
        }
        self.signpost.take_down();
        self.systemd.as_ref().map_or(Ok(()), |systemd| Err(systemd.refusal("removed")))
    }

    async fn encryption_key(&self) -> Result<Option<Secret>, SecretProblem> {
        self.read_key().await
    }

    async fn unlock(&self) -> Result<(), SecretProblem> {
        match &self.keyring {
            Some(keyring) => keyring.unlock().await,
            None => Ok(()),
        }
    }

    fn use_backend(&self, place: SecretBackend) {
        *self.wanted.lock().unwrap_or_else(PoisonError::into_inner) = place;
    }

    async fn wait_until_readable(&self) {
        match &self.keyring {
            Some(keyring) if self.systemd.is_none() => keyring.wait_until_readable().await,
            Some(_) | None => std::future::pending().await,
        }
    }
}
