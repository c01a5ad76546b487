//! Sends the state of the daemon to systemd, by `sd_notify(3)`.
//!
//! Invariant: without `NOTIFY_SOCKET` nothing is opened or sent, and sending never blocks.
//!
//! The crate `sd-notify` blocks if the manager does not read, but the daemon must exit within a second whatever hangs.

use crate::system::programs::NOTIFY_SOCKET;

/// The state of the daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State<'a> {
    /// The daemon has started, with this status.
    Ready(&'a str),
    /// It has this status.
    Status(&'a str),
    /// It is stopping.
    Stopping,
}

/// The service manager that started the daemon.
#[derive(Debug)]
pub struct ServiceManager {
    #[cfg(target_os = "linux")]
    socket: std::os::unix::net::UnixDatagram,
    #[cfg(target_os = "linux")]
    address: std::os::unix::net::SocketAddr,
}

impl ServiceManager {
    /// The service manager in the environment, if there is one.
    pub fn from_environment() -> Option<Self> {
        #[cfg(target_os = "linux")]
        return linux::at(&std::env::var_os(NOTIFY_SOCKET)?)
            .inspect_err(|error| tracing::debug!("{NOTIFY_SOCKET} cannot be used: {error}"))
            .ok();
        #[cfg(not(target_os = "linux"))]
        None
    }

    /// Sends the state, unless the service manager does not listen.
    pub fn send(&self, state: State<'_>) {
        let text = match state {
            State::Ready(sentence) => format!("READY=1\nSTATUS={}\n", one_line(sentence)),
            State::Status(sentence) => format!("STATUS={}\n", one_line(sentence)),
            State::Stopping => "STOPPING=1\n".to_owned(),
        };
        #[cfg(target_os = "linux")]
        if let Err(error) = self.socket.send_to_addr(text.as_bytes(), &self.address) {
            tracing::debug!("the service manager was not notified: {error}");
        }
        #[cfg(not(target_os = "linux"))]
        drop(text);
    }
}

/// On one line, because each line is a separate assignment to the manager.
fn one_line(sentence: &str) -> String {
    sentence.replace(char::is_control, " ")
}

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::OsStr;
    use std::io;
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    use super::ServiceManager;

    /// The manager at an address: a path, or, after an `@`, an abstract name.
    pub(super) fn at(address: &OsStr) -> io::Result<ServiceManager> {
        let address = match address.as_bytes() {
            [b'@', name @ ..] => SocketAddr::from_abstract_name(name),
            [b'/', ..] => SocketAddr::from_pathname(address),
            _ => Err(io::ErrorKind::Unsupported.into()),
        }?;
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        Ok(ServiceManager { socket, address })
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::ffi::OsString;
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

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
            let manager = linux::at(&address).unwrap();
            manager.send(State::Ready("Connected\nMAINPID=1"));
            assert_eq!(received(&socket), "READY=1\nSTATUS=Connected MAINPID=1\n");
            manager.send(State::Stopping);
            assert_eq!(received(&socket), "STOPPING=1\n");
        }
        for address in ["", "vsock:2:1", "relative"] {
            assert!(linux::at(address.as_ref()).is_err(), "{address}");
        }
    }

    #[test]
    fn sending_does_not_block_when_the_manager_does_not_listen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let manager = linux::at(path.as_os_str()).unwrap();
        // More than the queue can hold.
        for _ in 0..10_000 {
            manager.send(State::Status("Connected"));
        }
        drop(socket);
        manager.send(State::Stopping);
    }
}
