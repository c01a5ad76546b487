//! Who may use the HTTP API: programs, and no web page.
//!
//! Invariant: a page that a browser shows cannot reach it, neither under the name of the page's own server nor from another origin.

use std::net::IpAddr;

use crate::system::host::name_of_host;

/// The names that a request may be addressed to.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Names and addresses besides the loopback ones.
    pub hosts: Vec<String>,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// A name that resolves to this computer although it belongs to someone else is how a web page gets around the same-origin
    /// policy.
    #[error("the host of the request is neither this computer nor in `hosts` of the settings")]
    ForeignHost,
    /// A browser says so.
    #[error("web pages may not use this")]
    WebPage,
}

impl Access {
    /// Checks the host of a request, and whether it names an origin; a program names none.
    pub(super) fn check(&self, host: Option<&str>, has_origin: bool) -> Result<(), Refusal> {
        let name = host.and_then(name_of_host).ok_or(Refusal::ForeignHost)?;
        let is_loopback = name.eq_ignore_ascii_case("localhost")
            || name.parse().is_ok_and(|address: IpAddr| address.is_loopback());
        if !is_loopback && !self.hosts.iter().any(|host| host.eq_ignore_ascii_case(name)) {
            return Err(Refusal::ForeignHost);
        }
        if has_origin { Err(Refusal::WebPage) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_programs_that_name_this_computer_are_let_in() {
        let access = Access { hosts: vec!["nas.local".into(), "10.0.0.1".into()] };
        for (host, has_origin, answer) in [
            (Some("127.0.0.1:8431"), false, Ok(())),
            (Some("LOCALHOST"), false, Ok(())),
            (Some("[::1]:8431"), false, Ok(())),
            (Some("NAS.local:8431"), false, Ok(())),
            (Some("10.0.0.1"), false, Ok(())),
            (Some("10.0.0.2"), false, Err(Refusal::ForeignHost)),
            (Some("localhost.evil.example"), false, Err(Refusal::ForeignHost)),
            (Some("evil.example:8431"), false, Err(Refusal::ForeignHost)),
            (Some("localhost:80@evil.example"), false, Err(Refusal::ForeignHost)),
            (Some("[::1].evil.example"), false, Err(Refusal::ForeignHost)),
            (Some("[nas.local]"), false, Err(Refusal::ForeignHost)),
            (Some("[::1"), false, Err(Refusal::ForeignHost)),
            (Some(""), false, Err(Refusal::ForeignHost)),
            (None, false, Err(Refusal::ForeignHost)),
            (Some("localhost:8431"), true, Err(Refusal::WebPage)),
        ] {
            assert_eq!(access.check(host, has_origin), answer, "{host:?} {has_origin}");
        }
    }
}
