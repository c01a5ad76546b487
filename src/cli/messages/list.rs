//! `handover messages`: the message log, for a person or (`--json`) a program.
//!
//! Invariant: oldest first, whole and unshortened; message text cannot steer the terminal; and standard output holds
//! messages and nothing else.

use clap::Args;

use super::delete::{self, Deletion};
use super::print::{printed, show_problem};
use super::watch;
use crate::app::Problem;
use crate::app::context::Context;
use crate::app::e2ee::{self, Reader};
use crate::app::history::{self, Query, Since};
use crate::app::problem::Kind;
use crate::app::time_format;
use crate::cli::{environment, output};
use crate::domain::message::MessageId;
use crate::system::clock;

/// How many messages are listed by default.
const LISTED: usize = 50;

#[derive(Args)]
pub(in crate::cli) struct Arguments {
    /// Show at most this many messages, the newest ones [default: 50; with --watch 5, with --delete all]
    #[arg(long)]
    limit: Option<usize>,
    /// Only messages after this id or since this time: 2h, 3d, 2w, 2026-11-21, 2026-11-21T08:00
    #[arg(long, value_name = "WHEN|ID", allow_hyphen_values = true)]
    since: Option<String>,
    /// Only messages with these words in title, text or application
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Only messages of this application, by its whole name
    #[arg(long)]
    app: Option<String>,
    /// Only unread messages that have not expired
    #[arg(long)]
    unread: bool,
    /// Mark the listed messages as read
    #[arg(long)]
    mark_read: bool,
    /// Delete the messages instead of listing them, except unread ones and open emergencies
    #[arg(long, conflicts_with_all = ["mark_read", "json"])]
    delete: bool,
    /// With --delete, do not ask
    #[arg(long, requires = "delete")]
    yes: bool,
    /// With --delete, delete unread messages and open emergencies too
    #[arg(long, requires = "delete")]
    include_unread: bool,
    /// List the newest messages, then keep running and print each new one as it arrives
    #[arg(long, conflicts_with_all = ["delete", "mark_read", "since"])]
    watch: bool,
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
}

impl Arguments {
    /// Whether there may be messages that are not listed.
    fn is_filtered(&self) -> bool {
        self.unread
            || self.since.is_some()
            || self.search.is_some()
            || self.app.is_some()
            || self.limit == Some(0)
    }
}

pub(in crate::cli) fn run(arguments: &Arguments) -> Result<(), Problem> {
    let context = environment::context()?;
    let unix = environment::block_on(async { Ok(history::service_unix(&context).await) })?;
    let query = Query {
        limit: arguments.limit.unwrap_or(match arguments {
            Arguments { delete: true, .. } => usize::MAX,
            Arguments { watch: true, .. } => watch::LISTED,
            Arguments { .. } => LISTED,
        }),
        since: arguments.since.as_deref().map(since).transpose()?,
        search: arguments.search.clone(),
        unread: arguments.unread.then_some(unix),
        app: arguments.app.clone(),
        // A program gets every message with its id.
        each_emergency_once: !arguments.json && !arguments.delete,
        ..Query::default()
    };
    if arguments.delete {
        let delete =
            Deletion { query, include_unread: arguments.include_unread, is_agreed: arguments.yes, unix };
        return delete::run(&context, &delete, || reader(&context));
    }
    if arguments.watch {
        return watch::run(&context, &query, arguments.json);
    }
    let entries = history::messages(&context, &query, || reader(&context))?;
    if entries.is_empty() && !arguments.json {
        // It goes to standard error, so that a program that reads the result gets nothing.
        output::aside(if arguments.is_filtered() { "no matching messages" } else { "no messages" });
    }
    for entry in &entries {
        output::line(printed(entry, unix, arguments.json)?);
    }
    if arguments.mark_read {
        environment::block_on(history::mark_read(&context, &entries))?;
    }
    Ok(())
}

/// The reader that decrypts messages, if there is a key; without one they are listed encrypted.
fn reader(context: &Context) -> Result<Reader, Problem> {
    let (reader, problem) = environment::block_on(async { Ok(e2ee::reader(context).await) })?;
    show_problem(problem.as_ref());
    Ok(reader)
}

/// Reads `--since`: a message id, a span before now, or a date with or without a time.
pub(super) fn since(text: &str) -> Result<Since, Problem> {
    if let Ok(id) = text.parse() {
        return Ok(Since::Id(MessageId::from_stored(id)));
    }
    let time = time_format::read_since(text, clock::unix(), &jiff::tz::TimeZone::system());
    time.map(Since::Time).ok_or_else(|| {
        Problem::new("--since cannot be used", format!("`{text}` is neither a time nor a message id"))
            .kind(Kind::Usage)
            .hint("try 2h, 3d, 2026-11-21, 2026-11-21T08:00, or a message id")
    })
}
