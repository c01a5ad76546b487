//! What a command finds around it: folders, settings, servers, a runtime.
//!
//! Invariant: every command finds the same folders.

use std::time::Duration;

use crate::app::Problem;
use crate::app::context::Context;
use crate::control::{Command, Error, Reply, Subscription, ask, subscribe};

/// The context of a command that does not depend on the settings: a mistake in them must not keep a person from asking the
/// daemon what is wrong, or from stopping an alarm.
pub(super) fn context() -> Result<Context, Problem> {
    Context::with_any_settings().map(|(context, _)| context)
}

/// The context of a command that depends on the settings.
pub(super) fn context_with_settings() -> Result<Context, Problem> {
    Context::from_environment()
}

/// Tells a running daemon that the login or the key was changed; it is no error if none runs.
pub(super) async fn tell_of_change(context: &Context) -> Result<(), Problem> {
    match ask(&context.paths.socket, &Command::LoginChanged).await {
        Ok(_) | Err(Error::NotRunning) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Has a running daemon read the settings that were just changed; it is no error if none runs.
pub(super) async fn tell_of_settings(context: &Context) -> Result<(), Problem> {
    match ask(&context.paths.socket, &Command::Reload).await {
        Ok(_) | Err(Error::NotRunning) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Runs a future on this thread until it is done.
pub(super) fn block_on<T>(future: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        // Helper threads work in bursts. Each takes memory while it waits for more, and wakes the computer up when it ends.
        .thread_keep_alive(Duration::from_secs(1))
        .build()
        .map_err(|error| Problem::of_system("the program cannot start", &error))?;
    let outcome = runtime.block_on(future);
    // Resolving a name can take half a minute when the network is wrong; the program does not wait for that.
    runtime.shutdown_background();
    outcome
}

/// Sends the daemon a command that is answered with a sentence.
pub(super) async fn ask_daemon(context: &Context, request: &Command) -> Result<String, Problem> {
    match ask(&context.paths.socket, request).await {
        Ok(Reply::Done { message }) => Ok(message),
        Ok(Reply::Status(_) | Reply::Subscribed { .. } | Reply::Failed { .. }) => {
            Err(Problem::unexpected_reply())
        }
        Err(error) => Err(explained(context, error).await),
    }
}

/// The events of the daemon from now on.
pub(super) async fn follow_daemon(context: &Context) -> Result<Subscription, Problem> {
    match subscribe(&context.paths.socket, None).await {
        Ok(events) => Ok(events),
        Err(error) => Err(explained(context, error).await),
    }
}

/// The error of a command that needs the daemon. If none runs, the next step depends on whether somebody is signed in.
pub(super) async fn explained(context: &Context, error: Error) -> Problem {
    let is_signed_out =
        matches!(error, Error::NotRunning) && matches!(context.place_of_login().await, Ok(None));
    let problem = Problem::from(error);
    if is_signed_out {
        return problem.hint("you are not signed in: run `handover setup`, then `handover start`");
    }
    problem
}
