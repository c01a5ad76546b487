//! Watches the way to a file with inotify.
//!
//! Invariant: only the folder that holds the file is asked about what happens in it, every other place only about
//! itself, so that a busy home folder wakes nobody.

use std::ffi::{OsStr, OsString};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::inotify::{CreateFlags, ReadFlags, Reader, WatchFlags, add_watch, init, remove_watch};
use rustix::io::Errno;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::Stir;
use super::way::{self, Place};

/// What happens to a place itself.
const ITSELF: WatchFlags =
    WatchFlags::MOVE_SELF.union(WatchFlags::DELETE_SELF).union(WatchFlags::DONT_FOLLOW);

/// What happens in a folder too.
const WITHIN: WatchFlags = ITSELF
    .union(WatchFlags::ATTRIB)
    .union(WatchFlags::CLOSE_WRITE)
    .union(WatchFlags::CREATE)
    .union(WatchFlags::DELETE)
    .union(WatchFlags::MODIFY)
    .union(WatchFlags::MOVED_FROM)
    .union(WatchFlags::MOVED_TO);

/// The way to a file, watched.
#[derive(Debug)]
pub(super) struct Lookout {
    inotify: AsyncFd<OwnedFd>,
    posts: Vec<Post>,
}

/// A place that is watched.
#[derive(Debug)]
struct Post {
    id: i32,
    /// The one name in this folder that matters; `None` for a link.
    name: Option<OsString>,
}

impl Lookout {
    pub(super) fn new() -> io::Result<Self> {
        let inotify = init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).map_err(explain)?;
        Ok(Self { inotify: registered(inotify)?, posts: Vec::new() })
    }

    /// Watches the way as it is now.
    pub(super) fn look(&mut self, path: &Path) -> io::Result<()> {
        let posts = loop {
            let way = way_to(path);
            let posts = self.posts_on(&way);
            // What appeared on it before it was watched has not been told of.
            if way_to(path) == way {
                break posts.map_err(explain)?;
            }
        };
        for left in self.posts.iter().filter(|left| posts.iter().all(|post| post.id != left.id)) {
            // Likewise.
            let _ = remove_watch(&self.inotify, left.id);
        }
        self.posts = posts;
        Ok(())
    }

    /// Watches every place on the way.
    ///
    /// To say what happens in a folder, the kernel first goes through all it remembers of it, which took 30 ms for a
    /// `/tmp` of many tests: hence in one folder alone.
    fn posts_on(&self, way: &[Stop]) -> Result<Vec<Post>, Errno> {
        let holder = way.iter().rposition(|(_, name)| name.is_some());
        let mut posts = Vec::new();
        for (at, (path, name)) in way.iter().enumerate() {
            let is_holder = Some(at) == holder;
            match add_watch(&self.inotify, path, if is_holder { WITHIN } else { ITSELF }) {
                Ok(id) => posts.push(Post { id, name: name.clone() }),
                Err(error) if is_holder => return Err(error),
                // A folder on the way that may be passed and not be read cannot be watched; few are ever moved.
                Err(_) => {}
            }
        }
        Ok(posts)
    }

    /// What happened already, the latest of it.
    pub(super) fn seen(&mut self) -> io::Result<Option<Stir>> {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut events = Reader::new(&self.inotify, &mut buffer);
        let mut latest = None;
        loop {
            match events.next() {
                Ok(event) => {
                    let name = event.file_name().map(|name| OsStr::from_bytes(name.to_bytes()));
                    latest = self.stir_of(event.wd(), event.events(), name).or(latest);
                }
                Err(Errno::AGAIN) => return Ok(latest),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Waits for something to happen. Cancel safe.
    pub(super) async fn stir(&mut self) -> io::Result<Stir> {
        loop {
            if let Some(stir) = self.seen()? {
                return Ok(stir);
            }
            self.inotify.readable().await?.clear_ready();
        }
    }

    /// What an event means for the file, if anything.
    fn stir_of(&self, id: i32, events: ReadFlags, name: Option<&OsStr>) -> Option<Stir> {
        let matters = events.contains(ReadFlags::QUEUE_OVERFLOW)
            || self
                .posts
                .iter()
                .any(|post| post.id == id && (name.is_none() || post.name.as_deref() == name));
        if !matters || events.contains(ReadFlags::IGNORED) {
            return None;
        }
        let leaves_it_whole = events.intersects(ReadFlags::CLOSE_WRITE | ReadFlags::MOVED_TO);
        Some(if leaves_it_whole { Stir::Whole } else { Stir::Otherwise })
    }
}

/// A folder and the name that is looked up in it, or a link.
type Stop = (PathBuf, Option<OsString>);

fn way_to(path: &Path) -> Vec<Stop> {
    let mut way = Vec::new();
    way::go(path, |place| {
        way.push(match place {
            Place::Folder(folder, name) => (folder.to_owned(), Some(name.to_owned())),
            Place::Link(link) => (link.to_owned(), None),
        });
    });
    way
}

#[expect(unsafe_code, reason = "tokio has no safe way that is not deprecated")]
fn registered(inotify: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: it asks for a descriptor that stays open and the same, which is what an `OwnedFd` is.
    Ok(unsafe { AsyncFd::register_with_interest(inotify, Interest::READABLE) }?)
}

fn explain(error: Errno) -> io::Error {
    match error {
        Errno::NOSPC | Errno::MFILE => io::Error::other("the system's limit of watched files is reached"),
        error => error.into(),
    }
}
