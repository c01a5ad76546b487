//! `handover send outbox`: the messages that are sent later, and those that need the user.
//!
//! Invariant: a message that may have been sent is sent again only if the user says so.

use clap::Args;
use serde_json::json;

use crate::app::Problem;
use crate::app::send::outbox::{self, State};
use crate::cli::{environment, output};
use crate::control::{self, Command};

#[derive(Args)]
pub(super) struct Arguments {
    /// Send a message again that was refused or may have been sent
    #[arg(long, value_name = "ID")]
    retry: Option<String>,
    /// Remove a message
    #[arg(long, value_name = "ID", conflicts_with = "retry")]
    discard: Option<String>,
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Problem> {
    let context = environment::context()?;
    let outbox = outbox::of(&context);
    let change = arguments.retry.as_ref().map(|id| (id, true));
    if let Some((id, again)) = change.or_else(|| arguments.discard.as_ref().map(|id| (id, false))) {
        outbox::change(&outbox, id, again)?;
        return environment::block_on(async {
            // If no daemon runs, the next one finds the message.
            drop(control::ask(&context.paths.socket, &Command::SendQueued).await);
            output::line(if again { "queued again" } else { "discarded" });
            Ok(())
        });
    }
    let all = outbox::all(&outbox)?;
    if all.is_empty() && !arguments.json {
        output::aside("the outbox is empty");
    }
    for queued in all {
        let title = queued.content.fields.iter().find(|(name, _)| name == "title" || name == "message");
        let title = title.map(|(_, text)| text.as_str()).unwrap_or_default();
        if arguments.json {
            output::line(json!({
                "id": queued.id,
                "state": queued.state.word(),
                "application": queued.content.application,
                "recipients": queued.content.recipients,
                "added": queued.content.added,
                "why": queued.content.why,
            }));
            continue;
        }
        let whom = queued.content.recipients.join(", ");
        let added = output::local_time(queued.content.added);
        let state = match queued.state {
            State::Waiting => "waiting",
            State::Sending => "being sent",
            State::Unknown => "may have been sent: ask the recipient, then use --retry or --discard",
            State::Refused => "not sent: fix the cause, then use --retry or --discard",
        };
        let short: String = output::harmless(title).chars().take(60).collect();
        output::line(format_args!("{}  {added}  to {whom}  [{state}]\n    {short}", queued.id));
        if let Some(why) = queued.content.why.as_ref().filter(|_| queued.state != State::Waiting) {
            output::line(format_args!("    {}", output::harmless(why)));
        }
    }
    Ok(())
}
