//! The signals that ask a process to end.
//!
//! Invariant: a signal only cancels a token, so whatever runs ends in order.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::app::Problem;

/// Cancels the token on SIGTERM and SIGINT.
pub(super) fn cancel_on_termination(stop: &CancellationToken) -> Result<(), Problem> {
    cancel_on(stop, SignalKind::terminate())?;
    cancel_on(stop, SignalKind::interrupt())
}

/// Cancels the token on this signal, even if the process was started with the signal ignored.
pub(super) fn cancel_on(stop: &CancellationToken, kind: SignalKind) -> Result<(), Problem> {
    let mut signals = signal(kind).map_err(|error| Problem::of_system("the program cannot start", &error))?;
    let stop = stop.clone();
    tokio::spawn(async move {
        signals.recv().await;
        stop.cancel();
    });
    Ok(())
}
