//! The signals of Unix that ask a process to end.
//!
//! Invariant: a signal is received even if the process was started with it ignored.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::app::Problem;

/// Cancels the token on SIGTERM and SIGINT.
pub(in crate::cli) fn cancel_on_termination(stop: &CancellationToken) -> Result<(), Problem> {
    cancel_on(stop, SignalKind::terminate())?;
    cancel_on(stop, SignalKind::interrupt())
}

/// Cancels the token when the terminal is closed.
pub(in crate::cli) fn cancel_on_hangup(stop: &CancellationToken) -> Result<(), Problem> {
    cancel_on(stop, SignalKind::hangup())
}

/// Cancels the token on SIGUSR2, which a package sends when it has replaced the program, and calls `note` before. A package knows
/// by the handler that this process wants the signal, whose default would end it.
pub(in crate::cli) fn cancel_on_upgrade(stop: &CancellationToken, note: fn()) -> Result<(), Problem> {
    let upgraded = CancellationToken::new();
    cancel_on(&upgraded, SignalKind::user_defined2())?;
    let stop = stop.clone();
    tokio::spawn(async move {
        upgraded.cancelled().await;
        note();
        stop.cancel();
    });
    Ok(())
}

fn cancel_on(stop: &CancellationToken, kind: SignalKind) -> Result<(), Problem> {
    let mut signals = signal(kind).map_err(|error| Problem::of_system("the program cannot start", &error))?;
    let stop = stop.clone();
    tokio::spawn(async move {
        signals.recv().await;
        stop.cancel();
    });
    Ok(())
}
