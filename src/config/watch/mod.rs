//! Follows the settings file, however it is changed: written in place, replaced, removed, linked to from elsewhere.
//!
//! Invariant: the file is read only after it was left alone for a while, so that half a file is not taken for settings.
//!
//! Changes that another computer makes on a network file system are not seen.

mod route;

use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind, RenameMode};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::empty::read_again;
use super::error::Error;
use crate::domain::settings::Settings;
use crate::system::off_thread::off_thread;
use crate::system::private_folder;
use route::Route;

/// How long a file that looks complete must be left alone before it is read. Formatters and the like write a second
/// time right after an editor did.
const AFTER_COMPLETE: Duration = Duration::from_millis(100);

/// The same for a file that may be half written, or missing for an instant: without a file, or with an empty one, all
/// settings would be at their defaults, and an emergency that the user wants to acknowledge by hand might be
/// acknowledged.
const AFTER_PARTIAL: Duration = Duration::from_secs(1);

/// How often the file is read while it cannot be watched.
const UNWATCHED: Duration = Duration::from_mins(5);

/// What happened to the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FileEvent {
    /// It was closed after writing, or came by a rename.
    Complete,
    /// Anything else.
    Partial,
}

/// Follows the settings file.
#[derive(Debug)]
pub struct Watcher {
    path: PathBuf,
    watch: Option<Watch>,
    /// How long nothing may happen before the file is read; `None` when nothing happened since it was read.
    quiet: Option<Duration>,
    /// Whether the log says that the file cannot be watched.
    is_reported: bool,
}

impl Watcher {
    /// A watcher for this file. Neither the file nor its folders need to exist. The folder is created if it can be, because
    /// less happens in it than in the one around it.
    pub fn new(path: &Path) -> Self {
        let path = std::path::absolute(path).unwrap_or_else(|_no_folder| path.to_owned());
        // Without it the folder around it is watched.
        drop(path.parent().map(private_folder::create));
        Self { path, watch: None, quiet: Some(Duration::ZERO), is_reported: false }
    }

    /// The settings in the file: at once the first time, and then each time something happened to the file. They may be the same
    /// as before; `None` for an empty file. Cancel safe.
    pub async fn settings(&mut self) -> Result<Option<Settings>, Error> {
        loop {
            let event = match self.quiet {
                None => Some(self.event().await),
                Some(quiet) => timeout(quiet, self.event()).await.ok(),
            };
            if let Some(event) = event {
                self.quiet = Some(event.quiet());
                continue;
            }
            // Before the file is read, so that no change falls in between.
            let path = self.path.clone();
            let (watch, settings) = off_thread(move || (Watch::new(&path), read_again(&path))).await;
            self.use_watch(watch);
            self.quiet =
                self.watch.as_mut().and_then(|watch| watch.events.try_recv().ok()).map(FileEvent::quiet);
            if self.quiet.is_none() {
                return settings;
            }
        }
    }

    /// Replaces the watch: the folders of the file may be others than before.
    fn use_watch(&mut self, watch: notify::Result<Watch>) {
        match watch {
            Ok(watch) => {
                self.watch = Some(watch);
                if std::mem::take(&mut self.is_reported) {
                    tracing::info!("the settings file is watched again");
                }
            }
            Err(error) => {
                self.watch = None;
                if !std::mem::replace(&mut self.is_reported, true) {
                    tracing::warn!(
                        "the settings file cannot be watched and is read every five minutes: {error}"
                    );
                }
            }
        }
    }

    async fn event(&mut self) -> FileEvent {
        if let Some(watch) = &mut self.watch
            && let Some(event) = watch.events.recv().await
        {
            return event;
        }
        sleep(UNWATCHED).await;
        FileEvent::Partial
    }
}

impl FileEvent {
    fn quiet(self) -> Duration {
        match self {
            Self::Complete => AFTER_COMPLETE,
            Self::Partial => AFTER_PARTIAL,
        }
    }
}

/// The file, watched as long as this lives.
#[derive(Debug)]
struct Watch {
    events: mpsc::UnboundedReceiver<FileEvent>,
    _watcher: RecommendedWatcher,
}

impl Watch {
    fn new(file: &Path) -> notify::Result<Self> {
        loop {
            let route = Route::to(file);
            let watch = Self::on(&route);
            // What appeared before it was watched is not reported.
            if Route::to(file) == route {
                return watch;
            }
        }
    }

    fn on(route: &Route) -> notify::Result<Self> {
        let (sender, events) = mpsc::unbounded_channel();
        let entries = route.entries.clone();
        let mut watcher = notify::recommended_watcher(move |event| {
            if let Some(event) = file_event(event, &entries) {
                // The receiver is gone once the file is watched anew.
                let _gone = sender.send(event);
            }
        })?;
        for (at, folder) in route.folders.iter().enumerate() {
            match watcher.watch(folder, RecursiveMode::NonRecursive) {
                // An outer folder may not be readable, and outer folders are rarely moved.
                Err(error) if at > 0 && is_denied(&error) => {}
                outcome => outcome?,
            }
        }
        Ok(Self { events, _watcher: watcher })
    }
}

fn is_denied(error: &notify::Error) -> bool {
    matches!(&error.kind, notify::ErrorKind::Io(error) if error.kind() == std::io::ErrorKind::PermissionDenied)
}

/// What an event means for the file, if anything.
fn file_event(event: notify::Result<Event>, entries: &[PathBuf]) -> Option<FileEvent> {
    // After an error, or when events were lost, the file may have changed.
    let Ok(event) = event else { return Some(FileEvent::Partial) };
    if event.need_rescan() {
        return Some(FileEvent::Partial);
    }
    if !event.paths.iter().any(|path| entries.contains(path)) {
        return None;
    }
    match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write))
        | EventKind::Modify(ModifyKind::Name(RenameMode::To)) => Some(FileEvent::Complete),
        // From the first path to the last.
        EventKind::Modify(ModifyKind::Name(RenameMode::Both))
            if event.paths.last().is_some_and(|path| entries.contains(path)) =>
        {
            Some(FileEvent::Complete)
        }
        EventKind::Access(_) => None,
        EventKind::Any
        | EventKind::Create(_)
        | EventKind::Modify(_)
        | EventKind::Remove(_)
        | EventKind::Other => Some(FileEvent::Partial),
    }
}

#[cfg(test)]
mod tests;
