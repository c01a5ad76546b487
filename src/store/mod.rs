//! The message log: the received messages, and what has been done with each.
//!
//! Invariant: when a method returns `Ok`, its whole change is on disk; when it returns an error, nothing has changed
//! (except in `forget_messages`). All SQL of this program is in this module. The JSON of a message is stored as it came
//! and never parsed here.

mod connection;
mod delete;
mod error;
mod events;
mod lease;
mod migrate;
mod notifications;
pub mod outbox;
mod pause;
mod read;
mod repair;
mod row;
mod search;
#[cfg(test)]
mod tests;
mod write;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::watch;

pub use delete::Outdated;
pub use error::Error;
pub use events::{Event, EventKind, Events};
pub use notifications::OnScreen;
pub use repair::Repair;

use crate::domain::message::{MessageId, Priority, Receipt, Seq};
use crate::system::clock;
use crate::system::computer::Computer;
use events::Appender;

/// The message log. One process writes it, the daemon; any number may read it meanwhile.
pub struct Store {
    connection: Mutex<Connection>,
    path: PathBuf,
    computer: Computer,
    latest_event: watch::Sender<i64>,
    /// Whether all of the file was read when it was opened, and no damage was found, or it was repaired.
    was_checked: bool,
    repair: Option<Repair>,
    /// Whether anything that was read turned out to be damaged.
    damage: watch::Sender<bool>,
}

/// A request to acknowledge an emergency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingAck {
    /// Which emergency.
    pub receipt: Receipt,
    /// When the request is given up, unix seconds.
    pub expires: i64,
}

/// Counts of the whole message log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Unread messages, shown or not, without those that are expired.
    pub unread: u64,
    /// When the next of them expires, unix seconds.
    pub next_expiry: Option<i64>,
    /// Emergencies that the service may still repeat, and for which no acknowledgement was ever requested.
    pub unacknowledged: u64,
    /// Requested acknowledgements that are neither confirmed nor given up.
    pub pending_acks: u64,
    /// When the latest message was recorded, unix seconds.
    pub last_recorded: Option<i64>,
    /// Messages still to be shown, without those that a pause holds back.
    pub unannounced: u64,
    /// Messages in the message log.
    pub messages: u64,
}

/// Which messages to list; a message has to meet every condition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// The most messages to return, the newest ones.
    pub limit: usize,
    /// Only later ones.
    pub since: Option<Since>,
    /// Only messages recorded before this one.
    pub before: Option<Seq>,
    /// Only messages with all of these words in the title, text or application; the last word may be the beginning of
    /// one.
    pub search: Option<String>,
    /// Only unread ones that are not expired at this unix time.
    pub unread: Option<i64>,
    /// Only those of this application.
    pub app: Option<String>,
    /// Only messages of this priority or a higher one.
    pub min_priority: Option<Priority>,
    /// List each emergency once, however often it was repeated: its last copy, in the place of its first.
    pub each_emergency_once: bool,
}

/// Where a list begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// With the first message recorded after this one. If it is not in the message log, with the very first message, so
    /// that nothing is left out.
    Id(MessageId),
    /// With messages that the service accepted or this computer recorded at this time or later, in unix seconds.
    Time(i64),
}

impl Store {
    /// Opens the message log for reading and writing; creates missing files and folders for their owner alone. Only the process
    /// that holds the instance lock does this. Fails while another computer uses the message log.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::open_on(path, Computer::this())
    }

    /// Opens it as another computer would, for tests.
    fn open_on(path: &Path, computer: Computer) -> Result<Self, Error> {
        let connection = connection::or_create(path)?;
        let free = lease::check(&connection, &computer, clock::unix());
        free.map_err(|error| Error::from_sqlite(error, path))??;
        Self::of(connection, path, computer)
    }

    /// Opens the message log for reading, even while another process writes; `None` if there is none yet. The tables are not
    /// migrated.
    pub fn open_read_only(path: &Path) -> Result<Option<Self>, Error> {
        match path.try_exists() {
            Ok(false) => Ok(None),
            Ok(true) => {
                let of = |connection| Self::of(connection, path, Computer::this());
                connection::read_only(path)?.map(of).transpose()
            }
            Err(error) => Err(Error::from_io(&error, path)),
        }
    }

    /// Checks whether the message log can be written, by taking and releasing the lock that writing needs. Changes
    /// nothing.
    pub fn check_writable(path: &Path) -> Result<(), Error> {
        connection::check_writable(path)
    }

    fn of(connection: Connection, path: &Path, computer: Computer) -> Result<Self, Error> {
        let latest = events::latest(&connection).map_err(|error| Error::from_sqlite(error, path))?;
        let latest_event = watch::Sender::new(latest);
        Ok(Self {
            connection: Mutex::new(connection),
            path: path.to_owned(),
            computer,
            latest_event,
            was_checked: false,
            repair: None,
            damage: watch::Sender::new(false),
        })
    }

    /// Reads from one snapshot of the message log, which later writes do not change.
    fn read<T>(&self, work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T, Error> {
        self.within(TransactionBehavior::Deferred, work)
    }

    /// Writes in one transaction: all of it is on disk on `Ok`, none of it otherwise. Nothing is written while another computer
    /// uses the message log.
    fn write<T>(&self, work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T, Error> {
        // Immediate, so that a lock of another process is noticed before any work is done.
        self.within(TransactionBehavior::Immediate, |log| {
            match lease::check(log, &self.computer, clock::unix())? {
                Ok(()) => work(log).map(Ok),
                Err(error) => Ok(Err(error)),
            }
        })?
    }

    /// Writes a change and the events that describe it in one transaction.
    fn write_events<T>(
        &self,
        unix: i64,
        work: impl FnOnce(&Transaction<'_>, &mut Appender<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        let (value, latest) = self.write(|log| {
            let mut appender = Appender::new(log, unix);
            let value = work(log, &mut appender)?;
            Ok((value, appender.finish()?))
        })?;
        if let Some(latest) = latest {
            self.latest_event.send_replace(latest);
        }
        Ok(value)
    }

    fn within<T>(
        &self,
        behavior: TransactionBehavior,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        let attempt = || {
            let mut connection = self.connection();
            let transaction = connection.transaction_with_behavior(behavior)?;
            let value = work(&transaction)?;
            transaction.commit()?;
            Ok(value)
        };
        attempt().map_err(|error| {
            let error = Error::from_sqlite(error, &self.path);
            if let Error::Damaged(_) = error {
                self.damage.send_replace(true);
            }
            error
        })
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("path", &self.path).finish_non_exhaustive()
    }
}
