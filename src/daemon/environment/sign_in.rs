//! The task that owns the login: it reads it at the start, after a change, and when a keyring that could not be read is
//! unlocked.
//!
//! Invariant: a keyring that is locked or does not respond delays only the link, and the status says so. The login in
//! use stays in use while it cannot be read again.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::app::Problem;
use crate::daemon::shared::Shared;
use crate::daemon::shared::channels::{AckCommand, LinkCommand, LoginCommand, SyncCommand};
use crate::domain::account::{Account, Credentials};
use crate::domain::status::{Cause, Issue};
use crate::engine::link;
use crate::ports::{Notifier, SecretProblem, SecretProblemKind, SecretStore};

/// Keeps the login in use up to date with the saved one until the daemon stops.
pub(in crate::daemon) async fn keep<N: Notifier, S: SecretStore>(
    shared: Arc<Shared<N, S>>,
    commands: mpsc::Receiver<LoginCommand>,
) {
    // A keyring that does not respond must not keep the daemon from ending: the next start finishes the rest.
    shared.stop().run_until_cancelled(serve(&shared, commands)).await;
}

async fn serve<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    mut commands: mpsc::Receiver<LoginCommand>,
) -> ! {
    let secrets = &shared.parts.secrets;
    let read = async {
        let loaded = secrets.load().await;
        let Err(problem) = &loaded else { return loaded };
        note(shared, problem);
        // The user is asked to unlock it once per start, as by other programs that start at login.
        if problem.kind == SecretProblemKind::Locked && secrets.unlock().await.is_ok() {
            shared.load_key_soon();
            return secrets.load().await;
        }
        loaded
    };
    tokio::select! {
        biased;
        // A change takes precedence over the dialog that is still open.
        Some(command) = commands.recv() => handle(shared, command).await,
        loaded = read => {
            let is_absent = matches!(loaded, Ok(None));
            drop(apply(shared, loaded).await);
            if is_absent {
                shared.to.link(LinkCommand::NotSignedIn);
            }
        }
    }
    loop {
        tokio::select! {
            biased;
            Some(command) = commands.recv() => handle(shared, command).await,
            () = secrets.wait_until_readable() => {
                shared.load_key_soon();
                drop(apply(shared, secrets.load().await).await);
            }
        }
    }
}

async fn handle<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, command: LoginCommand) {
    let loaded = shared.parts.secrets.load().await;
    match command {
        // The caller may have hung up.
        LoginCommand::Changed(caller) => drop(caller.send(apply(shared, loaded).await)),
        // If the login only moved, there is no need to reconnect.
        LoginCommand::Moved if matches!(&loaded, Ok(login) if *login == shared.credentials()) => {
            shared.issue(Issue::Login, None);
        }
        LoginCommand::Moved => drop(apply(shared, loaded).await),
    }
}

/// Applies the login that was read, and returns a sentence about it.
async fn apply<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    loaded: Result<Option<Credentials>, SecretProblem>,
) -> Result<String, Problem> {
    let login = match loaded {
        Ok(login) => login,
        Err(problem) => {
            note(shared, &problem);
            return Err(problem.into());
        }
    };
    shared.issue(Issue::Login, None);
    let message = login
        .as_ref()
        .map_or_else(|| "signed out".to_owned(), |login| format!("signed in as {}", login.device_name));
    let input = if login.is_some() { link::Input::SignedIn } else { link::Input::SignedOut };
    let changed = shared.login.send_if_modified(|current| {
        let changed = *current != login;
        *current = login;
        changed
    });
    if changed {
        // Issues of the previous login do not apply to this one.
        shared.issue(Issue::Service, None);
        shared.account.send_replace(Account::default());
    }
    shared.login_is_read.send_replace(true);
    shared.send_link(input);
    // Before anything is waited for: otherwise acknowledgements would be sent with the new login, and sent again after this.
    shared.to.acknowledge(AckCommand::LoginChanged);
    shared.refresh_counts().await;
    // A download under way ends at once. The reply is sent after that, so that it cannot interfere with the caller's
    // next step.
    let (caller, idle) = oneshot::channel();
    shared.to.sync(SyncCommand::WaitUntilIdle(caller)).await;
    drop(idle.await);
    Ok(message)
}

fn note<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, problem: &SecretProblem) {
    shared.login_is_read.send_replace(true);
    if shared.credentials().is_none() {
        shared.send_link(link::Input::SignedOut);
    }
    let cause = problem.message.strip_prefix(Issue::Login.what()).and_then(|rest| rest.strip_prefix(": "));
    shared.issue(Issue::Login, Some(Cause::new(cause.unwrap_or(&problem.message), &problem.hint)));
}
