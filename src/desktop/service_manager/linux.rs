//! The socket of systemd, which the environment names.
//!
//! Invariant: sending never blocks.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use crate::system::programs::NOTIFY_SOCKET;

/// A socket and where it sends to.
#[derive(Debug)]
pub(super) struct Socket {
    socket: UnixDatagram,
    address: SocketAddr,
}

impl Socket {
    pub(super) fn from_environment() -> Option<Self> {
        Self::at(&env::var_os(NOTIFY_SOCKET)?)
            .inspect_err(|error| tracing::debug!("{NOTIFY_SOCKET} cannot be used: {error}"))
            .ok()
    }

    /// The manager at an address: a path, or, after an `@`, an abstract name.
    fn at(address: &OsStr) -> io::Result<Self> {
        let address = match address.as_bytes() {
            [b'@', name @ ..] => SocketAddr::from_abstract_name(name),
            [b'/', ..] => SocketAddr::from_pathname(address),
            _ => Err(io::ErrorKind::Unsupported.into()),
        }?;
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket, address })
    }

    pub(super) fn send(&self, text: &str) -> io::Result<()> {
        self.socket.send_to_addr(text.as_bytes(), &self.address).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::super::{ServiceManager, State};
    use super::*;

    fn received(socket: &UnixDatagram) -> String {
        let mut buffer = [0; 256];
        let length = socket.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    }

    #[test]
    fn a_path_and_an_abstract_name_work() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let name = path.to_str().unwrap().replace('/', "-");
        let at_name = SocketAddr::from_abstract_name(name.as_bytes()).unwrap();
        for (socket, address) in [
            (UnixDatagram::bind(&path).unwrap(), path.clone().into_os_string()),
            (UnixDatagram::bind_addr(&at_name).unwrap(), OsString::from(format!("@{name}"))),
        ] {
            let manager = ServiceManager(Socket::at(&address).unwrap());
            manager.send(State::Ready("Connected\nMAINPID=1"));
            assert_eq!(received(&socket), "READY=1\nSTATUS=Connected MAINPID=1\n");
            manager.send(State::Stopping);
            assert_eq!(received(&socket), "STOPPING=1\n");
        }
        for address in ["", "vsock:2:1", "relative"] {
            assert!(Socket::at(address.as_ref()).is_err(), "{address}");
        }
    }

    #[test]
    fn sending_does_not_block_when_the_manager_does_not_listen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let manager = ServiceManager(Socket::at(path.as_os_str()).unwrap());
        // More than any queue holds.
        for _ in 0..10_000 {
            manager.send(State::Status("Connected"));
        }
        drop(socket);
        manager.send(State::Stopping);
    }
}
