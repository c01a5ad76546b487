//! What the tests of the keyring share: a login, folders, and time limits.

use std::future::{Future, poll_fn};
use std::path::PathBuf;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use handover::desktop::secrets::LoginStore;
use handover::desktop::secrets::keyring::{KeyringSecrets, Timeouts};
use handover::domain::account::{Credentials, DeviceId, DeviceName, Secret};
use handover::domain::settings::SecretBackend;
use handover::ports::{SecretProblem, SecretProblemKind};
use tempfile::TempDir;
use tokio::time::timeout;

use crate::support::bus::Bus;

/// A secret that is easy to find in an error.
pub(crate) const SECRET: &str = "hunter2 + \"ümlaut\" = %";

/// A login with this secret.
pub(crate) fn login_with(secret: &str) -> Credentials {
    Credentials {
        secret: Secret::new(secret),
        device_id: DeviceId::new("d1").unwrap(),
        device_name: DeviceName::new("desk").unwrap(),
        registered: 1_764_000_000,
    }
}

/// A login.
pub(crate) fn login() -> Credentials {
    login_with(SECRET)
}

/// Long enough to notice something that should not happen.
pub(crate) const A_WHILE: Duration = Duration::from_millis(300);

/// Time limits without polling: every change is noticed by a signal.
pub(crate) const TIMEOUT: Timeouts = Timeouts {
    reply: Duration::from_secs(10),
    user: Duration::from_secs(10),
    recheck: Duration::from_hours(1),
};

/// Short time limits.
pub(crate) const HASTE: Timeouts = Timeouts {
    reply: Duration::from_millis(500),
    user: Duration::from_millis(500),
    recheck: Duration::from_hours(1),
};

/// The folder of a user's messages, and the bus of the session.
pub(crate) struct User {
    pub(crate) bus: Bus,
    folder: TempDir,
}

impl User {
    pub(crate) fn new() -> Self {
        Self { bus: Bus::start(), folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("credentials.json")
    }

    pub(crate) fn keyring(&self) -> KeyringSecrets {
        self.keyring_with(TIMEOUT)
    }

    pub(crate) fn keyring_with(&self, timeouts: Timeouts) -> KeyringSecrets {
        KeyringSecrets::on_bus(Some(self.bus.address().to_owned()), self.folder.path(), timeouts)
    }

    /// The login as another run of the program finds it.
    pub(crate) fn store(&self, wanted: SecretBackend) -> LoginStore {
        LoginStore::new(wanted, &self.file(), Some(self.keyring()), None)
    }
}

/// Waits with a time limit.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(30), future).await.expect("it ends within 30 s")
}

/// Runs a future until it has waited this many times; returns its output if it ended before.
pub(crate) async fn run_to_rest<F: Future + ?Sized>(
    mut future: Pin<&mut F>,
    rests: usize,
) -> Option<F::Output> {
    let mut left = rests;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        let poll = future.as_mut().poll(context).map(Some);
        if left == 0 && poll.is_pending() { Poll::Ready(None) } else { poll }
    })
    .await
}

/// How often a future that never ends was polled in that time.
pub(crate) async fn wakes<F: Future + ?Sized>(mut future: Pin<&mut F>, span: Duration) -> usize {
    let mut polls: usize = 0;
    let counted = poll_fn(|context| {
        polls += 1;
        future.as_mut().poll(context)
    });
    assert!(timeout(span, counted).await.is_err(), "it ended");
    // The first and the last poll are those of the timeout.
    polls.saturating_sub(2)
}

/// The problem that this ended with, checked for secrets.
pub(crate) fn problem<T: std::fmt::Debug>(outcome: Result<T, SecretProblem>) -> (SecretProblemKind, String) {
    let problem = outcome.unwrap_err();
    assert!(!format!("{problem:?}").contains("hunter2"), "{problem:?}");
    assert!(!problem.hint.is_empty());
    (problem.kind, problem.message)
}
