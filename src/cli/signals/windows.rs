//! What Windows tells a program of a console: keys, and that the console or the session ends.
//!
//! Invariant: nothing that it tells is left to its default, which ends the process at once.

use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_logoff, ctrl_shutdown};
use tokio_util::sync::CancellationToken;

use crate::app::Problem;

/// Cancels the token on Ctrl-C and Ctrl-Break, and when the console is closed, the user logs off or the computer shuts down.
pub(in crate::cli) fn cancel_on_termination(stop: &CancellationToken) -> Result<(), Problem> {
    let unusable = |error| Problem::of_system("the program cannot start", &error);
    let mut keys = (ctrl_c().map_err(unusable)?, ctrl_break().map_err(unusable)?);
    let mut ends = (
        ctrl_close().map_err(unusable)?,
        ctrl_logoff().map_err(unusable)?,
        ctrl_shutdown().map_err(unusable)?,
    );
    let stop = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = keys.0.recv() => {}
            _ = keys.1.recv() => {}
            _ = ends.0.recv() => {}
            _ = ends.1.recv() => {}
            _ = ends.2.recv() => {}
        }
        stop.cancel();
    });
    Ok(())
}

/// [`cancel_on_termination`] does it already.
#[expect(
    clippy::unnecessary_wraps,
    reason = "it can fail where the closed terminal sends a signal of its own"
)]
pub(in crate::cli) fn cancel_on_hangup(_stop: &CancellationToken) -> Result<(), Problem> {
    Ok(())
}

/// The file of a running program cannot be replaced, so an installer ends it first.
#[expect(clippy::unnecessary_wraps, reason = "it can fail where the installer sends a signal")]
pub(in crate::cli) fn cancel_on_upgrade(_stop: &CancellationToken, _note: fn()) -> Result<(), Problem> {
    Ok(())
}
