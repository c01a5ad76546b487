//! Why the message log could not be read or written, in words for the user.
//!
//! Invariant: an error never contains any part of a message; what SQLite says about an error names columns and codes, never
//! values.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Error as Sqlite, ffi};

use crate::domain::system;

/// Why the message log could not be read or written: the cause in `messages cannot be saved: <cause>`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no room for the change; nothing was written.
    #[error("the disk is full")]
    Full,
    /// Another program holds the file; worth trying again.
    #[error("the file is locked by another program")]
    Locked,
    /// The file or its folder cannot be created, opened or written.
    #[error("{} cannot be written: {cause}", path.display())]
    Unwritable {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        cause: String,
    },
    /// The disk failed to read or write.
    #[error("the disk reported an error at {}", .0.display())]
    Disk(PathBuf),
    /// The file has tables that this version does not know.
    #[error("the file was made by a newer version of Handover")]
    Newer,
    /// The file was opened for reading, and its tables are too old for this version.
    #[error("the file was made by an older version of Handover")]
    Older,
    /// The file is not a message log, or is damaged.
    #[error("{} is damaged or not a message log", .0.display())]
    Damaged(PathBuf),
    /// Another computer uses the same file, over a network.
    #[error("the computer {computer} is using it")]
    InUse {
        /// The other computer's name.
        computer: String,
    },
    /// An error that is not expected to happen.
    #[error("the database failed: {0}")]
    Other(Sqlite),
}

impl Error {
    /// What the user can do about it, if anything.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Full => Some("free some disk space; nothing is lost, and saving is retried"),
            Self::Locked => {
                Some("close the program that has the file open; nothing is lost, and saving is retried")
            }
            Self::Unwritable { .. } => {
                Some("check who owns the file and its folder, and that neither is read-only")
            }
            Self::Disk(_) => Some("look for disk errors in the system log"),
            Self::Newer => Some("update Handover"),
            Self::Older => Some("start Handover, which updates the file"),
            Self::Damaged(_) => {
                Some("run `handover doctor --repair`: it saves what can be read, and keeps the damaged file")
            }
            Self::InUse { .. } => Some(
                "quit Handover on that computer, or set XDG_DATA_HOME to a different folder on each; if it crashed or lost the network, this passes within 15 minutes",
            ),
            Self::Other(_) => None,
        }
    }

    /// Whether it may pass without the user, so that retrying makes sense.
    pub fn passes(&self) -> bool {
        match self {
            Self::Full | Self::Locked | Self::Disk(_) => true,
            Self::Unwritable { .. }
            | Self::Newer
            | Self::Older
            | Self::Damaged(_)
            | Self::InUse { .. }
            | Self::Other(_) => false,
        }
    }

    /// What an error of SQLite means for the message log at `path`.
    pub(super) fn from_sqlite(error: Sqlite, path: &Path) -> Self {
        let unreadable = matches!(
            error,
            Sqlite::FromSqlConversionFailure(..)
                | Sqlite::IntegralValueOutOfRange(..)
                | Sqlite::InvalidColumnType(..)
        );
        if unreadable {
            return Self::Damaged(path.to_owned());
        }
        let unwritable = |cause: &str| Self::Unwritable { path: path.to_owned(), cause: cause.to_owned() };
        let code = error.sqlite_error().map(|failure| failure.extended_code).unwrap_or_default();
        // When SQLite cannot enlarge the shared memory of the write-ahead log, it does not report the full disk as
        // such.
        if code == ffi::SQLITE_IOERR_SHMSIZE {
            return Self::Full;
        }
        // The lowest byte of an extended code is its primary code (https://sqlite.org/rescode.html).
        match code & 0xff {
            ffi::SQLITE_FULL => Self::Full,
            ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED | ffi::SQLITE_PROTOCOL => Self::Locked,
            ffi::SQLITE_READONLY => unwritable("it is read-only"),
            ffi::SQLITE_CANTOPEN => unwritable("it cannot be opened"),
            ffi::SQLITE_PERM => unwritable("permission denied"),
            ffi::SQLITE_IOERR => Self::Disk(path.to_owned()),
            ffi::SQLITE_CORRUPT | ffi::SQLITE_NOTADB => Self::Damaged(path.to_owned()),
            _ => Self::Other(error),
        }
    }

    /// What an error of the file system means for the file or folder at `path`.
    pub(super) fn from_io(error: &io::Error, path: &Path) -> Self {
        let kind = error.kind();
        if matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
            return Self::Full;
        }
        Self::Unwritable { path: path.to_owned(), cause: system::in_words(error) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_code(code: i32) -> Error {
        Error::from_sqlite(Sqlite::SqliteFailure(ffi::Error::new(code), None), Path::new("/d/messages.db"))
    }

    #[test]
    fn every_sqlite_code_has_a_message() {
        for (code, words) in [
            (ffi::SQLITE_FULL, "the disk is full"),
            (ffi::SQLITE_IOERR_SHMSIZE, "the disk is full"),
            (ffi::SQLITE_BUSY, "the file is locked by another program"),
            (ffi::SQLITE_BUSY_SNAPSHOT, "the file is locked by another program"),
            (ffi::SQLITE_PROTOCOL, "the file is locked by another program"),
            (ffi::SQLITE_LOCKED, "the file is locked by another program"),
            (ffi::SQLITE_READONLY_DIRECTORY, "/d/messages.db cannot be written: it is read-only"),
            (ffi::SQLITE_CANTOPEN, "/d/messages.db cannot be written: it cannot be opened"),
            (ffi::SQLITE_PERM, "/d/messages.db cannot be written: permission denied"),
            (ffi::SQLITE_IOERR_FSYNC, "the disk reported an error at /d/messages.db"),
            (ffi::SQLITE_IOERR_WRITE, "the disk reported an error at /d/messages.db"),
            (ffi::SQLITE_CORRUPT_VTAB, "/d/messages.db is damaged or not a message log"),
            (ffi::SQLITE_NOTADB, "/d/messages.db is damaged or not a message log"),
        ] {
            assert_eq!(from_code(code).to_string(), words);
            assert!(from_code(code).hint().is_some(), "{code}");
        }
        assert!(matches!(from_code(ffi::SQLITE_MISUSE), Error::Other(_)));
    }

    #[test]
    fn an_error_of_the_file_system_says_what_and_where() {
        let path = Path::new("/d");
        let words = |kind: io::ErrorKind| Error::from_io(&kind.into(), path).to_string();
        assert_eq!(words(io::ErrorKind::StorageFull), "the disk is full");
        assert_eq!(words(io::ErrorKind::PermissionDenied), "/d cannot be written: permission denied");
        assert_eq!(words(io::ErrorKind::ReadOnlyFilesystem), "/d cannot be written: it is read-only");
    }
}
