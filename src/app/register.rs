//! Signing in: the steps against the service, each with a failure that says what to do.
//!
//! Invariant: the password is sent and dropped, never kept; the saved login is only ever replaced by a
//! complete one.

use std::sync::Arc;

use tokio::sync::watch;

use super::{Parts, Problem, Shared, clock, problem, receive};
use crate::domain::account::{Credentials, DeviceName, Secret};
use crate::domain::status::Status;
use crate::ports::{Notifier, SecretStore};
use crate::pushover::{Error, Rest};

/// What came of a login.
#[derive(Debug)]
pub enum LoggedIn {
    /// The session's secret.
    Yes(Secret),
    /// The account has two-factor authentication: once more, with a code.
    CodeNeeded,
}

/// Exchanges email and password for a session secret.
pub async fn log_in(
    rest: &Rest,
    email: &str,
    password: &Secret,
    code: Option<&str>,
) -> Result<LoggedIn, Problem> {
    let what = "signing in failed";
    match rest.login(email, password, code).await {
        Ok(login) => Ok(LoggedIn::Yes(login.secret)),
        Err(Error::TwoFactorNeeded) if code.is_none() => Ok(LoggedIn::CodeNeeded),
        Err(Error::TwoFactorNeeded) => Err(Problem::new(what, "the two-factor code was not accepted")
            .hint("codes change every 30 seconds: use a new one")),
        Err(error @ Error::Rejected { .. }) => {
            Err(Problem::new(what, error).hint("check the email address, the password and the code"))
        }
        Err(error) => Err(problem::of_service(what, &error)),
    }
}

/// What came of registering a device.
#[derive(Debug)]
pub enum Registered {
    /// It is registered, and this is the complete login.
    Yes(Credentials),
    /// Another device of the account has this name.
    NameTaken,
}

/// Registers this computer as a device; with `take_over` in place of the one that has the name.
pub async fn register(
    rest: &Rest,
    secret: Secret,
    name: &DeviceName,
    take_over: bool,
) -> Result<Registered, Problem> {
    match rest.register(&secret, name, take_over).await {
        Ok(device_id) => Ok(Registered::Yes(Credentials {
            secret,
            device_id,
            device_name: name.clone(),
            registered: clock::unix(),
        })),
        Err(error) if error.names_taken() && !take_over => Ok(Registered::NameTaken),
        Err(error) if error.too_many_devices() => {
            Err(Problem::new("registering this computer failed", error)
                .hint("remove a device on the service's web site, or use the name of one with `--take-over`"))
        }
        Err(error) => Err(problem::of_service("registering this computer failed", &error)),
    }
}

/// Downloads, records and deletes what is outstanding for a device that was just registered, silently.
///
/// Only for when no daemon runs: the caller holds the instance lock. Returns how many messages there were.
pub async fn first_flush<N: Notifier, S: SecretStore>(
    parts: Parts<N, S>,
    login: Credentials,
) -> Result<usize, Problem> {
    let status = watch::channel(Status::default()).0;
    let (shared, _mail) =
        Shared::new(Arc::new(parts), Arc::new(status), Arc::new(watch::channel(Some(login)).0));
    receive::pass_once(&shared).await
}
