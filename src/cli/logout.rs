//! `handover logout`: forget the login.
//!
//! Invariant: the login is gone from this computer when it returns; messages go only when asked to.

use clap::Args;

use super::{environment, output};
use crate::app::{Problem, history};
use crate::control::{self, Request};

#[derive(Args)]
pub(super) struct Arguments {
    /// Forget the received messages as well
    #[arg(long)]
    forget_messages: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Problem> {
    let surroundings = environment::surroundings()?;
    environment::block_on(async {
        let nobody = matches!(surroundings.place_of_login().await, Ok(None));
        // Also then: what is left of a login may be hard to see.
        surroundings.forget_login().await?;
        // A running daemon lets go of the connection; none running is as good.
        match control::ask(&surroundings.paths.socket, &Request::LoginChanged).await {
            Ok(_) | Err(control::Error::NotRunning) => {}
            Err(error) => return Err(error.into()),
        }
        let login = if nobody { "nobody was signed in" } else { "signed out" };
        if arguments.forget_messages {
            history::forget(&surroundings.paths.messages)?;
            output::line(format!("{login}; the messages are forgotten"));
        } else {
            output::line(format!("{login}; the messages are kept"));
        }
        Ok(())
    })
}
