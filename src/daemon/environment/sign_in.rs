//! The task that has the login: it reads it at the start, when it was changed, and when a keyring that could
//! not be read opens.
//!
//! Invariant: a keyring that is locked or does not answer keeps nothing waiting but the link, and is said in
//! the status; a login that is in use stays in use while it cannot be read again.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::app::Problem;
use crate::daemon::{Shared, acknowledgements, connection, sync};
use crate::domain::account::{Account, Credentials};
use crate::domain::status::{Cause, Issue};
use crate::engine::link;
use crate::ports::{Notifier, SecretProblem, SecretProblemKind, SecretStore};

/// What the others may tell this task; either way the login is read again.
pub(in crate::daemon) enum LoginCommand {
    /// The saved login was changed; who says so hears what came of it.
    Changed(oneshot::Sender<Result<String, Problem>>),
    /// The settings want it in another place, where reading it moves it.
    Moved,
}

/// Keeps the login in use the one that is saved, until the daemon stops.
pub(in crate::daemon) async fn keep<N: Notifier, S: SecretStore>(
    shared: Arc<Shared<N, S>>,
    mailbox: mpsc::Receiver<LoginCommand>,
) {
    // A keyring that does not answer keeps nobody from ending: what was begun there is finished at the next start.
    shared.stop().run_until_cancelled(read_and_obey(&shared, mailbox)).await;
}

async fn read_and_obey<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    mut mailbox: mpsc::Receiver<LoginCommand>,
) -> ! {
    let secrets = &shared.parts.secrets;
    let read = async {
        let loaded = secrets.load().await;
        let Err(problem) = &loaded else { return loaded };
        note(shared, problem);
        // Once a start the user is asked to open it, as by every program that starts at login.
        if problem.kind == SecretProblemKind::Locked && secrets.unlock().await.is_ok() {
            shared.load_key_soon();
            return secrets.load().await;
        }
        loaded
    };
    tokio::select! {
        biased;
        // Whoever changed it knows better than the dialog that is still open.
        Some(letter) = mailbox.recv() => obey(shared, letter).await,
        loaded = read => {
            let nobody = matches!(loaded, Ok(None));
            drop(take(shared, loaded).await);
            if nobody {
                shared.tell_link_task(connection::LinkCommand::NotSignedIn);
            }
        }
    }
    loop {
        tokio::select! {
            biased;
            Some(letter) = mailbox.recv() => obey(shared, letter).await,
            () = secrets.wait_until_readable() => {
                shared.load_key_soon();
                drop(take(shared, secrets.load().await).await);
            }
        }
    }
}

async fn obey<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, letter: LoginCommand) {
    let loaded = shared.parts.secrets.load().await;
    match letter {
        // Whoever said so may have gone.
        LoginCommand::Changed(told) => drop(told.send(take(shared, loaded).await)),
        // A login that only moved is no reason to connect again.
        LoginCommand::Moved if matches!(&loaded, Ok(login) if *login == shared.credentials()) => {
            shared.issue(Issue::Login, None);
        }
        LoginCommand::Moved => drop(take(shared, loaded).await),
    }
}

/// Puts what was read to use, and says in words what that is.
async fn take<N: Notifier, S: SecretStore>(
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
        // What was said of the login before is not said of this one.
        shared.issue(Issue::Service, None);
        *shared.account() = Account::default();
    }
    shared.refresh_counts();
    shared.tell_link(input);
    shared.tell_acknowledge(acknowledgements::AckCommand::LoginChanged);
    // A download under way ends at once; the answer waits for it, so that whoever asked can go on safely.
    let (told, rested) = oneshot::channel();
    shared.want(sync::SyncCommand::WaitUntilIdle(told)).await;
    drop(rested.await);
    Ok(message)
}

fn note<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, problem: &SecretProblem) {
    let cause = problem.message.strip_prefix(Issue::Login.what()).and_then(|rest| rest.strip_prefix(": "));
    shared.issue(Issue::Login, Some(Cause::new(cause.unwrap_or(&problem.message), &problem.hint)));
}
