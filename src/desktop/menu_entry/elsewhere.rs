//! Systems whose menu of applications is not made of desktop files.
//!
//! Invariant: nothing is written.

use std::path::PathBuf;

use super::error::Error;

/// There is nothing to install.
pub fn install() -> Result<[PathBuf; 2], Error> {
    Err(Error::NoMenu)
}

/// There is nothing to remove.
#[expect(clippy::unnecessary_wraps, reason = "it can fail where there are such files")]
pub fn remove() -> Result<Vec<PathBuf>, Error> {
    Ok(Vec::new())
}
