//! `handover listen`: prints each message as it arrives, or runs a program for it, until it is stopped.
//!
//! Invariant: every message that matches is delivered once, in the order of recording, also when the daemon ended and came
//! back meanwhile. A repeat of an emergency is not another message.

use std::time::Duration;

use clap::Args;
use tokio_util::sync::CancellationToken;

use super::list::since;
use super::print::{printed, show_problem};
use super::until_readable::until_readable;
use crate::app::Problem;
use crate::app::context::Context;
use crate::app::e2ee::{self, Reader};
use crate::app::history::NewMessages;
use crate::app::message_report::program::{self, Output};
use crate::app::problem::Kind;
use crate::cli::{environment, output, signals};
use crate::control::{self, Event, Subscription};
use crate::domain::message::{Entry, Priority, Seq};
use crate::domain::rules::{Pattern, Searched};
use crate::system::clock;

/// How long to wait before the first attempt to reach a daemon that ended, and between two attempts at most.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

#[derive(Args)]
pub(in crate::cli) struct Arguments {
    /// Begin with the messages after this id or since this time: 2h, 3d, 2026-11-21, 2026-11-21T08:00
    #[arg(long, value_name = "WHEN|ID", allow_hyphen_values = true)]
    since: Option<String>,
    /// Only messages of this application, by its whole name
    #[arg(long)]
    app: Option<String>,
    /// Only messages of this priority or a higher one, from -2 to 2
    #[arg(long, value_name = "P", allow_negative_numbers = true, value_parser = clap::value_parser!(i8).range(-2..=2))]
    min_priority: Option<i8>,
    /// Only messages with this in the title or text, in any case; /.../ is a regular expression
    #[arg(long = "match", value_name = "TEXT")]
    pattern: Option<String>,
    /// Print one JSON object per line
    #[arg(long, conflicts_with = "exec")]
    json: bool,
    /// Run this program for each message instead of printing it; everything after this flag belongs to the program
    #[arg(long, value_name = "CMD", num_args = 1.., allow_hyphen_values = true)]
    exec: Vec<String>,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> Result<(), Problem> {
    let context = environment::context()?;
    let filter = Filter::new(arguments)?;
    let since = arguments.since.as_deref().map(since).transpose()?;
    environment::block_on(async {
        let stop = CancellationToken::new();
        signals::cancel_on_termination(&stop)?;
        // This comes before the subscription, so that nothing is missed in between.
        let new = NewMessages::since(&context, since)?;
        let events = environment::follow_daemon(&context).await?;
        let (reader, problem) = e2ee::reader(&context).await;
        show_problem(problem.as_ref());
        let listener = Listener { context: &context, filter, reader, arguments };
        stop.run_until_cancelled(listener.listen(new, events)).await.unwrap_or(Ok(()))
    })
}

/// Which messages to deliver.
struct Filter {
    app: Option<String>,
    min_priority: Priority,
    pattern: Option<Pattern>,
}

impl Filter {
    fn new(arguments: &Arguments) -> Result<Self, Problem> {
        let pattern = arguments.pattern.as_deref().map(Pattern::new).transpose().map_err(|why| {
            Problem::new("--match cannot be used", format!("it {why}")).kind(Kind::Usage).hint(
                "write a part of the text, or a regular expression between slashes, as in '/in \\d+ min/'",
            )
        })?;
        Ok(Self {
            app: arguments.app.as_ref().map(|app| app.to_lowercase()),
            min_priority: arguments
                .min_priority
                .map_or(Priority::Lowest, |p| Priority::from_number(p.into())),
            pattern,
        })
    }

    fn matches(&self, entry: &Entry) -> bool {
        let message = &entry.message;
        entry.seq == entry.first
            && message.priority >= self.min_priority
            && self.app.as_ref().is_none_or(|app| message.app.to_lowercase() == *app)
            && self.pattern.as_ref().is_none_or(|pattern| {
                let title = message.title.as_deref().filter(|_| !message.encrypted).unwrap_or_default();
                pattern.matches(&Searched::new(title)) || pattern.matches(&Searched::new(message.words()))
            })
    }
}

struct Listener<'a> {
    context: &'a Context,
    filter: Filter,
    reader: Reader,
    arguments: &'a Arguments,
}

impl Listener<'_> {
    /// Ends when nobody reads the output any longer.
    async fn listen(&self, mut new: NewMessages, mut events: Subscription) -> Result<(), Problem> {
        loop {
            loop {
                let entries = until_readable(|| new.next(self.context)).await?;
                if entries.is_empty() {
                    break;
                }
                for entry in entries.into_iter().map(|entry| self.reader.open(entry)) {
                    if self.filter.matches(&entry) && !self.deliver(&entry).await? {
                        return Ok(());
                    }
                }
            }
            if !something_new(&mut events, &new).await {
                output::aside("the daemon has stopped; waiting until it runs again");
                events = self.reconnected().await?;
                output::aside("the daemon is running again");
            }
        }
    }

    /// Whether the output is still read.
    async fn deliver(&self, entry: &Entry) -> Result<bool, Problem> {
        if self.arguments.exec.is_empty() {
            return Ok(output::line_is_read(printed(entry, clock::unix(), self.arguments.json)?));
        }
        if let Err(why) = program::run(&self.arguments.exec, entry, Output::Inherited).await {
            output::aside(format_args!(
                "the program failed for message {}: {}",
                entry.message.id,
                output::harmless(&why)
            ));
        }
        Ok(true)
    }

    async fn reconnected(&self) -> Result<Subscription, Problem> {
        let mut pause = FIRST_PAUSE;
        loop {
            clock::pause(pause).await;
            match control::subscribe(&self.context.paths.socket, None).await {
                Ok(events) => return Ok(events),
                // Another version of the program was installed meanwhile.
                Err(error @ control::Error::OlderDaemon) => return Err(error.into()),
                Err(
                    control::Error::NotRunning | control::Error::Refused { .. } | control::Error::Broken(_),
                ) => pause = (pause * 2).min(LONGEST_PAUSE),
            }
        }
    }
}

/// Waits until there may be a new message; false when the daemon is gone.
async fn something_new(events: &mut Subscription, new: &NewMessages) -> bool {
    loop {
        match events.next().await {
            Ok(Some(Event::Recorded(message))) if new.awaits(Seq(message.row)) => return true,
            Ok(Some(Event::Missed { .. } | Event::AllDeleted { .. })) => return true,
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => return false,
        }
    }
}
