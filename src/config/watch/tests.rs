//! The watch against real files, and when the file is read.

use std::fs::{self, File};
use std::io::Write;
#[cfg(unix)]
use std::os::unix::fs::symlink;
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::resume;

use super::*;
use crate::domain::settings::{Backlog, Emergency};

/// The next event.
async fn next(watch: &mut Watch) -> FileEvent {
    let event = timeout(Duration::from_secs(30), watch.events.recv()).await;
    event.expect("it is seen within 30 s").expect("it is watched")
}

#[cfg(unix)]
async fn until_complete(watch: &mut Watch) {
    while next(watch).await != FileEvent::Complete {}
}

struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(below)
    }

    fn folder(&self, below: &str) {
        fs::create_dir_all(self.path(below)).unwrap();
    }

    fn write(&self, below: &str, text: &str) {
        fs::write(self.path(below), text).unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }
}

/// A change, and what the first event says.
#[cfg(target_os = "linux")]
type Change = (&'static str, fn(&Place), FileEvent);

#[cfg(target_os = "linux")]
const CHANGES: &[Change] = &[
    ("written in place", |place| place.write("a/b/c", "2"), FileEvent::Complete),
    ("replaced", |place| place.rename("a/b/temporary", "a/b/c"), FileEvent::Complete),
    ("removed", |place| fs::remove_file(place.path("a/b/c")).unwrap(), FileEvent::Partial),
    ("moved away", |place| place.rename("a/b/c", "a/b/c~"), FileEvent::Partial),
    ("begun anew", |place| drop(File::create(place.path("a/b/c")).map(std::mem::forget)), FileEvent::Partial),
    ("its folder moved", |place| place.rename("a/b", "a/x"), FileEvent::Partial),
    ("its folder removed", |place| fs::remove_dir_all(place.path("a/b")).unwrap(), FileEvent::Partial),
];

// Other systems report neither that a file is complete nor that its folder moves.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn every_change_is_seen() {
    for (what, change, event) in CHANGES {
        let place = Place::new();
        place.folder("a/b");
        place.write("a/b/c", "1");
        place.write("a/b/temporary", "2");
        let mut watch = Watch::new(&place.path("a/b/c")).unwrap();
        change(&place);
        if *event == FileEvent::Complete {
            until_complete(&mut watch).await;
        } else {
            assert_eq!(next(&mut watch).await, FileEvent::Partial, "{what}");
        }
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_is_missing_is_seen_when_it_appears() {
    let place = Place::new();
    let path = place.path("a/b/c");
    for step in ["a", "a/b"] {
        let mut watch = Watch::new(&path).unwrap();
        place.folder(step);
        next(&mut watch).await;
    }
    let mut watch = Watch::new(&path).unwrap();
    place.write("a/b/c", "1");
    until_complete(&mut watch).await;
    // Another folder in the place of this one.
    place.rename("a/b", "a/x");
    next(&mut watch).await;
    place.folder("a/b");
    let mut watch = Watch::new(&path).unwrap();
    place.write("a/b/c", "1");
    until_complete(&mut watch).await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_and_its_target_are_both_watched() {
    let place = Place::new();
    place.folder("config/handover");
    for dots in ["dots", "other"] {
        place.folder(dots);
        place.write(&format!("{dots}/h.toml"), "1");
    }
    let path = place.path("config/handover/config.toml");
    symlink("../../dots/h.toml", &path).unwrap();
    let mut watch = Watch::new(&path).unwrap();
    place.write("dots/h.toml", "2");
    until_complete(&mut watch).await;
    let mut watch = Watch::new(&path).unwrap();
    symlink("../../other/h.toml", place.path("config/handover/new")).unwrap();
    place.rename("config/handover/new", "config/handover/config.toml");
    next(&mut watch).await;
    let mut watch = Watch::new(&path).unwrap();
    place.write("other/h.toml", "3");
    until_complete(&mut watch).await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_that_is_a_link_may_be_exchanged() {
    let place = Place::new();
    place.folder("config");
    for dots in ["dots", "other"] {
        place.folder(dots);
        place.write(&format!("{dots}/config.toml"), "1");
    }
    symlink("../dots", place.path("config/handover")).unwrap();
    let mut watch = Watch::new(&place.path("config/handover/config.toml")).unwrap();
    place.write("dots/config.toml", "2");
    until_complete(&mut watch).await;
    let mut watch = Watch::new(&place.path("config/handover/config.toml")).unwrap();
    symlink("../other", place.path("config/new")).unwrap();
    place.rename("config/new", "config/handover");
    next(&mut watch).await;
}

#[tokio::test]
async fn what_happens_beside_the_file_is_not_reported() {
    let place = Place::new();
    place.folder("a/b/d");
    place.write("a/b/c", "1");
    let mut watch = Watch::new(&place.path("a/b/c")).unwrap();
    for beside in ["a/b/c.swp", "a/b/d/c", "a/c", "a/b/d/e", "beside"] {
        place.write(beside, "x");
    }
    place.rename("a/b/c.swp", "a/b/c~");
    // To read the file is no change.
    assert_eq!(fs::read(place.path("a/b/c")).unwrap(), b"1");
    place.rename("a/b/c~", "a/b/c");
    // Anything before this would have been reported first.
    assert_eq!(next(&mut watch).await, FileEvent::Complete);
}

/// A watched file that says how emergencies are acknowledged.
struct Watched {
    place: Place,
    watcher: Watcher,
}

impl Watched {
    async fn new() -> Self {
        let place = Place::new();
        place.folder("handover");
        place.write("handover/config.toml", "emergency = 'manual'");
        let mut watcher = Watcher::new(&place.path("handover/config.toml"));
        assert_eq!(watcher.settings().await.unwrap().unwrap().emergency, Emergency::Manual);
        Self { place, watcher }
    }

    fn write(&self, text: &str) {
        self.place.write("handover/config.toml", text);
    }

    /// Nothing is read for this long.
    async fn is_silent_for(&mut self, span: Duration) {
        let read = timeout(span, self.watcher.settings()).await;
        assert!(read.is_err(), "{read:?}");
    }

    async fn settings(&mut self) -> Settings {
        let read = timeout(Duration::from_secs(30), self.watcher.settings()).await;
        read.expect("it is read within 30 s").unwrap().unwrap_or_default()
    }

    async fn emergency(&mut self) -> Emergency {
        self.settings().await.emergency
    }
}

/// Much less than an incomplete file is left alone for, and longer than a complete one is.
const BRIEFLY: Duration = Duration::from_millis(250);

#[tokio::test]
async fn half_a_file_is_not_read() {
    let mut watched = Watched::new().await;
    let mut file = File::create(watched.place.path("handover/config.toml")).unwrap();
    watched.is_silent_for(BRIEFLY).await;
    file.write_all(b"emergency = 'ne").unwrap();
    watched.is_silent_for(BRIEFLY).await;
    file.write_all(b"ver'").unwrap();
    drop(file);
    assert_eq!(watched.emergency().await, Emergency::Never);
    watched.is_silent_for(AFTER_PARTIAL + BRIEFLY).await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_file_that_is_missing_for_an_instant_is_not_taken_for_the_defaults() {
    let mut watched = Watched::new().await;
    fs::remove_file(watched.place.path("handover/config.toml")).unwrap();
    watched.is_silent_for(BRIEFLY).await;
    watched.write("emergency = 'never'");
    assert_eq!(watched.emergency().await, Emergency::Never);
    // The whole folder, as dotfile managers do it.
    watched.place.rename("handover", "before");
    watched.is_silent_for(BRIEFLY).await;
    watched.place.rename("before", "handover");
    assert_eq!(watched.emergency().await, Emergency::Never);
    fs::remove_dir_all(watched.place.path("handover")).unwrap();
    assert_eq!(watched.emergency().await, Emergency::Auto);
    // And from nothing.
    watched.place.folder("handover");
    watched.write("emergency = 'manual'");
    assert_eq!(watched.emergency().await, Emergency::Manual);
}

#[tokio::test]
async fn a_file_that_appears_with_its_folder_is_read() {
    let place = Place::new();
    let mut watcher = Watcher::new(&place.path("handover/config.toml"));
    assert_eq!(watcher.settings().await.unwrap().unwrap().emergency, Emergency::Auto);
    let mut state = Watched { place, watcher };
    state.is_silent_for(BRIEFLY).await;
    state.place.folder("handover");
    state.write("emergency = 'never'");
    assert_eq!(state.emergency().await, Emergency::Never);
}

#[tokio::test]
async fn many_writes_are_one_change() {
    let mut watched = Watched::new().await;
    for _ in 0..100 {
        watched.write("backlog = 'silent'");
        watched.write("backlog = 'all'");
    }
    assert_eq!(watched.settings().await.backlog, Backlog::All);
    watched.is_silent_for(AFTER_PARTIAL + BRIEFLY).await;
}

#[tokio::test(start_paused = true)]
async fn a_file_that_cannot_be_watched_is_read_now_and_then() {
    let mut watched = Watched::new().await;
    watched.watcher.watch = None;
    watched.watcher.is_reported = true;
    watched.write("emergency = 'never'");
    watched.is_silent_for(UNWATCHED.mul_f64(0.9)).await;
    let read = timeout(2 * UNWATCHED, watched.watcher.settings()).await;
    assert_eq!(read.unwrap().unwrap().unwrap().emergency, Emergency::Never);
    // It is watched again from then on.
    assert!(!watched.watcher.is_reported);
    resume();
    watched.write("emergency = 'manual'");
    assert_eq!(watched.emergency().await, Emergency::Manual);
}
