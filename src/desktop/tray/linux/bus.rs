//! Tells when the session bus starts and ends, since `ksni` does not.
//!
//! Invariant: nothing here polls. A bus that ends closes its connections, and one that starts creates its socket.

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

/// The delays before each attempt to reach a bus that may be starting: it creates its socket before it listens.
const ATTEMPTS: [Duration; 3] = [Duration::ZERO, Duration::from_millis(100), Duration::from_secs(1)];

/// A connection to the bus that only serves to see the bus end: `ksni` does not tell when it loses its own.
pub(super) struct Bus(MessageStream);

impl Bus {
    /// Waits for the session bus of the environment. The first attempts are made at once; more follow only where the
    /// creation of the socket can be watched.
    pub(super) async fn connect() -> Self {
        // Before the first attempt, so that no event is missed in between.
        let mut socket_folder = SocketFolder::of_session_bus();
        loop {
            for wait in ATTEMPTS {
                sleep(wait).await;
                // No time limit is needed: nothing waits for this thread, and a bus that ends closes the connection.
                match zbus::Connection::session().await {
                    Ok(connection) => return Self(MessageStream::from(connection)),
                    Err(error) => tracing::debug!("no session bus for the tray: {error}"),
                }
            }
            match &mut socket_folder {
                Some(folder) => folder.changed().await,
                None => pending().await,
            }
        }
    }

    /// Waits until the bus closes the connection.
    pub(super) async fn closed(&mut self) {
        // The stream ends with an error or with `None`.
        while let Some(Ok(_)) = self.0.next().await {}
    }
}

/// The folder in which the bus creates its socket; the inotify events are read like those of a pipe.
struct SocketFolder(pipe::Receiver);

impl SocketFolder {
    /// `None` if the bus has no address, or its address is not a file.
    fn of_session_bus() -> Option<Self> {
        let socket = socket()?;
        let events = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).ok()?;
        // `ATTRIB`: the bus sets the permissions of the socket once it listens.
        let kinds = WatchFlags::CREATE | WatchFlags::MOVED_TO | WatchFlags::ATTRIB;
        inotify::add_watch(&events, socket.parent()?, kinds).ok()?;
        pipe::Receiver::from_owned_fd_unchecked(events).ok().map(Self)
    }

    /// Waits until a file appears in the folder.
    async fn changed(&mut self) {
        let mut events = [0; 4096];
        if self.0.read(&mut events).await.is_err() {
            pending::<()>().await;
        }
    }
}

/// The socket of the session bus of the environment.
fn socket() -> Option<PathBuf> {
    let address = Address::session().ok()?;
    let Transport::Unix(unix) = address.transport() else { return None };
    let UnixSocket::File(path) = unix.path() else { return None };
    Some(path.clone())
}
