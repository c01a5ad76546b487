//! Where the service is: the addresses of its API and of its websocket.
//!
//! Invariant: nothing is sent in the clear to another machine, since every request carries the secret.

use std::net::IpAddr;
use std::str::FromStr;

use reqwest::Url;

use super::error::Error;

type ParseError = <Url as FromStr>::Err;

/// The addresses of the service, or of a stand-in for it on this machine.
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

    /// Two addresses: `api` may have a path to put in front of the API's own, `websocket` is complete.
    ///
    /// # Errors
    /// [`Error::Unusable`] with a plain sentence for what is not an address, and for plain `http` or `ws` to
    /// anything but a loopback host.
    pub fn new(api: &str, websocket: &str) -> Result<Self, Error> {
        let api = address("the API", api, "https", "http")?;
        if api.query().is_some() || api.fragment().is_some() {
            return Err(unusable("the API", "it must end with its path"));
        }
        let websocket = address("the websocket", websocket, "wss", "ws")?;
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

    /// The address of a call, each part of its path percent-encoded.
    pub(super) fn call(&self, path: &[&str]) -> Url {
        let mut url = self.api.clone();
        if let Ok(mut parts) = url.path_segments_mut() {
            parts.pop_if_empty().push("1").extend(path);
        }
        url
    }

    /// The address of a file that is no part of the API's calls.
    pub(super) fn file(&self, path: &[&str]) -> Url {
        let mut url = self.api.clone();
        if let Ok(mut parts) = url.path_segments_mut() {
            parts.pop_if_empty().extend(path);
        }
        url
    }

    /// The websocket's address as HTTP knows it: an upgrade starts as a GET.
    pub(super) fn upgrade(&self) -> Result<Url, Error> {
        let mut url = self.websocket.clone();
        let scheme = if url.scheme() == "ws" { "http" } else { "https" };
        url.set_scheme(scheme).map_err(|()| unusable("the websocket", "it must start with wss://"))?;
        Ok(url)
    }

    /// Whether one of them is on this machine, where no proxy has a say.
    pub(super) fn any_local(&self) -> bool {
        is_loopback(&self.api) || is_loopback(&self.websocket)
    }

    /// Whether neither needs TLS.
    pub(super) fn all_plain(&self) -> bool {
        self.api.scheme() == "http" && self.websocket.scheme() == "ws"
    }
}

fn address(what: &str, text: &str, secure: &str, plain: &str) -> Result<Url, Error> {
    let start = format!("it must start with {secure}:// and a host");
    let url = Url::parse(text.trim()).map_err(|error| {
        let has_no_start = matches!(error, ParseError::RelativeUrlWithoutBase | ParseError::EmptyHost);
        // What else there is says what is wrong: "invalid port number".
        unusable(what, &if has_no_start { start.clone() } else { error.to_string() })
    })?;
    if url.host_str().is_none_or(str::is_empty) {
        return Err(unusable(what, &start));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(unusable(what, "it must not hold a user name or a password"));
    }
    match url.scheme() {
        scheme if scheme == secure => Ok(url),
        scheme if scheme == plain && is_loopback(&url) => Ok(url),
        scheme if scheme == plain => Err(unusable(
            what,
            &format!("plain {plain} is for this machine only (127.0.0.1, ::1, localhost); use {secure}"),
        )),
        _ => Err(unusable(what, &format!("it must start with {secure}://"))),
    }
}

fn unusable(what: &str, why: &str) -> Error {
    Error::Unusable(format!("the address of {what} cannot be used: {why}"))
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEBSOCKET: &str = "wss://example.org/push";

    fn refusal(api: &str, websocket: &str) -> String {
        Servers::new(api, websocket).unwrap_err().to_string()
    }

    #[test]
    fn the_official_addresses_are_addresses() {
        let servers = Servers::new(Servers::API, Servers::WEBSOCKET).unwrap();
        assert_eq!(servers.call(&["messages.json"]).as_str(), "https://api.pushover.net/1/messages.json");
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
            assert!(refusal(&format!("http://{host}"), WEBSOCKET).contains("plain http"), "{host}");
            assert!(refusal("https://a.example", &format!("ws://{host}/")).contains("plain ws "), "{host}");
        }
    }

    #[test]
    fn what_is_not_an_address_is_refused_in_words() {
        for api in ["", "api.pushover.net", "https://"] {
            assert!(refusal(api, WEBSOCKET).ends_with(": it must start with https:// and a host"), "{api}");
        }
        for api in
            ["", "api.pushover.net", "ftp://example.org", "https://", "file:///etc", "wss://example.org"]
        {
            assert!(refusal(api, WEBSOCKET).starts_with("the address of the API cannot be used: "), "{api}");
        }
        assert!(refusal("https://example.org", "https://example.org").contains("wss://"));
        assert!(!refusal("https://me:hunter2@example.org", WEBSOCKET).contains("hunter2"));
        assert!(refusal("https://example.org/?a=b", WEBSOCKET).contains("path"));
    }

    #[test]
    fn a_path_goes_in_front_with_or_without_a_slash() {
        for api in ["https://example.org/a/b", "https://example.org/a/b/"] {
            let servers = Servers::new(api, WEBSOCKET).unwrap();
            assert_eq!(servers.call(&["x.json"]).as_str(), "https://example.org/a/b/1/x.json");
        }
    }

    #[test]
    fn a_part_of_a_path_cannot_become_another() {
        let url = Servers::new(Servers::API, Servers::WEBSOCKET).unwrap().call(&[
            "devices",
            "a?b#c%2F\\d/e",
            "x.json",
        ]);
        assert_eq!(url.path(), "/1/devices/a%3Fb%23c%252F%5Cd%2Fe/x.json");
        assert_eq!(url.query(), None);
    }
}
