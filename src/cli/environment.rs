//! What a command finds around it: folders, settings, servers, a runtime.
//!
//! Invariant: every command sees the same places, whatever order it asks in.

use crate::app::Problem;
use crate::app::surroundings::Surroundings;
use crate::control::{self, Reply, Request, ask};

/// The places and the settings, read once for a command.
pub(super) fn surroundings() -> Result<Surroundings, Problem> {
    Surroundings::from_environment()
}

/// Runs a future on this thread until it is done.
pub(super) fn block_on<T>(future: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Problem::new("the program cannot start", error))?;
    runtime.block_on(future)
}

/// Asks the daemon something that is answered with a sentence.
pub(super) async fn ask_daemon(surroundings: &Surroundings, request: &Request) -> Result<String, Problem> {
    match ask(&surroundings.paths.socket, request).await? {
        Reply::Done { message } => Ok(message),
        Reply::Failed { message, hint, not_signed_in } => {
            Err(control::Error::Refused { message, hint, not_signed_in }.into())
        }
        Reply::Status(status) => Ok(status.sentence),
    }
}
