//! Readers of the message log that come and go beside the daemon.
//!
//! Invariant: they write nothing. What they read never gets less, and stays the same within a transaction.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use handover::app::Problem;
use handover::app::context::Context;
use handover::app::history::{LogReader, Query};
use handover::domain::message::Seq;
use handover::system::clock;
use rusqlite::{Connection, OpenFlags};

/// How long a reader waits before it reads again.
const INTERVAL: Duration = Duration::from_millis(5);

/// What a reader saw.
#[derive(Clone, Debug, Default)]
pub(crate) struct Read {
    /// The first and the last life that it was there in.
    pub(crate) lives: (usize, usize),
    pub(crate) reads: usize,
    /// How often the message log was locked.
    pub(crate) locked: usize,
    /// The texts of messages.
    pub(crate) texts: BTreeSet<String>,
    /// Other errors, which a fault of the disk may explain.
    pub(crate) errors: Vec<String>,
    /// What no fault explains.
    pub(crate) wrong: Vec<String>,
}

impl Read {
    fn note<T>(&mut self, result: Result<T, String>) -> Option<T> {
        self.reads += 1;
        match result {
            Ok(value) => return Some(value),
            Err(error) if error.contains("locked") => self.locked += 1,
            Err(error) if error.contains("damaged") || error.contains("malformed") => self.wrong.push(error),
            Err(error) => self.errors.push(error),
        }
        None
    }
}

/// Reads as a window does: the newest page, a search, the names of the applications and the whole list. `data` is the user's
/// folder for data.
pub(crate) fn pages(data: &Path, span: Duration) -> Read {
    let (mut read, until) = (Read::default(), clock::instant() + span);
    let nowhere = "http://127.0.0.1:1/";
    let context = Context::throw_away(data, nowhere, "ws://127.0.0.1:1/").expect("a context");
    let mut reader = LogReader::new(context);
    let words = |problem: Problem| problem.message;
    let mut seen = BTreeSet::<Seq>::new();
    while clock::instant() < until {
        let newest = Query { limit: 30, ..Query::default() };
        let search = Query { search: Some("message priority".to_owned()), ..newest.clone() };
        for query in [newest, search] {
            let page = read.note(reader.page(&query).map_err(words)).unwrap_or_default();
            read.texts.extend(page.into_iter().map(|entry| entry.message.body));
        }
        read.note(reader.apps().map_err(words));
        let all = Query { limit: usize::MAX, ..Query::default() };
        if let Some(rows) = read.note(reader.seqs(&all).map_err(words)) {
            let rows = BTreeSet::from_iter(rows);
            if let Some(row) = seen.difference(&rows).next() {
                read.wrong.push(format!("the message in row {} vanished", row.0));
            }
            seen = rows;
        }
        sleep(INTERVAL);
    }
    read
}

/// Reads twice within one transaction, at its beginning and at its end.
pub(crate) fn snapshot(log: &Path, span: Duration) -> Read {
    let mut read = Read::default();
    let counts = |log: &Connection| {
        let sql = "SELECT count(*), total(seq), total(announced <> 0) FROM messages";
        log.query_row(sql, [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, f64>(1)?, row.get::<_, f64>(2)?))
        })
    };
    let reading = || {
        let log = Connection::open_with_flags(log, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        log.execute_batch("BEGIN")?;
        let first = counts(&log)?;
        sleep(span);
        let second = counts(&log)?;
        log.execute_batch("COMMIT")?;
        Ok((first, second))
    };
    let result = reading().map_err(|error: rusqlite::Error| error.to_string());
    if let Some((first, second)) = read.note(result)
        && first != second
    {
        read.wrong.push(format!("a transaction saw {first:?} and then {second:?}"));
    }
    read
}

/// Starts a command that reads and kills it.
pub(crate) fn killed(mut command: Command, span: Duration) -> Read {
    let mut reader = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("start a reader");
    let until: Instant = clock::instant() + span;
    while clock::instant() < until && matches!(reader.try_wait(), Ok(None)) {
        sleep(Duration::from_millis(1));
    }
    // It may have ended by itself.
    drop(reader.kill());
    drop(reader.wait());
    Read { reads: 1, ..Read::default() }
}
