//! What setup prints once the login is saved.
//!
//! Invariant: these are the results of the command, so they go to standard output.

use crate::app::sign_in::SignedIn;
use crate::app::{Problem, autostart};
use crate::cli::output;
use crate::daemon::Fetched;

pub(super) fn signed_in(signed_in: &SignedIn) {
    output::line(format!("signed in as {}", signed_in.login.device_name));
}

pub(super) fn fetched(fetched: &Fetched) {
    match fetched {
        Fetched::Here(0) => output::line("no messages were waiting"),
        Fetched::Here(1) => output::line("1 waiting message was saved; see it with `handover messages`"),
        Fetched::Here(count) => {
            output::line(format!("{count} waiting messages were saved; see them with `handover messages`"));
        }
        Fetched::Later(problem) => output::line(format!("{problem}; `handover start` will fetch them")),
        Fetched::ByDaemon => output::line("the running daemon now uses this login"),
    }
}

/// Starts Handover at login from now on, or no longer.
pub(super) fn set_autostart(on: bool) -> Result<(), Problem> {
    if on {
        autostart::switch_on()?;
        output::line("Handover will start at login");
    } else {
        autostart::switch_off()?;
        output::line("Handover does not start at login");
    }
    Ok(())
}

pub(super) fn next_step(fetched: &Fetched) {
    match fetched {
        Fetched::Here(_) | Fetched::Later(_) => output::line("start receiving with `handover start`"),
        Fetched::ByDaemon => {}
    }
}
