//! Caches icons and sounds in a folder that may be deleted at any time.
//!
//! Invariant: a returned file has been checked and has the format of its extension; the folder never grows beyond
//! `MAX_FILES` and `MAX_BYTES`.

mod format;

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use crate::domain::media::{Kind, MediaFile};
use crate::system::atomic_file::{self, UNFINISHED};
use crate::system::private_folder;

/// The most files of a kind that are kept.
const MAX_FILES: usize = 500;
/// The most bytes of a kind that are kept.
const MAX_BYTES: u64 = 20 << 20;
/// The largest file that is read; those of the service are far smaller.
const MAX_FILE_SIZE: u64 = 2 << 20;

/// Why a file was not saved.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// It has another format.
    #[error("it is {0}")]
    InvalidFormat(&'static str),
    /// The folder cannot be written.
    #[error("it cannot be saved: {0}")]
    Folder(#[from] io::Error),
}

/// The icons and sounds of the service that are saved on this computer; clones are the same cache.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
    /// The time and the size of the files that were checked. A mutex, since several tasks use the cache.
    checked: Arc<Mutex<BTreeMap<PathBuf, (SystemTime, u64)>>>,
}

/// A file in the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CachedFile {
    /// Its path.
    pub path: PathBuf,
    /// When it was last known to be the same as the service's, in unix seconds.
    pub confirmed: i64,
}

impl Cache {
    /// A cache in this folder, which is created with the first file.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, checked: Arc::default() }
    }

    /// The file, if it is in the cache and has the right format.
    pub fn find(&self, file: &MediaFile) -> Option<CachedFile> {
        let path = self.path(file);
        let found = path.symlink_metadata().ok().filter(Metadata::is_file)?;
        let confirmed = found.modified().ok()?;
        let now = (confirmed, found.len());
        if self.checked().get(&path) != Some(&now) {
            let bytes = if found.len() <= MAX_FILE_SIZE { fs::read(&path).ok()? } else { return None };
            format::check(file.kind, &bytes).ok()?;
            self.checked().insert(path.clone(), now);
        }
        Some(CachedFile { path, confirmed: unix_seconds(confirmed) })
    }

    /// Saves or replaces a file, if it has the right format.
    pub fn save(&self, file: &MediaFile, bytes: &[u8], unix: i64) -> Result<PathBuf, CacheError> {
        format::check(file.kind, bytes).map_err(CacheError::InvalidFormat)?;
        let path = self.path(file);
        let folder = self.folder_of(file.kind);
        private_folder::ensure(&self.folder)?;
        private_folder::ensure(&folder)?;
        // Not synced, since every file is checked before use and can be downloaded again.
        atomic_file::replace_without_sync(&path, bytes, system_time(unix))?;
        self.prune(file.kind);
        Ok(path)
    }

    /// Records that a file is still the same as the service's.
    pub fn confirm(&self, file: &MediaFile, unix: i64) -> io::Result<()> {
        File::options().write(true).open(self.path(file))?.set_modified(system_time(unix))
    }

    /// Deletes unfinished files that a crash left and, beyond the limits, the files that were confirmed the longest
    /// ago.
    pub fn prune(&self, kind: Kind) {
        let Ok(entries) = fs::read_dir(self.folder_of(kind)) else { return };
        let mut files: Vec<(SystemTime, u64, PathBuf)> = entries
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let found = entry.metadata().ok().filter(Metadata::is_file)?;
                let is_unfinished = entry.file_name().to_string_lossy().starts_with(UNFINISHED);
                let time = if is_unfinished { SystemTime::UNIX_EPOCH } else { found.modified().ok()? };
                // No other file is being written now.
                let length = if is_unfinished { MAX_BYTES } else { found.len() };
                Some((time, length, entry.path()))
            })
            .collect();
        files.sort_unstable_by(|one, other| other.cmp(one));
        let mut bytes = 0;
        for (index, (_, length, path)) in files.into_iter().enumerate() {
            bytes += length;
            if index >= MAX_FILES || bytes > MAX_BYTES {
                self.checked().remove(&path);
                // A file that cannot be deleted is left.
                drop(fs::remove_file(path));
            }
        }
    }

    fn path(&self, file: &MediaFile) -> PathBuf {
        let extension = match file.kind {
            Kind::Icon => "png",
            Kind::Sound => "wav",
        };
        self.folder_of(file.kind).join(format!("{}.{extension}", file.name.as_str()))
    }

    fn folder_of(&self, kind: Kind) -> PathBuf {
        let name = match kind {
            Kind::Icon => Path::new("icons"),
            Kind::Sound => Path::new("sounds"),
        };
        self.folder.join(name)
    }

    fn checked(&self) -> MutexGuard<'_, BTreeMap<PathBuf, (SystemTime, u64)>> {
        // After a panic, at worst a file is checked again.
        self.checked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn system_time(unix: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(unix).unwrap_or_default())
}

fn unix_seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
