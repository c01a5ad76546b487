//! Watches the way to a file with the `notify` crate, which has a thread of its own.
//!
//! Invariant: every folder on the way is watched, never what lies below it.

use std::io;
use std::path::{Path, PathBuf};

use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind, RenameMode};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use super::Stir;
use super::way::{self, Place};

/// The way to a file, watched.
#[derive(Debug)]
pub(super) struct Lookout {
    watcher: RecommendedWatcher,
    events: mpsc::UnboundedReceiver<notify::Result<Event>>,
    /// The folders.
    posts: Vec<PathBuf>,
    /// What in them matters.
    paths: Vec<PathBuf>,
}

impl Lookout {
    pub(super) fn new() -> io::Result<Self> {
        let (tell, events) = mpsc::unbounded_channel();
        let watcher = notify::recommended_watcher(move |event| {
            // Nobody listens any more when the daemon stops.
            drop(tell.send(event));
        });
        Ok(Self { watcher: watcher.map_err(io::Error::other)?, events, posts: Vec::new(), paths: Vec::new() })
    }

    /// Watches the way as it is now.
    pub(super) fn look(&mut self, path: &Path) -> io::Result<()> {
        let Self { watcher, posts: before, paths, .. } = self;
        let mut posts: Vec<PathBuf> = Vec::new();
        let mut last = Ok(());
        paths.clear();
        way::go(path, |place| {
            let Place::Folder(folder, name) = place else { return };
            paths.push(folder.join(name));
            if posts.iter().any(|post| post == folder) {
                return;
            }
            // Again also where it is watched: it may be another folder of the same name by now.
            drop(watcher.unwatch(folder));
            last = watcher.watch(folder, RecursiveMode::NonRecursive);
            posts.push(folder.to_owned());
        });
        for left in before.iter().filter(|left| !posts.contains(left)) {
            // It may be gone.
            drop(watcher.unwatch(left));
        }
        *before = posts;
        last.map_err(io::Error::other)
    }

    /// What happened already, the latest of it, as far as the thread has told.
    pub(super) fn seen(&mut self) -> io::Result<Option<Stir>> {
        let mut latest = None;
        while let Ok(event) = self.events.try_recv() {
            latest = self.stir_of(event)?.or(latest);
        }
        Ok(latest)
    }

    /// Waits for something to happen. Cancel safe.
    pub(super) async fn stir(&mut self) -> io::Result<Stir> {
        loop {
            let Some(event) = self.events.recv().await else {
                return Err(io::Error::other("the thread that watches has ended"));
            };
            if let Some(stir) = self.stir_of(event)? {
                return Ok(stir);
            }
        }
    }

    /// What an event means for the file, if anything.
    fn stir_of(&self, event: notify::Result<Event>) -> io::Result<Option<Stir>> {
        let event = event.map_err(io::Error::other)?;
        let matters = event.need_rescan() || event.paths.iter().any(|path| self.paths.contains(path));
        Ok(match event.kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write))
            | EventKind::Modify(ModifyKind::Name(RenameMode::To)) => Some(Stir::Whole),
            EventKind::Access(_) => None,
            EventKind::Any
            | EventKind::Create(_)
            | EventKind::Modify(_)
            | EventKind::Remove(_)
            | EventKind::Other => Some(Stir::Otherwise),
        }
        .filter(|_| matters))
    }
}
