//! Who may use the sandbox: programs on this computer, its own page, and other web pages only if they are named.
//!
//! Invariant: a page of another server that a browser shows cannot reach it, neither under the name of that server nor from
//! another origin; from another computer, steering it needs the token.

use std::net::IpAddr;

use crate::system::host::name_of_host;

/// The hosts of the service, for which the sandbox stands in.
pub(in crate::sandbox) const SERVICE_HOSTS: [&str; 2] = ["api.pushover.net", "client.pushover.net"];

/// Who may use the sandbox, and where it posts to.
#[derive(Clone, Debug, Default)]
pub(in crate::sandbox) struct Access {
    /// The web pages that may use it.
    pub(in crate::sandbox) allowed_origins: Vec<String>,
    /// The names by which other computers reach it.
    pub(in crate::sandbox) allowed_hosts: Vec<String>,
    /// Whether it listens for other computers: they may use any address, which no web page can pretend to have.
    pub(in crate::sandbox) is_public: bool,
    /// Whether it is an HTTPS proxy for the hosts of the service.
    pub(in crate::sandbox) is_proxy: bool,
    /// What its page, the steering API and the proxy need.
    pub(in crate::sandbox) token: Option<String>,
    /// Whether callbacks may go to other computers.
    pub(in crate::sandbox) remote_callbacks: bool,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::sandbox) enum Refusal {
    /// A name that resolves to this computer although it belongs to someone else is how a web page gets around the same-origin
    /// policy.
    #[error(
        "this stand-in is not reached by this name: use an address, or name the host with `--allow-host`"
    )]
    ForeignHost,
    #[error("web pages may use this stand-in only with `--allow-origin`")]
    ForeignOrigin,
    #[error("this needs the token that `handover sandbox` printed")]
    NoToken,
    #[error("this proxy answers only for the hosts of the service")]
    ForeignTarget,
    #[error("this stand-in is a proxy only with `--proxy`")]
    NoProxy,
}

impl Access {
    /// Checks the host and the origin of a request; a program sends no origin.
    pub(in crate::sandbox) fn check(&self, host: Option<&str>, origin: Option<&str>) -> Result<(), Refusal> {
        if host.is_some_and(|host| !self.is_own(host)) {
            return Err(Refusal::ForeignHost);
        }
        let is_own_page = |origin: &str| {
            let of_origin = origin.split_once("://").map(|(_scheme, host)| host);
            of_origin.is_some() && of_origin == host
        };
        let is_allowed = |origin| self.allowed_origins.iter().any(|allowed| allowed == origin);
        if origin.is_some_and(|origin| !is_own_page(origin) && !is_allowed(origin)) {
            return Err(Refusal::ForeignOrigin);
        }
        Ok(())
    }

    /// Checks the target of a `CONNECT`, such as `api.pushover.net:443`.
    pub(in crate::sandbox) fn check_target(&self, target: &str) -> Result<(), Refusal> {
        if !self.is_proxy {
            return Err(Refusal::NoProxy);
        }
        let is_service = |name: &str| SERVICE_HOSTS.iter().any(|host| name.eq_ignore_ascii_case(host));
        if target.strip_suffix(":443").is_none_or(|name| !is_service(name)) {
            return Err(Refusal::ForeignTarget);
        }
        Ok(())
    }

    /// Checks a token, where one is needed.
    pub(in crate::sandbox) fn check_token(&self, given: Option<&str>) -> Result<(), Refusal> {
        match &self.token {
            Some(token) if given.is_none_or(|given| !is_same(given, token)) => Err(Refusal::NoToken),
            Some(_) | None => Ok(()),
        }
    }

    /// Whether a host, with or without a port, is this sandbox.
    fn is_own(&self, host: &str) -> bool {
        let Some(name) = name_of_host(host) else { return false };
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        is("localhost")
            || name.parse().is_ok_and(|address: IpAddr| self.is_public || address.is_loopback())
            || SERVICE_HOSTS.iter().any(|host| is(host))
            || self.allowed_hosts.iter().any(|host| is(host))
    }
}

/// Compares without telling by its duration where the first difference is.
fn is_same(given: &str, token: &str) -> bool {
    let differences = given.bytes().zip(token.bytes()).fold(0, |all, (one, other)| all | (one ^ other));
    given.len() == token.len() && differences == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_computer_and_the_named_pages_are_served() {
        let access = Access {
            allowed_origins: vec!["https://a.example".to_owned()],
            allowed_hosts: vec!["sandbox".to_owned()],
            ..Access::default()
        };
        for (host, origin, answer) in [
            (None, None, Ok(())),
            (Some("127.0.0.1:8430"), None, Ok(())),
            (Some("LOCALHOST"), None, Ok(())),
            (Some("[::1]:8430"), None, Ok(())),
            (Some("api.pushover.net"), None, Ok(())),
            (Some("sandbox:8430"), None, Ok(())),
            (Some("localhost:8430"), Some("https://a.example"), Ok(())),
            (Some("localhost:8430"), Some("http://localhost:8430"), Ok(())),
            (Some("localhost:8430"), Some("http://localhost:8431"), Err(Refusal::ForeignOrigin)),
            (Some("localhost:8430"), Some("https://a.example.evil.example"), Err(Refusal::ForeignOrigin)),
            (Some("localhost:8430"), Some("null"), Err(Refusal::ForeignOrigin)),
            (None, Some("localhost:8430"), Err(Refusal::ForeignOrigin)),
            (Some("evil.example:8430"), Some("http://evil.example:8430"), Err(Refusal::ForeignHost)),
            (Some("localhost.evil.example"), None, Err(Refusal::ForeignHost)),
            (Some("10.0.0.1"), None, Err(Refusal::ForeignHost)),
            (Some("localhost:80@evil.example"), None, Err(Refusal::ForeignHost)),
            (Some("[::1].evil.example"), None, Err(Refusal::ForeignHost)),
            (Some(""), None, Err(Refusal::ForeignHost)),
        ] {
            assert_eq!(access.check(host, origin), answer, "{host:?} {origin:?}");
        }
        let public = Access { is_public: true, ..Access::default() };
        assert_eq!(public.check(Some("10.0.0.1:8430"), None), Ok(()));
        assert_eq!(public.check(Some("evil.example"), None), Err(Refusal::ForeignHost));
    }

    #[test]
    fn the_proxy_leads_to_the_service_only() {
        let access = Access { is_proxy: true, ..Access::default() };
        assert_eq!(access.check_target("API.pushover.net:443"), Ok(()));
        for target in ["example.org:443", "api.pushover.net:80", "api.pushover.net", "127.0.0.1:443"] {
            assert_eq!(access.check_target(target), Err(Refusal::ForeignTarget), "{target}");
        }
        assert_eq!(Access::default().check_target("api.pushover.net:443"), Err(Refusal::NoProxy));
    }

    #[test]
    fn a_token_is_compared_whole() {
        let access = Access { token: Some("abc".to_owned()), ..Access::default() };
        assert_eq!(access.check_token(Some("abc")), Ok(()));
        for given in [None, Some(""), Some("ab"), Some("abcd"), Some("abd")] {
            assert_eq!(access.check_token(given), Err(Refusal::NoToken), "{given:?}");
        }
        assert_eq!(Access::default().check_token(None), Ok(()));
    }
}
