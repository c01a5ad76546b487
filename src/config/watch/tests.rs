//! Both lookouts against real files, and the watch in virtual time.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::domain::settings::{Backlog, Emergency};

/// What both lookouts can do.
trait Looks {
    fn new() -> Self;
    fn look(&mut self, path: &Path);
    fn seen(&mut self) -> Option<Stir>;
    async fn stir(&mut self) -> Stir;
}

macro_rules! looks {
    ($module:ident) => {
        impl Looks for $module::Lookout {
            fn new() -> Self {
                Self::new().unwrap()
            }

            fn look(&mut self, path: &Path) {
                Self::look(self, path).unwrap();
            }

            fn seen(&mut self) -> Option<Stir> {
                Self::seen(self).unwrap()
            }

            async fn stir(&mut self) -> Stir {
                let stir = timeout(Duration::from_secs(30), Self::stir(self)).await;
                stir.expect("it is seen within 30 s").unwrap()
            }
        }
    };
}
looks!(inotify);
looks!(portable);

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

/// A change, and whether it leaves a whole file.
type Change = (&'static str, fn(&Place), Stir);

const CHANGES: &[Change] = &[
    ("written in place", |place| place.write("a/b/c", "2"), Stir::Whole),
    ("replaced", |place| place.rename("a/b/temporary", "a/b/c"), Stir::Whole),
    ("removed", |place| fs::remove_file(place.path("a/b/c")).unwrap(), Stir::Otherwise),
    ("moved away", |place| place.rename("a/b/c", "a/b/c~"), Stir::Otherwise),
    ("begun anew", |place| drop(File::create(place.path("a/b/c")).map(std::mem::forget)), Stir::Otherwise),
    ("its folder moved", |place| place.rename("a/b", "a/x"), Stir::Otherwise),
    ("its folder's folder moved", |place| place.rename("a", "x"), Stir::Otherwise),
];

async fn sees_every_change<L: Looks>() {
    for (what, change, stir) in CHANGES {
        let place = Place::new();
        place.folder("a/b");
        place.write("a/b/c", "1");
        place.write("a/b/temporary", "2");
        let mut lookout = L::new();
        lookout.look(&place.path("a/b/c"));
        while lookout.seen().is_some() {}
        change(&place);
        if *stir == Stir::Whole {
            while lookout.stir().await != Stir::Whole {}
        } else {
            assert_eq!(lookout.stir().await, Stir::Otherwise, "{what}");
        }
    }
}

#[tokio::test]
async fn every_change_is_seen() {
    sees_every_change::<Lookout>().await;
    sees_every_change::<portable::Lookout>().await;
}

async fn sees_what_comes_to_be<L: Looks>() {
    let place = Place::new();
    let path = place.path("a/b/c");
    let mut lookout = L::new();
    for step in ["a", "a/b"] {
        lookout.look(&path);
        place.folder(step);
        lookout.stir().await;
    }
    lookout.look(&path);
    place.write("a/b/c", "1");
    while lookout.stir().await != Stir::Whole {}
    // Another folder in the place of this one.
    place.rename("a/b", "a/x");
    lookout.stir().await;
    place.folder("a/b");
    lookout.look(&path);
    place.write("a/b/c", "1");
    while lookout.stir().await != Stir::Whole {}
}

#[tokio::test]
async fn what_is_missing_is_seen_to_come() {
    sees_what_comes_to_be::<Lookout>().await;
    sees_what_comes_to_be::<portable::Lookout>().await;
}

async fn sees_through_links<L: Looks>() {
    let place = Place::new();
    place.folder("config/handover");
    for dots in ["dots", "other"] {
        place.folder(dots);
        place.write(&format!("{dots}/h.toml"), "1");
    }
    let path = place.path("config/handover/config.toml");
    symlink("../../dots/h.toml", &path).unwrap();
    let mut lookout = L::new();
    lookout.look(&path);
    place.write("dots/h.toml", "2");
    while lookout.stir().await != Stir::Whole {}
    lookout.look(&path);
    symlink("../../other/h.toml", place.path("config/handover/new")).unwrap();
    place.rename("config/handover/new", "config/handover/config.toml");
    lookout.stir().await;
    lookout.look(&path);
    place.write("other/h.toml", "3");
    while lookout.stir().await != Stir::Whole {}
}

#[tokio::test]
async fn a_link_and_what_it_leads_to_are_both_watched() {
    sees_through_links::<Lookout>().await;
    sees_through_links::<portable::Lookout>().await;
}

#[tokio::test(start_paused = true)]
async fn what_happens_beside_the_file_is_nothing() {
    let place = Place::new();
    place.folder("a/b/d");
    place.write("a/b/c", "1");
    let mut lookout = Lookout::new().unwrap();
    lookout.look(&place.path("a/b/c")).unwrap();
    while lookout.seen().unwrap().is_some() {}
    for beside in ["a/b/c.swp", "a/b/d/c", "a/c", "a/b/d/e", "beside"] {
        place.write(beside, "x");
    }
    place.rename("a/b/c.swp", "a/b/c~");
    assert!(timeout(Duration::from_mins(1), lookout.stir()).await.is_err());
    // Nor do those who only look.
    assert_eq!(fs::read(place.path("a/b/c")).unwrap(), b"1");
    assert!(timeout(Duration::from_mins(1), lookout.stir()).await.is_err());
}

/// A watched file that says how emergencies are acknowledged.
struct Watched {
    place: Place,
    watch: Watch,
}

impl Watched {
    async fn new() -> Self {
        let place = Place::new();
        place.folder("handover");
        place.write("handover/config.toml", "emergency = 'manual'");
        let mut watch = Watch::of(&place.path("handover/config.toml"));
        assert_eq!(watch.settings().await.unwrap().emergency, Emergency::Manual);
        Self { place, watch }
    }

    fn write(&self, text: &str) {
        self.place.write("handover/config.toml", text);
    }

    /// Nothing is read for this long.
    async fn is_silent_for(&mut self, span: Duration) {
        let read = timeout(span, self.watch.settings()).await;
        assert!(read.is_err(), "{read:?}");
    }

    async fn emergency(&mut self) -> Emergency {
        self.watch.settings().await.unwrap().emergency
    }
}

const A_MOMENT: Duration = Duration::from_millis(900);

#[tokio::test(start_paused = true)]
async fn half_a_file_is_not_read() {
    let mut watched = Watched::new().await;
    let mut file = File::create(watched.place.path("handover/config.toml")).unwrap();
    watched.is_silent_for(A_MOMENT).await;
    file.write_all(b"emergency = 'ne").unwrap();
    watched.is_silent_for(A_MOMENT).await;
    file.write_all(b"ver'").unwrap();
    drop(file);
    let read = timeout(Duration::from_millis(101), watched.watch.settings()).await;
    assert_eq!(read.unwrap().unwrap().emergency, Emergency::Never);
    watched.is_silent_for(Duration::from_hours(1)).await;
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_away_for_a_moment_was_never_away() {
    let mut watched = Watched::new().await;
    fs::remove_file(watched.place.path("handover/config.toml")).unwrap();
    watched.is_silent_for(A_MOMENT).await;
    watched.write("emergency = 'never'");
    assert_eq!(watched.emergency().await, Emergency::Never);
    // The whole folder, as dotfile managers do it.
    watched.place.rename("handover", "before");
    watched.is_silent_for(A_MOMENT).await;
    watched.place.rename("before", "handover");
    assert_eq!(watched.emergency().await, Emergency::Never);
    fs::remove_dir_all(watched.place.path("handover")).unwrap();
    assert_eq!(watched.emergency().await, Emergency::Auto);
    // And from nothing.
    watched.place.folder("handover");
    watched.write("emergency = 'manual'");
    assert_eq!(watched.emergency().await, Emergency::Manual);
}

#[tokio::test(start_paused = true)]
async fn many_writes_are_one_change() {
    let mut watched = Watched::new().await;
    for _ in 0..100 {
        watched.write("backlog = 'silent'");
        watched.is_silent_for(Duration::from_millis(90)).await;
        watched.write("backlog = 'all'");
    }
    assert_eq!(watched.watch.settings().await.unwrap().backlog, Backlog::All);
    watched.is_silent_for(Duration::from_hours(1)).await;
}

#[tokio::test(start_paused = true)]
async fn a_file_that_cannot_be_watched_is_read_now_and_then() {
    let mut watched = Watched::new().await;
    watched.watch.lose(&io::Error::other("the test takes it away"));
    watched.write("emergency = 'never'");
    watched.is_silent_for(UNWATCHED.mul_f64(0.9)).await;
    assert_eq!(watched.emergency().await, Emergency::Never);
    // It is watched again from then on.
    assert!(!watched.watch.is_lost);
    watched.write("emergency = 'manual'");
    let read = timeout(Duration::from_millis(101), watched.watch.settings()).await;
    assert_eq!(read.unwrap().unwrap().emergency, Emergency::Manual);
}
