//! Who may use the sandbox: programs on this computer, and web pages only if they are named.
//!
//! Invariant: a page that a browser shows cannot reach it, neither under the name of the page's own server nor from another
//! origin.

use std::net::IpAddr;

/// Who may use the sandbox, and where it posts to.
#[derive(Clone, Debug, Default)]
pub(in crate::sandbox) struct Access {
    /// The web pages that may use it.
    pub(in crate::sandbox) allowed_origins: Vec<String>,
    /// Whether callbacks may go to other computers.
    pub(in crate::sandbox) remote_callbacks: bool,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::sandbox) enum Refusal {
    /// A name that resolves to this computer although it belongs to someone else is how a web page gets around the same-origin
    /// policy.
    #[error("this stand-in is reached by localhost, 127.0.0.1 or [::1] only")]
    ForeignHost,
    #[error("web pages may use this stand-in only with `--allow-origin`")]
    ForeignOrigin,
}

impl Access {
    /// Checks the host and the origin of a request; a program sends no origin.
    pub(in crate::sandbox) fn check(&self, host: Option<&str>, origin: Option<&str>) -> Result<(), Refusal> {
        if host.is_some_and(|host| !is_loopback(host)) {
            return Err(Refusal::ForeignHost);
        }
        if origin.is_some_and(|origin| !self.allowed_origins.iter().any(|allowed| allowed == origin)) {
            return Err(Refusal::ForeignOrigin);
        }
        Ok(())
    }
}

/// Whether a host, with or without a port, names this computer.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _port)) => address,
        None => host.split_once(':').map_or(host, |(name, _port)| name),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_computer_and_the_named_pages_are_served() {
        let access =
            Access { allowed_origins: vec!["https://a.example".to_owned()], remote_callbacks: false };
        for (host, origin, answer) in [
            (None, None, Ok(())),
            (Some("127.0.0.1:8430"), None, Ok(())),
            (Some("LOCALHOST"), None, Ok(())),
            (Some("[::1]:8430"), None, Ok(())),
            (Some("localhost:8430"), Some("https://a.example"), Ok(())),
            (Some("localhost:8430"), Some("https://a.example.evil.example"), Err(Refusal::ForeignOrigin)),
            (Some("localhost:8430"), Some("http://localhost:8430"), Err(Refusal::ForeignOrigin)),
            (Some("localhost:8430"), Some("null"), Err(Refusal::ForeignOrigin)),
            (Some("evil.example:8430"), None, Err(Refusal::ForeignHost)),
            (Some("localhost.evil.example"), None, Err(Refusal::ForeignHost)),
            (Some("10.0.0.1"), None, Err(Refusal::ForeignHost)),
            (Some(""), None, Err(Refusal::ForeignHost)),
        ] {
            assert_eq!(access.check(host, origin), answer, "{host:?} {origin:?}");
        }
    }
}
