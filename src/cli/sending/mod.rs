//! `handover send`, and what belongs to it: setting it up, the outbox, receipts.
//!
//! Invariant: no option takes a token or a key, since other users can see the command line.

mod arguments;
mod http;
mod outbox;
mod receipt;
mod report;
mod send;
mod setup;

use clap::{Args, Subcommand};

pub(super) use http::{Arguments as HttpArguments, run as http};
pub(super) use receipt::{Arguments as ReceiptArguments, run as receipt};

use crate::app::Problem;

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    message: arguments::Message,
}

#[derive(Subcommand)]
enum Command {
    /// Ask for the token of an application and the key of a recipient, check them and store them
    Setup(setup::Arguments),
    /// List the messages that are sent later, and those that need your attention
    Outbox(outbox::Arguments),
}

/// `handover send`.
pub(super) fn run(arguments: Arguments) -> Result<(), Problem> {
    match arguments.command {
        Some(Command::Setup(arguments)) => setup::run(&arguments),
        Some(Command::Outbox(arguments)) => outbox::run(&arguments),
        None => send::run(arguments.message),
    }
}
