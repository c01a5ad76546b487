//! Unix sockets.
//!
//! Invariant: only the user can connect.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};

/// A connection, seen from the daemon.
type ServerStream = UnixStream;
/// A connection, seen from a front end.
pub(in crate::control) type ClientStream = UnixStream;
type ReadHalf = OwnedReadHalf;
type WriteHalf = OwnedWriteHalf;

/// Waits for connections; the socket file is removed when it is dropped.
#[derive(Debug)]
pub(in crate::control) struct Listener {
    listener: UnixListener,
    path: PathBuf,
}

impl Listener {
    /// Binds the socket with mode 0600, in place of any other at that path.
    pub(in crate::control) fn bind(path: &Path) -> io::Result<Self> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let listener = UnixListener::bind(path)?;
        fs::set_permissions(path, Permissions::from_mode(0o600))?;
        Ok(Self { listener, path: path.to_owned() })
    }

    /// Waits for the next connection. Cancel safe.
    pub(in crate::control) async fn accept(&self) -> io::Result<ServerStream> {
        self.listener.accept().await.map(|(stream, _)| stream)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // The next daemon removes what is left.
        drop(fs::remove_file(&self.path));
    }
}

/// Connects to the daemon.
pub(in crate::control) async fn connect(path: &Path) -> io::Result<ClientStream> {
    UnixStream::connect(path).await
}

/// The two directions of a connection.
pub(in crate::control) fn split(stream: ServerStream) -> (ReadHalf, WriteHalf) {
    stream.into_split()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_owner_can_connect() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let _listener = Listener::bind(&path).unwrap();
        let mode = fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
