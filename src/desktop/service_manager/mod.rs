//! Sends the state of the daemon to systemd, by `sd_notify(3)`.
//!
//! Invariant: without `NOTIFY_SOCKET` nothing is opened or sent, and sending never blocks.
//!
//! The crate `sd-notify` blocks if the manager does not read, but the daemon must exit within a second whatever hangs.

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod linux;

#[cfg(not(target_os = "linux"))]
use elsewhere::Socket;
#[cfg(target_os = "linux")]
use linux::Socket;

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
pub struct ServiceManager(Socket);

impl ServiceManager {
    /// The service manager in the environment, if there is one.
    pub fn from_environment() -> Option<Self> {
        Socket::from_environment().map(Self)
    }

    /// Sends the state, unless the service manager does not listen.
    pub fn send(&self, state: State<'_>) {
        let text = match state {
            State::Ready(sentence) => format!("READY=1\nSTATUS={}\n", one_line(sentence)),
            State::Status(sentence) => format!("STATUS={}\n", one_line(sentence)),
            State::Stopping => "STOPPING=1\n".to_owned(),
        };
        if let Err(error) = self.0.send(&text) {
            tracing::debug!("the service manager was not notified: {error}");
        }
    }
}

/// On one line, because each line is a separate assignment to the manager.
fn one_line(sentence: &str) -> String {
    sentence.replace(char::is_control, " ")
}
