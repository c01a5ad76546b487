//! A fake secret store: a file behind a lock that the user opens when asked.
//!
//! Invariant: while it is locked nothing can be read, and only `unlock` opens it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use handover::desktop::secrets::file::FileSecrets;
use handover::domain::account::{Credentials, Secret};
use handover::ports::{SecretProblem, SecretProblemKind, SecretStore};

/// The lock. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Lock(Arc<AtomicBool>);

impl Lock {
    /// Locks it.
    pub(crate) fn lock(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The file behind the lock.
pub(crate) struct Secrets {
    file: FileSecrets,
    lock: Lock,
}

impl Secrets {
    pub(crate) fn new(path: PathBuf, lock: Lock) -> Self {
        Self { file: FileSecrets::new(path), lock }
    }

    fn check_unlocked(&self) -> Result<(), SecretProblem> {
        if !self.lock.0.load(Ordering::Relaxed) {
            return Ok(());
        }
        let message = "it cannot be read: the keyring is locked".to_owned();
        Err(SecretProblem { kind: SecretProblemKind::Locked, message, hint: "unlock it".to_owned() })
    }
}

impl SecretStore for Secrets {
    async fn load(&self) -> Result<Option<Credentials>, SecretProblem> {
        self.check_unlocked()?;
        self.file.load().await
    }

    async fn save(&self, credentials: &Credentials) -> Result<(), SecretProblem> {
        self.check_unlocked()?;
        self.file.save(credentials).await
    }

    async fn forget(&self) -> Result<(), SecretProblem> {
        self.check_unlocked()?;
        self.file.forget().await
    }

    async fn encryption_key(&self) -> Result<Option<Secret>, SecretProblem> {
        self.check_unlocked()?;
        self.file.encryption_key().await
    }

    async fn unlock(&self) -> Result<(), SecretProblem> {
        // The user takes some time, on the test's clock.
        tokio::time::sleep(Duration::from_secs(2)).await;
        self.lock.0.store(false, Ordering::Relaxed);
        Ok(())
    }
}
