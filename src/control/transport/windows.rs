//! Named pipes.
//!
//! Invariant: the name of the pipe is new with every start and only in a file of the user's profile, so no program of another
//! user can take the daemon's place; and by the access list that Windows gives a pipe, only the user, the administrators and
//! the system can write to it.

use std::fs;
use std::io::{self, ErrorKind};
use std::mem;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{ReadHalf as Read, WriteHalf as Write};
use tokio::net::windows::named_pipe::{ClientOptions, NamedPipeClient, NamedPipeServer, ServerOptions};
use tokio::sync::Mutex;
use tokio::time::sleep;

use crate::system::atomic_file;

/// A connection, seen from the daemon.
type ServerStream = NamedPipeServer;
/// A connection, seen from a front end.
pub(in crate::control) type ClientStream = NamedPipeClient;
type ReadHalf = Read<ServerStream>;
type WriteHalf = Write<ServerStream>;

/// `ERROR_NO_DATA`: the front end is gone already.
const CLOSED: i32 = 232;
/// `ERROR_PIPE_BUSY`: the daemon accepts another connection at this instant.
const BUSY: i32 = 231;
/// How long to wait then.
const AGAIN: Duration = Duration::from_millis(10);

/// Waits for connections; the file with the name is removed when it is dropped.
#[derive(Debug)]
pub(in crate::control) struct Listener {
    /// The end that the next front end connects to. A mutex only to replace it through `&self`; one task accepts.
    next: Mutex<ServerStream>,
    pipe: String,
    path: PathBuf,
}

impl Listener {
    /// Creates the pipe, and writes its name to the file.
    pub(in crate::control) fn bind(path: &Path) -> io::Result<Self> {
        let pipe = format!(r"\\.\pipe\handover-{:016x}", fastrand::u64(..));
        let next = ServerOptions::new().first_pipe_instance(true).create(&pipe)?;
        atomic_file::replace(path, pipe.as_bytes())?;
        Ok(Self { next: Mutex::new(next), pipe, path: path.to_owned() })
    }

    /// Waits for the next connection. Cancel safe.
    pub(in crate::control) async fn accept(&self) -> io::Result<ServerStream> {
        let mut next = self.next.lock().await;
        loop {
            let connected = next.connect().await;
            let after = ServerOptions::new().create(&self.pipe)?;
            let stream = mem::replace(&mut *next, after);
            match connected {
                Err(error) if error.raw_os_error() == Some(CLOSED) => {}
                connected => return connected.map(|()| stream),
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // The next daemon replaces what is left.
        drop(fs::remove_file(&self.path));
    }
}

/// Connects to the daemon.
pub(in crate::control) async fn connect(path: &Path) -> io::Result<ClientStream> {
    let pipe = fs::read_to_string(path)?;
    if !pipe.starts_with(r"\\.\pipe\") {
        return Err(io::Error::new(ErrorKind::InvalidData, format!("{} names no pipe", path.display())));
    }
    loop {
        match ClientOptions::new().open(&pipe) {
            Err(error) if error.raw_os_error() == Some(BUSY) => sleep(AGAIN).await,
            opened => return opened,
        }
    }
}

/// The two directions of a connection.
pub(in crate::control) fn split(stream: ServerStream) -> (ReadHalf, WriteHalf) {
    tokio::io::split(stream)
}
