//! `handover uninstall`: removes everything that Handover has saved for this user, including messages and login.
//!
//! Invariant: nothing is removed unless a person agreed on the terminal, or the command line says `--yes`; what is left is
//! named.

use clap::Args;

use super::daemon::quit;
use super::{environment, output};
use crate::app::Problem;
use crate::app::installation::uninstall;
use crate::app::problem::Kind;

#[derive(Args)]
pub(super) struct Arguments {
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Problem> {
    let context = environment::context()?;
    if !arguments.yes {
        output::aside("This stops Handover, signs out, and removes, with all messages:");
        for path in uninstall::paths(&context) {
            output::aside(format!("  {}", path.display()));
        }
        output::aside(
            "  the login, the encryption key, tokens and keys for sending, the autostart entry, installed desktop files",
        );
        if !output::agrees("Remove everything?", "nothing was removed")? {
            output::aside("nothing was removed");
            return Ok(());
        }
    }
    environment::block_on(async {
        match quit::stop(&context).await {
            Err(problem) if problem.kind != Kind::NotRunning => return Err(problem),
            Ok(()) | Err(_) => {}
        }
        let uninstalled = uninstall::uninstall(&context).await?;
        if let Some(name) = &uninstalled.device {
            output::line(format!(
                "the device {name} stays registered with the service; remove it at https://pushover.net"
            ));
        }
        if let Some(problem) = uninstalled.left.into_iter().reduce(both) {
            return Err(problem);
        }
        output::line(
            "everything was removed but the program itself; `cargo uninstall handover`, or your package manager, removes that",
        );
        output::line(
            "a desktop that keeps a history of notifications may still list those of Handover; clear it in the desktop",
        );
        Ok(())
    })
}

/// Two problems as one.
fn both(one: Problem, other: Problem) -> Problem {
    Problem {
        message: format!("{}; {}", one.message, other.message),
        hint: one.hint.or(other.hint),
        kind: one.kind,
    }
}
