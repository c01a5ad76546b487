//! `handover acknowledge [ID]`: acknowledge an emergency, the open one if no id is given.
//!
//! Invariant: it works without a daemon too: an alarm must be stoppable when nothing else is. It never chooses between several
//! emergencies.

use clap::Args;

use crate::app::Problem;
use crate::app::acknowledge::{acknowledge_once, open_emergencies, pending_acks};
use crate::app::context::Context;
use crate::app::e2ee;
use crate::app::history::{self, Executor};
use crate::app::problem::Kind;
use crate::cli::{environment, output};
use crate::control::Command;
use crate::domain::message::{Entry, MessageId};
use crate::domain::name::Name;

#[derive(Args)]
pub(in crate::cli) struct Arguments {
    /// Message id, which `handover messages` shows; not needed if one emergency is open
    #[arg(allow_negative_numbers = true)]
    id: Option<i64>,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> Result<(), Problem> {
    let context = environment::context()?;
    environment::block_on(async {
        let id = match arguments.id {
            Some(id) => MessageId::from_stored(id),
            None => match the_open_one(&context).await? {
                Some(id) => id,
                None => return Ok(()),
            },
        };
        match history::ask_daemon(&context, &Command::acknowledge(id)).await? {
            Executor::Daemon(message) => output::line(message),
            Executor::Here(log) => {
                acknowledge_once(&context, *log, id).await?;
                output::line("acknowledged");
            }
        }
        Ok(())
    })
}

/// The only open emergency, after naming it; `None` after saying that there is none.
async fn the_open_one(context: &Context) -> Result<Option<MessageId>, Problem> {
    let open = open_emergencies(context, history::service_unix(context).await)?;
    let (reader, _) = e2ee::reader(context).await;
    let open: Vec<Entry> = open.into_iter().map(|entry| reader.open(entry)).collect();
    match &open[..] {
        [] => {
            output::line(match pending_acks(context)? {
                0 => "no emergency has to be acknowledged".to_owned(),
                1 => "no other emergency has to be acknowledged; 1 acknowledgement waiting".to_owned(),
                count => {
                    format!("no other emergency has to be acknowledged; {count} acknowledgements waiting")
                }
            });
            Ok(None)
        }
        [only] => {
            output::line(format!("the open emergency is {}", named(only)));
            Ok(Some(only.message.id))
        }
        several => {
            output::aside("Several emergencies are open:");
            for entry in several {
                output::aside(format!("  handover acknowledge {}  {}", entry.message.id, named(entry)));
            }
            let why = format!("{} emergencies are open", several.len());
            Err(Problem::new("nothing was acknowledged", why)
                .kind(Kind::Usage)
                .hint("add the id of one of them"))
        }
    }
}

fn named(entry: &Entry) -> String {
    output::harmless(&Name::of(&entry.message).line())
}
