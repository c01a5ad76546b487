//! Keeps icons and sounds in a folder that may vanish at any time.
//!
//! Invariant: what is found there was looked at and is what its ending says; it got its name only when it was whole;
//! and the folder grows no larger than `MOST_FILES` and `MOST_BYTES`.

mod format;

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use super::paths::private_folder;
use crate::domain::media::{Kind, MediaFile};

/// The most files of a kind that are kept.
const MOST_FILES: usize = 500;
/// The most bytes of a kind that are kept.
const MOST_BYTES: u64 = 20 << 20;
/// The largest file that is looked at; the service's own are far below.
const LARGEST: u64 = 2 << 20;
/// What the name of a file begins with that is not whole yet.
const UNFINISHED: &str = ".unfinished-";

/// Why a file is not kept.
#[derive(Debug, thiserror::Error)]
pub enum NotKept {
    /// It is not what it should be.
    #[error("it is {0}")]
    Unfit(&'static str),
    /// The folder cannot be written.
    #[error("it cannot be kept: {0}")]
    Folder(#[from] io::Error),
}

/// The files of the service that are kept on this computer.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    /// The files that were looked at, as they were then.
    fit: Mutex<BTreeMap<PathBuf, (SystemTime, u64)>>,
}

/// A file that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Where.
    pub path: PathBuf,
    /// When it was known to be what the service has, unix seconds.
    pub confirmed: i64,
}

impl Cache {
    /// A cache in this folder, which is made when there is something to keep.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, fit: Mutex::default() }
    }

    /// The file, if it is here and as it should be.
    pub fn find(&self, file: &MediaFile) -> Option<Kept> {
        let path = self.path(file);
        let found = path.symlink_metadata().ok().filter(Metadata::is_file)?;
        let confirmed = found.modified().ok()?;
        let now = (confirmed, found.len());
        if self.fit().get(&path) != Some(&now) {
            let bytes = if found.len() <= LARGEST { fs::read(&path).ok()? } else { return None };
            format::check(file.kind, &bytes).ok()?;
            self.fit().insert(path.clone(), now);
        }
        Some(Kept { path, confirmed: seconds(confirmed) })
    }

    /// Keeps a file in place of the one before, unless it is not what it should be.
    pub fn keep(&self, file: &MediaFile, bytes: &[u8], unix: i64) -> Result<PathBuf, NotKept> {
        format::check(file.kind, bytes).map_err(NotKept::Unfit)?;
        let path = self.path(file);
        let folder = self.folder_of(file.kind);
        private_folder(&self.folder)?;
        private_folder(&folder)?;
        let mut unfinished = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(&folder)?;
        unfinished.write_all(bytes)?;
        unfinished.as_file().set_modified(moment(unix))?;
        unfinished.persist(&path).map_err(|error| error.error)?;
        self.prune(file.kind);
        Ok(path)
    }

    /// Takes note that a file is still what the service has.
    pub fn confirm(&self, file: &MediaFile, unix: i64) -> io::Result<()> {
        File::options().write(true).open(self.path(file))?.set_modified(moment(unix))
    }

    /// Deletes what a crash left unfinished, and beyond the bounds what was confirmed longest ago.
    pub fn prune(&self, kind: Kind) {
        let Ok(entries) = fs::read_dir(self.folder_of(kind)) else { return };
        let mut files: Vec<(SystemTime, u64, PathBuf)> = entries
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let found = entry.metadata().ok().filter(Metadata::is_file)?;
                let is_unfinished = entry.file_name().to_string_lossy().starts_with(UNFINISHED);
                let time = if is_unfinished { SystemTime::UNIX_EPOCH } else { found.modified().ok()? };
                // One at a time is written, and that one has its name already.
                let length = if is_unfinished { MOST_BYTES } else { found.len() };
                Some((time, length, entry.path()))
            })
            .collect();
        files.sort_unstable_by(|one, other| other.cmp(one));
        let mut bytes = 0;
        for (place, (_, length, path)) in files.into_iter().enumerate() {
            bytes += length;
            if place >= MOST_FILES || bytes > MOST_BYTES {
                self.fit().remove(&path);
                // What cannot be deleted stays; there is nothing else to try.
                drop(fs::remove_file(path));
            }
        }
    }

    fn path(&self, file: &MediaFile) -> PathBuf {
        let ending = match file.kind {
            Kind::Icon => "png",
            Kind::Sound => "wav",
        };
        self.folder_of(file.kind).join(format!("{}.{ending}", file.name.as_str()))
    }

    fn folder_of(&self, kind: Kind) -> PathBuf {
        let name = match kind {
            Kind::Icon => Path::new("icons"),
            Kind::Sound => Path::new("sounds"),
        };
        self.folder.join(name)
    }

    fn fit(&self) -> MutexGuard<'_, BTreeMap<PathBuf, (SystemTime, u64)>> {
        // At worst something is looked at once more.
        self.fit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn moment(unix: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(unix).unwrap_or_default())
}

fn seconds(moment: SystemTime) -> i64 {
    let since = moment.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
