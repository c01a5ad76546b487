//! `handover install-desktop-files`: puts Handover into the menu of applications, for users without a package.
//!
//! Invariant: it writes into the user's own folders only, and says where.

use clap::Args;

use super::output;
use crate::app::Problem;
use crate::app::installation::menu_entry;

#[derive(Args)]
pub(super) struct Arguments {
    /// Remove them instead
    #[arg(long)]
    remove: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Problem> {
    if !arguments.remove {
        for path in menu_entry::install()? {
            output::line(format!("installed {}", path.display()));
        }
        return Ok(());
    }
    let removed = menu_entry::remove()?;
    if removed.is_empty() {
        output::line("there was nothing to remove");
    }
    for path in removed {
        output::line(format!("removed {}", path.display()));
    }
    Ok(())
}
