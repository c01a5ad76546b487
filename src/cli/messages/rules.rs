//! `handover rules check`: what the rules in the settings do to a message.
//!
//! Invariant: nothing is changed, and the message is not delivered again.

use clap::{Args, Subcommand};

use super::print::show_problem;
use crate::app::Problem;
use crate::app::context::Context;
use crate::app::rules::{explain, made_up, report};
use crate::app::{e2ee, history};
use crate::cli::{environment, output};
use crate::domain::message::{Entry, Message, MessageId, Priority};

#[derive(Args)]
pub(in crate::cli) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Explain which rule does what to a message; without one, check the rules themselves
    Check(Check),
}

#[derive(Args)]
struct Check {
    /// The id of a received message
    #[arg(allow_hyphen_values = true, conflicts_with_all = ["app", "title", "text", "priority", "sound", "url"])]
    id: Option<i64>,
    /// The application of a made-up message
    #[arg(long)]
    app: Option<String>,
    /// Its title
    #[arg(long)]
    title: Option<String>,
    /// Its text
    #[arg(long)]
    text: Option<String>,
    /// Its priority, from -2 to 2
    #[arg(long, allow_negative_numbers = true, value_parser = clap::value_parser!(i8).range(-2..=2))]
    priority: Option<i8>,
    /// The name of its sound
    #[arg(long)]
    sound: Option<String>,
    /// Its link
    #[arg(long)]
    url: Option<String>,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> Result<(), Problem> {
    let Command::Check(check) = &arguments.command;
    let context = environment::context_with_settings()?;
    let rules = &context.settings.rules;
    if rules.is_empty() {
        output::line(format_args!("there are no rules in {}", context.paths.settings.display()));
        return Ok(());
    }
    let Some(entry) = check.entry(&context)? else {
        output::line(output::harmless(&report(rules).sentence));
        return Ok(());
    };
    let explanation = explain(&context.settings, &entry);
    for rule in &explanation.rules {
        output::line(output::harmless(rule));
    }
    output::line(format_args!("result: {}", output::harmless(&explanation.result)));
    Ok(())
}

impl Check {
    /// The message to check; none if none is described.
    fn entry(&self, context: &Context) -> Result<Option<Entry>, Problem> {
        if let Some(id) = self.id {
            return found(context, MessageId::from_stored(id)).map(Some);
        }
        let Self { id: _, app, title, text, priority, sound, url } = self;
        let is_described =
            [app, title, text, sound, url].iter().any(|given| given.is_some()) || priority.is_some();
        if !is_described {
            return Ok(None);
        }
        let message = Message {
            app: app.clone().unwrap_or_default(),
            title: title.clone(),
            body: text.clone().unwrap_or_default(),
            priority: Priority::from_number(priority.unwrap_or_default().into()),
            sound: sound.clone(),
            url: url.clone(),
            ..Message::unread(MessageId::from_stored(1))
        };
        Ok(made_up(message))
    }
}

fn found(context: &Context, id: MessageId) -> Result<Entry, Problem> {
    let entry = match history::open(context)? {
        Some(log) => log.find(id)?,
        None => None,
    };
    let Some(entry) = entry else {
        return Err(Problem::new("the rules cannot be checked", format!("there is no message {id}"))
            .hint("`handover messages --json` shows the ids"));
    };
    let (reader, problem) = environment::block_on(async { Ok(e2ee::reader(context).await) })?;
    show_problem(problem.as_ref());
    Ok(reader.open(entry))
}
