//! Reads and changes the message log for a command, whether or not a daemon runs.
//!
//! Invariant: a command reads on a read-only connection and marks nothing unless asked to. It writes only under the
//! instance lock, so that while a daemon runs, the daemon is the only writer. A missing message log counts as empty.

mod follow;
mod log_reader;

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

pub use self::follow::NewMessages;
pub use self::log_reader::LogReader;
use super::Problem;
use super::context::Context;
use super::e2ee::{self, Reader};
use super::instance::Instance;
use crate::control::{self, Command, Filter, Reply, Selection};
use crate::domain::message::{Acknowledgement, Entry, LONGEST_EMERGENCY, Seq};
use crate::store::{self, Store};
pub use crate::store::{Query, Since};
use crate::system::clock;
use crate::system::off_thread::off_thread;

/// The most messages that one command to the daemon names.
const MESSAGES_PER_COMMAND: usize = 1_000;

/// The most messages that one command to the daemon deletes, at about a millisecond each.
const DELETED_PER_COMMAND: usize = 500;

/// How often the instance lock is tried while a daemon is starting or stopping.
const RETRY: Duration = Duration::from_millis(100);
const RETRIES: u32 = 50;

/// The messages of a query, oldest first and decrypted; a search also finds words in encrypted messages. `reader` is called
/// only if there is something to decrypt.
pub fn messages(
    context: &Context,
    query: &Query,
    reader: impl FnOnce() -> Result<Reader, Problem>,
) -> Result<Vec<Entry>, Problem> {
    let Some(store) = open(context)? else { return Ok(Vec::new()) };
    check_since(&store, query)?;
    messages_in_store(&store, query, reader)
}

fn messages_in_store(
    store: &Store,
    query: &Query,
    reader: impl FnOnce() -> Result<Reader, Problem>,
) -> Result<Vec<Entry>, Problem> {
    let entries = store.messages(query)?;
    if !e2ee::may_be_encrypted(&entries) && !store.may_hide_words(query)? {
        return Ok(entries);
    }
    let reader = reader()?;
    Ok(store.messages_decrypted(query, |entry| reader.open(entry))?)
}

/// The service's time as the running daemon knows it, or else this computer's, in unix seconds. It decides which
/// messages are expired.
pub async fn service_unix(context: &Context) -> i64 {
    match control::ask(&context.paths.socket, &Command::Status).await {
        Ok(Reply::Status(status)) => status.service_time.unwrap_or_else(clock::unix),
        Ok(_) | Err(_) => clock::unix(),
    }
}

/// The messages of a query, from the message log of a daemon in this process.
pub fn messages_in(log: &Path, query: &Query) -> Result<Vec<Entry>, Problem> {
    match Store::open_read_only(log)? {
        Some(store) => Ok(store.messages(query)?),
        None => Ok(Vec::new()),
    }
}

/// The message log, opened for reading; `None` if there is none yet.
pub fn open(context: &Context) -> Result<Option<Store>, Problem> {
    let path = &context.paths.messages;
    match Store::open_read_only(path) {
        Err(store::Error::Older) => {
            // Only the process that holds the lock may update the tables.
            let Some(_instance) = take_lock(context)? else {
                return Err(Problem::new(
                    "the message log cannot be read",
                    "the running daemon is an older version of Handover",
                )
                .hint("restart it: `handover quit`, then start it again"));
            };
            drop(Store::open(path)?);
            Ok(Store::open_read_only(path)?)
        }
        opened => Ok(opened?),
    }
}

fn check_since(store: &Store, query: &Query) -> Result<(), Problem> {
    match query.since {
        Some(Since::Id(id)) if store.find(id)?.is_none() => {
            Err(Problem::new("--since cannot be used", format!("there is no message {id}"))
                .hint("`handover messages --json` shows the ids; a date needs a month and a day"))
        }
        Some(Since::Id(_) | Since::Time(_)) | None => Ok(()),
    }
}

/// Marks messages as read.
pub async fn mark_read(context: &Context, entries: &[Entry]) -> Result<(), Problem> {
    let seqs: Vec<Seq> = entries.iter().filter(|entry| entry.read.is_none()).map(|entry| entry.seq).collect();
    mark_rows_read(context, &seqs).await
}

/// Marks the messages in these rows as read.
pub async fn mark_rows_read(context: &Context, seqs: &[Seq]) -> Result<(), Problem> {
    for seqs in seqs.chunks(MESSAGES_PER_COMMAND) {
        let rows = seqs.iter().map(|seq| seq.0).collect();
        let command = Command::MarkRead(Selection { rows, ..Selection::default() });
        if let Executor::Here(log) = ask_daemon(context, &command).await? {
            log.store.mark_read(seqs, clock::unix())?;
        }
    }
    Ok(())
}

/// Marks the unread messages that a filter selects as read.
pub async fn mark_matching_read(context: &Context, filter: Filter) -> Result<(), Problem> {
    if !context.paths.messages.exists() {
        return Ok(());
    }
    let command = Command::MarkRead(Selection { filter: Some(filter.clone()), ..Selection::default() });
    if let Executor::Here(log) = ask_daemon(context, &command).await? {
        let Filter { app, before } = filter;
        off_thread(move || {
            let seqs = log.store.unread_seqs(app.as_deref(), before)?;
            log.store.mark_read(&seqs, clock::unix())
        })
        .await?;
    }
    Ok(())
}

/// Marks messages as not read.
pub async fn mark_unread(context: &Context, seqs: &[Seq]) -> Result<(), Problem> {
    for seqs in seqs.chunks(MESSAGES_PER_COMMAND) {
        let rows = seqs.iter().map(|seq| seq.0).collect();
        let command = Command::MarkUnread(Selection { rows, ..Selection::default() });
        if let Executor::Here(log) = ask_daemon(context, &command).await? {
            log.store.mark_unread(seqs, clock::unix())?;
        }
    }
    Ok(())
}

/// Messages to delete.
#[derive(Debug, Default)]
pub struct Selected {
    /// Their rows, the oldest first.
    pub seqs: Vec<Seq>,
    /// How many other messages match the query but are unread or open emergencies.
    pub kept: usize,
}

/// Selects the messages of a query for deletion: without unread ones, unless the query asks for those, and without open
/// emergencies; `include_unread` includes both. `unix` is the service time. `reader` is called only if there is
/// something to decrypt.
pub fn select(
    context: &Context,
    query: &Query,
    include_unread: bool,
    unix: i64,
    reader: impl FnOnce() -> Result<Reader, Problem>,
) -> Result<Selected, Problem> {
    let Some(store) = open(context)? else { return Ok(Selected::default()) };
    check_since(&store, query)?;
    let mut selected = Selected::default();
    let mut take = |entry: Entry| {
        let is_unread = query.unread.is_none() && entry.is_unread(unix);
        let may_repeat = entry.recorded.saturating_add(LONGEST_EMERGENCY) > unix;
        let is_open = may_repeat
            && entry.message.is_open_emergency()
            && entry.acknowledgement != Acknowledgement::Confirmed;
        if (is_unread || is_open) && !include_unread {
            selected.kept += 1;
        } else {
            selected.seqs.push(entry.seq);
        }
        ControlFlow::Continue(())
    };
    if store.may_hide_words(query)? {
        let reader = reader()?;
        for entry in store.messages_decrypted(query, |entry| reader.open(entry))? {
            let _ = take(entry);
        }
    } else {
        store.each_message(query, take)?;
    }
    selected.seqs.sort_unstable();
    Ok(selected)
}

/// Deletes messages.
pub async fn delete(context: &Context, seqs: &[Seq]) -> Result<(), Problem> {
    for seqs in seqs.chunks(DELETED_PER_COMMAND) {
        let rows = seqs.iter().map(|seq| seq.0).collect();
        let command = Command::DeleteMessages(Selection { rows, ..Selection::default() });
        if let Executor::Here(log) = ask_daemon(context, &command).await? {
            let deleted = log.store.delete_messages(seqs, clock::unix())?;
            while log.store.shrink()? {}
            if deleted < seqs.len() {
                return Err(not_all_deleted(seqs.len() - deleted));
            }
        }
    }
    Ok(())
}

/// Why some messages were not deleted.
pub fn not_all_deleted(left: usize) -> Problem {
    let why = format!("the service still has {left} of the messages and would deliver them again");
    Problem::new("not all messages were deleted", why).hint("run `handover sync`, then delete them again")
}

/// Forgets every message.
pub async fn forget(context: &Context) -> Result<(), Problem> {
    if !context.paths.messages.exists() {
        return Ok(());
    }
    if let Executor::Here(log) = ask_daemon(context, &Command::ForgetMessages).await? {
        log.store.forget_messages(clock::unix())?;
    }
    Ok(())
}

/// Who carries out a command that changes the message log.
pub enum Executor {
    /// The daemon carried it out, and replied with this sentence.
    Daemon(String),
    /// No daemon runs, so this process has to carry it out, with this message log.
    Here(Box<OwnLog>),
}

/// The message log in a process that may write to it. No daemon can start as long as this exists.
#[derive(Debug)]
pub struct OwnLog {
    /// The message log.
    pub store: Store,
    _instance: Instance,
}

impl OwnLog {
    /// Opens the message log, creating it if necessary; `None` while a daemon runs.
    pub fn open(context: &Context) -> Result<Option<Self>, Problem> {
        let Some(instance) = take_lock(context)? else { return Ok(None) };
        Ok(Some(Self { store: context.open_store()?, _instance: instance }))
    }
}

/// Sends a command to the daemon; if none runs, opens the message log for this process.
pub async fn ask_daemon(context: &Context, command: &Command) -> Result<Executor, Problem> {
    for _ in 0..RETRIES {
        match control::ask(&context.paths.socket, command).await {
            Ok(Reply::Done { message }) => return Ok(Executor::Daemon(message)),
            Ok(Reply::Status(_) | Reply::Subscribed { .. } | Reply::Failed { .. }) => {
                return Err(Problem::unexpected_reply());
            }
            Err(control::Error::NotRunning) => {}
            Err(error) => return Err(error.into()),
        }
        if let Some(log) = OwnLog::open(context)? {
            return Ok(Executor::Here(Box::new(log)));
        }
        clock::pause(RETRY).await;
    }
    Err(Problem::new("the daemon cannot be reached", "it is starting or stopping")
        .hint("try again in a few seconds"))
}

fn take_lock(context: &Context) -> Result<Option<Instance>, Problem> {
    context.make_runtime_folder()?;
    let lock = &context.paths.lock;
    Instance::take(lock)
        .map_err(|error| Problem::of_system(&format!("{} cannot be used", lock.display()), &error))
}
