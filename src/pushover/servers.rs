//! The addresses of the service's API and websocket.
//!
//! Invariant: nothing is sent unencrypted to another computer, since every request carries the secret.

use std::net::IpAddr;
use std::str::FromStr;

use reqwest::Url;

use super::error::Error;

type ParseError = <Url as FromStr>::Err;

/// The name of this computer, which is never looked up.
pub(super) const LOCALHOST: &str = "localhost";

/// The addresses of the service, or of a stand-in for it on this computer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Servers {
    api: Url,
    websocket: Url,
}

impl Servers {
    /// The service's own API.
    pub const API: &str = "https://api.pushover.net";
    /// The service's own websocket.
    pub const WEBSOCKET: &str = "wss://client.pushover.net/push";

    /// Parses two addresses. `api` may have a path, which goes in front of the API's own; `websocket` is complete.
    ///
    /// # Errors [`Error::Local`] for an invalid address, and for plain `http` or `ws` to anything but a loopback host.
    pub fn new(api: &str, websocket: &str) -> Result<Self, Error> {
        let api = parse("the API", api, "https", "http")?;
        if api.query().is_some() || api.fragment().is_some() {
            return Err(invalid_address("the API", "it must not have a query or a fragment"));
        }
        let websocket = parse("the websocket", websocket, "wss", "ws")?;
        Ok(Self { api, websocket })
    }

    /// Where the API is.
    pub fn api(&self) -> &Url {
        &self.api
    }

    /// Where the websocket is.
    pub fn websocket(&self) -> &Url {
        &self.websocket
    }

    /// The address of an API endpoint; each path segment is percent-encoded.
    pub(super) fn endpoint(&self, path: &[&str]) -> Url {
        let mut url = self.api.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("1").extend(path);
        }
        url
    }

    /// The address of a file outside the API, an icon or a sound.
    pub(super) fn file(&self, path: &[&str]) -> Url {
        let mut url = self.api.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    /// The websocket's address for HTTP, since an upgrade starts as a GET.
    pub(super) fn upgrade(&self) -> Result<Url, Error> {
        let mut url = self.websocket.clone();
        let scheme = if url.scheme() == "ws" { "http" } else { "https" };
        url.set_scheme(scheme).map_err(|()| invalid_address("the websocket", "it must start with wss://"))?;
        Ok(url)
    }

    /// Whether one of them is on this computer, where no proxy is used.
    pub(super) fn any_local(&self) -> bool {
        is_loopback(&self.api) || is_loopback(&self.websocket)
    }

    /// Whether neither needs TLS.
    pub(super) fn all_plain(&self) -> bool {
        self.api.scheme() == "http" && self.websocket.scheme() == "ws"
    }
}

fn parse(what: &str, text: &str, secure: &str, plain: &str) -> Result<Url, Error> {
    let start = format!("it must start with {secure}:// and a host");
    let url = Url::parse(text.trim()).map_err(|error| {
        let lacks_scheme_or_host =
            matches!(error, ParseError::RelativeUrlWithoutBase | ParseError::EmptyHost);
        // The other messages are clear enough, for example "invalid port number".
        invalid_address(what, &if lacks_scheme_or_host { start.clone() } else { error.to_string() })
    })?;
    if url.host_str().is_none_or(str::is_empty) {
        return Err(invalid_address(what, &start));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid_address(what, "it must not contain a user name or a password"));
    }
    match url.scheme() {
        scheme if scheme == secure => Ok(url),
        scheme if scheme == plain && is_loopback(&url) => Ok(url),
        scheme if scheme == plain => Err(invalid_address(
            what,
            &format!("plain {plain} is for this machine only (127.0.0.1, ::1, localhost); use {secure}"),
        )),
        _ => Err(invalid_address(what, &format!("it must start with {secure}://"))),
    }
}

fn invalid_address(what: &str, why: &str) -> Error {
    Error::Local(format!("the address of {what} cannot be used: {why}"))
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == LOCALHOST || address.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEBSOCKET: &str = "wss://example.org/push";

    fn rejection(api: &str, websocket: &str) -> String {
        Servers::new(api, websocket).unwrap_err().to_string()
    }

    #[test]
    fn the_official_addresses_are_valid() {
        let servers = Servers::new(Servers::API, Servers::WEBSOCKET).unwrap();
        assert_eq!(servers.endpoint(&["messages.json"]).as_str(), "https://api.pushover.net/1/messages.json");
        assert_eq!(servers.upgrade().unwrap().as_str(), "https://client.pushover.net/push");
        assert!(!servers.any_local() && !servers.all_plain());
    }

    #[test]
    fn plain_http_is_for_loopback_hosts_only() {
        for host in ["127.0.0.1", "127.9.9.9:80", "[::1]:4000", "localhost:1", "LOCALHOST"] {
            let servers = Servers::new(&format!("http://{host}"), &format!("ws://{host}/push")).unwrap();
            assert!(servers.any_local() && servers.all_plain(), "{host}");
        }
        for host in ["example.org", "10.0.0.1", "localhost.example.org", "[::2]", "128.0.0.1"] {
            assert!(rejection(&format!("http://{host}"), WEBSOCKET).contains("plain http"), "{host}");
            assert!(rejection("https://a.example", &format!("ws://{host}/")).contains("plain ws "), "{host}");
        }
    }

    #[test]
    fn an_invalid_address_is_rejected_with_a_reason() {
        for api in ["", "api.pushover.net", "https://"] {
            assert!(rejection(api, WEBSOCKET).ends_with(": it must start with https:// and a host"), "{api}");
        }
        for api in
            ["", "api.pushover.net", "ftp://example.org", "https://", "file:///etc", "wss://example.org"]
        {
            assert!(
                rejection(api, WEBSOCKET).starts_with("the address of the API cannot be used: "),
                "{api}"
            );
        }
        assert!(rejection("https://example.org", "https://example.org").contains("wss://"));
        assert!(!rejection("https://me:hunter2@example.org", WEBSOCKET).contains("hunter2"));
        assert!(rejection("https://example.org/?a=b", WEBSOCKET).contains("query"));
    }

    #[test]
    fn a_path_prefix_works_with_or_without_a_trailing_slash() {
        for api in ["https://example.org/a/b", "https://example.org/a/b/"] {
            let servers = Servers::new(api, WEBSOCKET).unwrap();
            assert_eq!(servers.endpoint(&["x.json"]).as_str(), "https://example.org/a/b/1/x.json");
        }
    }

    #[test]
    fn a_path_segment_cannot_inject_another() {
        let url = Servers::new(Servers::API, Servers::WEBSOCKET).unwrap().endpoint(&[
            "devices",
            "a?b#c%2F\\d/e",
            "x.json",
        ]);
        assert_eq!(url.path(), "/1/devices/a%3Fb%23c%252F%5Cd%2Fe/x.json");
        assert_eq!(url.query(), None);
    }
}
