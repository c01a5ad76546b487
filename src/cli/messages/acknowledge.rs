//! `handover acknowledge ID`: acknowledge an emergency.
//!
//! Invariant: it works without a daemon too: an alarm must be stoppable when nothing else is.

use clap::Args;

use crate::app::Problem;
use crate::app::acknowledge::acknowledge_once;
use crate::app::context::Context;
use crate::cli::{environment, output};
use crate::control::{self, Reply, Request};
use crate::domain::message::MessageId;

#[derive(Args)]
pub(in crate::cli) struct Arguments {
    /// The message's id: `handover messages` shows that of every open emergency, `--json` those of all messages
    #[arg(allow_negative_numbers = true)]
    id: i64,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> Result<(), Problem> {
    let context = environment::context()?;
    let id = MessageId::from_stored(arguments.id);
    environment::block_on(async {
        match control::ask(&context.paths.socket, &Request::acknowledge(id)).await {
            Ok(Reply::Done { message }) => output::line(message),
            Ok(_) => {
                return Err(Problem::new(
                    "the message could not be acknowledged",
                    "the daemon answered something else",
                ));
            }
            Err(control::Error::NotRunning) => {
                without_daemon(&context, id).await?;
                output::line("acknowledged");
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    })
}

async fn without_daemon(context: &Context, id: MessageId) -> Result<(), Problem> {
    let Some(credentials) = context.login().await? else {
        return Err(Problem::not_signed_in());
    };
    acknowledge_once(&context.open_store()?, &context.rest()?, &credentials, id).await
}
