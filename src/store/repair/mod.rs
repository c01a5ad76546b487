//! Saves what can be read of a damaged message log into a new one.
//!
//! Invariant: the damaged file is never changed and is kept beside the new one. A crash at any point leaves either the damaged
//! file in its place, or a complete new one, which the next start puts there.

mod copy;
mod scan;

use std::fmt;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tokio::sync::watch;

use super::error::Error;
use super::{Store, connection, row};
use crate::system::atomic_file::{folder_of, sync_folder};
use crate::system::private_folder;

/// What a repair saved. As text it is a sentence without its full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    /// The messages in the new message log.
    pub saved: u64,
    /// How many messages the damaged file had, where it still says so.
    pub before: Option<u64>,
    /// Where the damaged file is now.
    pub damaged_file: PathBuf,
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.before {
            Some(before) if before >= self.saved => {
                write!(f, "{} of {before} messages were saved from it", self.saved)?;
            }
            Some(_) | None => write!(f, "{} messages were saved from it", self.saved)?,
        }
        write!(f, "; the damaged file is kept as {}", self.damaged_file.display())
    }
}

/// The suffix of a new message log that is not complete.
const UNFINISHED: &str = ".repairing";
/// The suffix of a complete one that is not in its place yet.
const FINISHED: &str = ".repaired";
/// The suffix of a file that asks the next start to look for damage.
const CHECK: &str = ".check";
/// The suffix of a damaged file; a number follows.
const DAMAGED: &str = ".damaged-";

impl Store {
    /// Opens the message log like [`open`](Self::open); if it is damaged, or is not a message log, opens a new one that has
    /// everything that could be read.
    pub fn open_or_repair(path: &Path) -> Result<Self, Error> {
        let fail = |error: io::Error| Error::from_io(&error, path);
        put_in_place(path).map_err(fail)?;
        let to_check = with_suffix(path, CHECK);
        let is_to_be_checked = to_check.try_exists().map_err(fail)?;
        let opened = Self::open(path).and_then(|store| {
            if is_to_be_checked {
                store.check()?;
                // Damage may have spared the structure of the file.
                store.read(|log| row::each(log, row::SELECT, [], |_| Ok(())))?;
            }
            Ok(store)
        });
        let mut store = match opened {
            Ok(store) => store,
            // All statements are constant, so an error in one means that the tables are not what they should be.
            Err(Error::Damaged(_) | Error::Other(_)) => {
                let (saved, before) = save(path)?;
                let damaged_file = put_in_place(path).map_err(fail)?;
                let damaged_file = damaged_file.unwrap_or_else(|| path.to_owned());
                Self { repair: Some(Repair { saved, before, damaged_file }), ..Self::open(path)? }
            }
            Err(error) => return Err(error),
        };
        remove(&to_check).map_err(fail)?;
        store.was_checked = is_to_be_checked || store.repair.is_some();
        Ok(store)
    }

    /// The repair that opening it took, if any.
    pub fn repair(&self) -> Option<&Repair> {
        self.repair.as_ref()
    }

    /// Becomes true when anything that is read turns out to be damaged.
    pub fn damage(&self) -> watch::Receiver<bool> {
        self.damage.subscribe()
    }

    /// Has the next [`open_or_repair`](Self::open_or_repair) read all of the file to find the damage; `false` if this one did, so
    /// that doing it again is of no use.
    pub fn request_check(&self) -> Result<bool, Error> {
        if !self.was_checked {
            Self::request_check_of(&self.path)?;
        }
        Ok(!self.was_checked)
    }

    /// The same for a message log that is not open, and may be too damaged to be opened.
    pub fn request_check_of(path: &Path) -> Result<(), Error> {
        let check = private_folder::open_file(&with_suffix(path, CHECK));
        check.map(drop).map_err(|error| Error::from_io(&error, path))
    }

    /// The damaged files that repairs have left beside the message log, the oldest first.
    pub fn damaged_files(path: &Path) -> Vec<PathBuf> {
        numbered(path).take_while(|file| file.exists()).collect()
    }
}

/// Copies what can be read into a new file; returns how many messages that are, and how many there were if that is known.
fn save(path: &Path) -> Result<(u64, Option<u64>), Error> {
    let unfinished = with_suffix(path, UNFINISHED);
    remove_database(&unfinished).map_err(|error| Error::from_io(&error, path))?;
    let new = connection::or_create(&unfinished)?;
    let fail = |error| Error::from_sqlite(error, &unfinished);
    let damaged = connection::for_rescue(path).ok();
    let before = damaged.as_ref().and_then(copy::count);
    copy::everything(path, damaged.as_ref(), &new).map_err(fail)?;
    let saved = copy::count(&new).unwrap_or_default();
    finish(new).map_err(fail)?;
    let file = fs::File::options().write(true).open(&unfinished);
    let moved = file.and_then(|file| file.sync_all()).and_then(|()| {
        fs::rename(&unfinished, with_suffix(path, FINISHED))?;
        sync_folder(folder_of(path))
    });
    moved.map_err(|error| Error::from_io(&error, path))?;
    Ok((saved, before))
}

/// Writes everything into the one file that is moved.
fn finish(new: Connection) -> rusqlite::Result<()> {
    new.pragma_update(None, "journal_mode", "DELETE")?;
    new.close().map_err(|(_connection, error)| error)
}

/// Moves the damaged file out of the way and a complete new one into its place, if there is one; returns where the
/// damaged file is now.
fn put_in_place(path: &Path) -> io::Result<Option<PathBuf>> {
    let finished = with_suffix(path, FINISHED);
    if !finished.try_exists()? {
        return Ok(None);
    }
    let mut damaged_file = None;
    if path.try_exists()? {
        let free = numbered(path).find(|file| !file.exists()).unwrap_or_else(|| with_suffix(path, DAMAGED));
        // The write-ahead log goes first: SQLite must never find the old one beside the new file.
        for suffix in ["-wal", "-shm"] {
            rename_if_there(&with_suffix(path, suffix), &with_suffix(&free, suffix))?;
        }
        sync_folder(folder_of(path))?;
        fs::rename(path, &free)?;
        sync_folder(folder_of(path))?;
        damaged_file = Some(free);
    }
    fs::rename(&finished, path)?;
    sync_folder(folder_of(path))?;
    Ok(damaged_file)
}

/// The names of damaged files, in order.
fn numbered(path: &Path) -> impl Iterator<Item = PathBuf> {
    (1..1_000).map(move |number| with_suffix(path, &format!("{DAMAGED}{number}")))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn rename_if_there(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn remove_database(path: &Path) -> io::Result<()> {
    ["", "-wal", "-shm", "-journal"].iter().try_for_each(|suffix| remove(&with_suffix(path, suffix)))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
