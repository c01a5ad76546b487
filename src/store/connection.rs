//! Opens the message log's file, and creates it if it does not exist.
//!
//! Invariant: a file that cannot be used is not changed; a new file can be read by its owner only.

use std::io;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, MAIN_DB, OpenFlags, Transaction, TransactionBehavior};

use super::error::Error;
use super::migrate;
use crate::system::private_folder;

/// How long a statement waits for another program to release the file. Short, because all callers share one connection;
/// the caller tries again.
const TIMEOUT: Duration = Duration::from_millis(300);

/// Opens the message log for reading and writing, and creates it if it does not exist.
pub(super) fn or_create(path: &Path) -> Result<Connection, Error> {
    create(path)?;
    let connection = existing(path)?;
    // SQLite silently falls back to reading if it may not write the file.
    match connection.is_readonly(MAIN_DB) {
        Ok(false) => Ok(connection),
        Ok(true) => Err(Error::Unwritable { path: path.to_owned(), cause: "it is read-only".to_owned() }),
        Err(error) => Err(Error::from_sqlite(error, path)),
    }
}

fn existing(path: &Path) -> Result<Connection, Error> {
    let fail = |error| Error::from_sqlite(error, path);
    // `open` checks the version before anything is written: that fails on a file that is not a database.
    let (mut connection, version) = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    if version > migrate::VERSION {
        return Err(Error::Newer);
    }
    if version == 0 {
        // This only has an effect before the first table is created. It lets free pages be released without rewriting
        // the file.
        connection.execute_batch("PRAGMA auto_vacuum = INCREMENTAL").map_err(fail)?;
    }
    connection.execute_batch(WRITING).map_err(fail)?;
    connection.execute_batch(SMALL).map_err(fail)?;
    migrate::migrate(&mut connection).map_err(fail)?;
    Ok(connection)
}

/// Opens an existing message log for reading; `None` if it has no tables yet.
pub(super) fn read_only(path: &Path) -> Result<Option<Connection>, Error> {
    let (connection, version) = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    match version {
        0 => return Ok(None),
        version if version < migrate::VERSION => return Err(Error::Older),
        version if version > migrate::VERSION => return Err(Error::Newer),
        _ => {}
    }
    connection.execute_batch(SMALL).map_err(|error| Error::from_sqlite(error, path))?;
    Ok(Some(connection))
}

/// Opens a damaged file for reading as much as possible.
pub(super) fn for_rescue(path: &Path) -> Result<Connection, Error> {
    let (connection, _version) = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    // Rows that do not fit into their page are then an error, not nonsense.
    let careful = connection.pragma_update(None, "cell_size_check", true);
    careful.map_err(|error| Error::from_sqlite(error, path))?;
    Ok(connection)
}

/// Takes the lock that writing needs and releases it.
pub(super) fn check_writable(path: &Path) -> Result<(), Error> {
    let (mut connection, _version) = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate);
    transaction.and_then(Transaction::rollback).map_err(|error| Error::from_sqlite(error, path))
}

/// Opens a file and reads the version of its tables.
fn open(path: &Path, access: OpenFlags) -> Result<(Connection, i64), Error> {
    let fail = |error| Error::from_sqlite(error, path);
    // Without SQLITE_OPEN_URI the path is not parsed as a URI. The store has its own mutex.
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(fail)?;
    connection.busy_timeout(TIMEOUT).map_err(fail)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    let version = migrate::version(&connection).map_err(fail)?;
    Ok((connection, version))
}

/// How many statements stay prepared: more than are run for a message. Preparing one costs more than running it.
const STATEMENTS: usize = 64;

/// Foreign keys are not turned on, because the schema has none.
const WRITING: &str = "
    -- One writer and any number of readers at once.
    PRAGMA journal_mode = WAL;
    -- With a write-ahead log only FULL syncs at every commit (https://sqlite.org/pragma.html#pragma_synchronous).
    PRAGMA synchronous = FULL;
    -- Forgotten text is overwritten.
    PRAGMA secure_delete = ON;
    PRAGMA journal_size_limit = 1048576;
";

const SMALL: &str = "
    -- Text stays out of files in /tmp.
    PRAGMA temp_store = MEMORY;
    -- A small process: 512 KiB of pages, none of them mapped.
    PRAGMA cache_size = -512;
    PRAGMA mmap_size = 0;
";

fn create(path: &Path) -> Result<(), Error> {
    if let Some(folder) = path.parent() {
        private_folder::create(folder).map_err(|error| Error::from_io(&error, folder))?;
    }
    // An existing file is not opened here: closing it would end the locks that SQLite holds on it
    // (https://sqlite.org/howtocorrupt.html, section 2.2).
    // SQLite gives the other files of the database the same mode.
    match private_folder::create_file(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(Error::from_io(&error, path)),
    }
}
