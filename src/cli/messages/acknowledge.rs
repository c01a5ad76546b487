//! `handover acknowledge ID`: acknowledge an emergency.
//!
//! Invariant: it works without a daemon too: an alarm must be stoppable when nothing else is.

use clap::Args;

use crate::app::Problem;
use crate::app::acknowledge::acknowledge_once;
use crate::app::history::{self, Executor};
use crate::cli::{environment, output};
use crate::control::Command;
use crate::domain::message::MessageId;

#[derive(Args)]
pub(in crate::cli) struct Arguments {
    /// Message id: `handover messages` shows the ids of open emergencies, `--json` all ids
    #[arg(allow_negative_numbers = true)]
    id: i64,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> Result<(), Problem> {
    let context = environment::context()?;
    let id = MessageId::from_stored(arguments.id);
    environment::block_on(async {
        match history::ask_daemon(&context, &Command::acknowledge(id)).await? {
            Executor::Daemon(message) => output::line(message),
            Executor::Here(log) => {
                acknowledge_once(&context, log, id).await?;
                output::line("acknowledged");
            }
        }
        Ok(())
    })
}
