//! `handover logout`: forget the login, and the key of end-to-end encryption with it.
//!
//! Invariant: the login is gone from this computer when it returns; messages are deleted only on request. The device's
//! name is remembered for the next sign-in.

use clap::Args;

use super::{environment, output};
use crate::app::{Problem, e2ee, history};

#[derive(Args)]
pub(super) struct Arguments {
    /// Delete the received messages too
    #[arg(long)]
    forget_messages: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Problem> {
    let context = environment::context()?;
    environment::block_on(async {
        let was_signed_out = matches!(context.place_of_login().await, Ok(None));
        // A login that cannot be read is forgotten all the same.
        let device = context.login().await.ok().flatten().map(|login| login.device_name);
        // This is done even without a login, because parts of one may be left.
        context.forget_login().await?;
        if let Some(name) = &device {
            context.remember_device_name(name);
        }
        // It belongs to the account, as the login does.
        let had_key = e2ee::forget_key(&context).await;
        // A running daemon closes its connection.
        environment::tell_of_change(&context).await?;
        let had_key = had_key?;
        let login = if was_signed_out { "you were not signed in" } else { "signed out" };
        let login =
            if had_key { format!("{login}; the encryption key was removed") } else { login.to_owned() };
        if arguments.forget_messages {
            history::forget(&context).await?;
            output::line(format!("{login}; the messages were deleted"));
        } else {
            output::line(format!("{login}; the messages are kept"));
        }
        if let Some(name) = device {
            output::line(format!(
                "the device {name} stays registered with the service; remove it at https://pushover.net"
            ));
        }
        Ok(())
    })
}
