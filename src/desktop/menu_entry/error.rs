//! Why the desktop files cannot be installed or removed.
//!
//! Invariant: an error names the file it is about.

use std::io;
use std::path::PathBuf;

use crate::domain::system;

/// Why the files cannot be installed or removed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no home folder.
    #[error("there is no home folder")]
    NoFolder,
    /// The path of this program is not known, or cannot be written into an entry.
    #[error("the path of this program cannot be written into a desktop entry")]
    Program,
    /// The entry was not created here.
    #[error("{0} was not created by Handover")]
    Foreign(PathBuf),
    /// There is no menu for them.
    #[error("the menu of this system is not made of such files")]
    NoMenu,
    /// A file cannot be read or written.
    #[error("{}: {}", .0.display(), system::in_words(.1))]
    File(PathBuf, #[source] io::Error),
}
