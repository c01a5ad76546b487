//! Tells systemd, or whatever started the daemon in its manner, how the daemon stands.
//!
//! Invariant: without `NOTIFY_SOCKET` nothing is opened or sent, telling never waits for anybody, and no other program
//! that is started from here can speak in the daemon's name.
//!
//! By `sd_notify(3)`. Not by the crate `sd-notify`: it waits when the manager does not listen, and the daemon must end
//! within a second whatever hangs.

use std::process::Command;

/// Where systemd listens; a variable of the environment.
const SOCKET: &str = "NOTIFY_SOCKET";

/// What there is to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State<'a> {
    /// The daemon has started, and this is how it stands.
    Ready(&'a str),
    /// This is how it stands.
    Standing(&'a str),
    /// It was told to stop.
    Stopping,
}

/// Whoever started the daemon and wants to know.
#[derive(Debug)]
pub struct ServiceManager {
    #[cfg(target_os = "linux")]
    socket: std::os::unix::net::UnixDatagram,
    #[cfg(target_os = "linux")]
    address: std::os::unix::net::SocketAddr,
}

impl ServiceManager {
    /// The one the environment names, if it names one.
    pub fn from_environment() -> Option<Self> {
        #[cfg(target_os = "linux")]
        return linux::at(&std::env::var_os(SOCKET)?)
            .inspect_err(|error| tracing::debug!("{SOCKET} cannot be used: {error}"))
            .ok();
        #[cfg(not(target_os = "linux"))]
        None
    }

    /// Tells it, unless it does not listen.
    pub fn tell(&self, state: State<'_>) {
        let text = match state {
            State::Ready(sentence) => format!("READY=1\nSTATUS={}\n", one_line(sentence)),
            State::Standing(sentence) => format!("STATUS={}\n", one_line(sentence)),
            State::Stopping => "STOPPING=1\n".to_owned(),
        };
        #[cfg(target_os = "linux")]
        if let Err(error) = self.socket.send_to_addr(text.as_bytes(), &self.address) {
            tracing::debug!("the service manager was not told: {error}");
        }
        #[cfg(not(target_os = "linux"))]
        drop(text);
    }
}

/// Keeps a program that is to be started from hearing where the daemon's service manager is.
pub fn keep_from(command: &mut Command) -> &mut Command {
    command.env_remove(SOCKET)
}

/// Each line is a word of its own to the manager.
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

    /// The manager at an address: a path, or after an `@` a name that is no file.
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

    fn heard(socket: &UnixDatagram) -> String {
        let mut buffer = [0; 256];
        let length = socket.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    }

    #[test]
    fn it_is_told_at_a_path_and_at_a_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let name = path.to_str().unwrap().replace('/', "-");
        let at_name = SocketAddr::from_abstract_name(name.as_bytes()).unwrap();
        for (socket, address) in [
            (UnixDatagram::bind(&path).unwrap(), path.clone().into_os_string()),
            (UnixDatagram::bind_addr(&at_name).unwrap(), OsString::from(format!("@{name}"))),
        ] {
            let manager = linux::at(&address).unwrap();
            manager.tell(State::Ready("Connected\nMAINPID=1"));
            assert_eq!(heard(&socket), "READY=1\nSTATUS=Connected MAINPID=1\n");
            manager.tell(State::Stopping);
            assert_eq!(heard(&socket), "STOPPING=1\n");
        }
        for address in ["", "vsock:2:1", "relative"] {
            assert!(linux::at(address.as_ref()).is_err(), "{address}");
        }
    }

    #[test]
    fn nobody_waits_for_a_manager_that_does_not_listen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let manager = linux::at(path.as_os_str()).unwrap();
        // Far more than any queue holds.
        for _ in 0..10_000 {
            manager.tell(State::Standing("Connected"));
        }
        drop(socket);
        manager.tell(State::Stopping);
    }
}
