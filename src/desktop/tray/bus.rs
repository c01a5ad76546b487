//! The going and coming of the session bus, which the icon goes and comes with.
//!
//! Invariant: nothing here wakes up by itself. A bus that ends closes its connections, and one that starts makes
//! its socket; both are waited for, neither is looked for.

use std::future::pending;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::StreamExt;
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::time::sleep;
use zbus::MessageStream;
use zbus::address::Address;
use zbus::address::transport::{Transport, UnixSocket};

/// How long to wait before each attempt to reach a bus that may be starting: it makes its socket, then listens.
const ATTEMPTS: [Duration; 3] = [Duration::ZERO, Duration::from_millis(100), Duration::from_secs(1)];

/// A bus that is there, seen through a connection of our own that serves no other purpose: `ksni`, under the icon,
/// does not say when it loses the one it has.
pub(super) struct Bus(MessageStream);

impl Bus {
    /// Waits for the session bus of the environment. The first attempt is made at once; where the start of a bus
    /// cannot be seen, there is no other.
    pub(super) async fn reach() -> Self {
        // Before the first attempt, so that nothing happens unseen in between.
        let mut door = Door::of_session_bus();
        loop {
            for wait in ATTEMPTS {
                sleep(wait).await;
                // A bus that hangs is waited for: nobody else waits for this thread, and a bus that ends lets go.
                match zbus::Connection::session().await {
                    Ok(connection) => return Self(MessageStream::from(connection)),
                    Err(error) => tracing::debug!("no session bus for the tray: {error}"),
                }
            }
            match &mut door {
                Some(door) => door.moved().await,
                None => pending().await,
            }
        }
    }

    /// Waits until the bus is gone.
    pub(super) async fn gone(&mut self) {
        // An error is the last that such a stream has to say.
        while let Some(Ok(_)) = self.0.next().await {}
    }
}

/// The folder in which the bus makes its socket. What happens there is read as from a pipe.
struct Door(pipe::Receiver);

impl Door {
    /// `None` if the bus has no address, or one that is no file.
    fn of_session_bus() -> Option<Self> {
        let socket = socket()?;
        let events = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).ok()?;
        // The rights of a socket are set when it listens already.
        let signs = WatchFlags::CREATE | WatchFlags::MOVED_TO | WatchFlags::ATTRIB;
        inotify::add_watch(&events, socket.parent()?, signs).ok()?;
        pipe::Receiver::from_owned_fd_unchecked(events).ok().map(Self)
    }

    /// Waits until something new is in the folder.
    async fn moved(&mut self) {
        let mut events = [0; 4096];
        if self.0.read(&mut events).await.is_err() {
            pending::<()>().await;
        }
    }
}

/// The file at which the session bus of the environment listens.
fn socket() -> Option<PathBuf> {
    let address = Address::session().ok()?;
    let Transport::Unix(unix) = address.transport() else { return None };
    let UnixSocket::File(path) = unix.path() else { return None };
    Some(path.clone())
}
