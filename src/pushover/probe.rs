//! Tries the way to the service, to say at which step it ends: name, connection, TLS, answer.
//!
//! Invariant: nothing of a login is sent, nothing changes on the service, and a try ends within five seconds.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::DATE;
use rustls::CertificateError;
use tokio::net::lookup_host;
use tokio::time::timeout;

use super::error::{Error, cause, clean};
use super::rest::Rest;
use super::socket;

/// For a whole try; somebody sits and waits.
const PATIENCE: Duration = Duration::from_secs(4);
/// To find out afterwards whether it was the name that took so long.
const PATIENCE_FOR_NAME: Duration = Duration::from_secs(1);

/// A host of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// That of the REST API.
    Api,
    /// That of the websocket.
    Websocket,
}

/// A host was reached, and it is the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// What time it is there, unix seconds, if it said so.
    pub unix: Option<i64>,
}

/// Where the way to a host ends; the cause in `<host> cannot be reached: <cause>`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// The name of the host stands for no address, as far as the network knows.
    #[error("the name is not found")]
    Name,
    /// No connection, or one that broke.
    #[error("the connection failed: {0}")]
    Connection(String),
    /// There is a certificate, and it is too old or too new.
    #[error("its certificate is not valid at the time of this computer")]
    Dated,
    /// There is a certificate, and nobody this computer trusts vouches for it.
    #[error("its certificate is not trusted by this computer")]
    Untrusted,
    /// TLS came to no end.
    #[error("TLS failed: {0}")]
    Tls(String),
    /// No answer in time.
    #[error("it does not answer")]
    Silence,
    /// An answer, but not of the service.
    #[error("what answers is not the service: {0}")]
    Stranger(String),
    /// The service is there and out of order.
    #[error("the service is out of order: HTTP {0}")]
    Outage(u16),
}

impl Obstacle {
    /// What the user can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Name => "check that this computer is online, and its DNS server",
            Self::Connection(_) | Self::Silence => {
                "check that this computer is online, and the firewall or proxy if there is one"
            }
            Self::Dated => "check the date and time of this computer",
            Self::Untrusted => {
                "a network that wants a login, a proxy or a virus scanner may be in between; \
                 else update the certificates of the system (package ca-certificates)"
            }
            Self::Tls(_) | Self::Stranger(_) => {
                "open a web page in a browser: the network may want a login first; else ask who runs the proxy"
            }
            Self::Outage(_) => "wait; it is tried again by itself",
        }
    }
}

impl Rest {
    /// Tries to reach a host. The API is asked a question that needs a token it is not given; the websocket is
    /// opened and let go of without a login, which disturbs no session.
    pub async fn probe(&self, host: Host) -> Result<Reached, Obstacle> {
        let servers = self.servers();
        let (url, attempt) = match host {
            Host::Api => (servers.api(), timeout(PATIENCE, self.probe_api()).await),
            Host::Websocket => (servers.websocket(), timeout(PATIENCE, self.probe_websocket()).await),
        };
        match attempt {
            Ok(outcome) => outcome,
            Err(_elapsed) if is_named(url).await => Err(Obstacle::Silence),
            Err(_elapsed) => Err(Obstacle::Name),
        }
    }

    async fn probe_api(&self) -> Result<Reached, Obstacle> {
        let request = self.client().get(self.servers().call(&["apps", "limits.json"]));
        let _turn = self.turn().await;
        let response = request.send().await.map_err(unreached)?;
        let reached = Reached { unix: date(&response) };
        self.read(response, |_| Ok(())).await.or_else(unless_the_service_said_so)?;
        Ok(reached)
    }

    async fn probe_websocket(&self) -> Result<Reached, Obstacle> {
        let url = self.servers().upgrade().map_err(|error| Obstacle::Connection(error.to_string()))?;
        let (request, key) = socket::upgrading(self.client().get(url));
        let response = request.send().await.map_err(unreached)?;
        let reached = Reached { unix: date(&response) };
        socket::check_upgrade(&response, &key).or_else(unless_the_service_said_so)?;
        Ok(reached)
    }
}

/// What an error says of who answered: a refusal by the service is an answer as good as any.
fn unless_the_service_said_so(error: Error) -> Result<(), Obstacle> {
    match error {
        Error::Rejected { .. } | Error::TwoFactorNeeded | Error::TooMany { .. } => Ok(()),
        Error::Outage { status, .. } if status >= 500 => Err(Obstacle::Outage(status)),
        Error::Outage { status, .. } => Err(Obstacle::Stranger(format!("HTTP {status}"))),
        Error::TooLarge => Err(Obstacle::Stranger("the answer is too large".to_owned())),
        Error::Garbled(why) => Err(Obstacle::Stranger(why.to_owned())),
        Error::TimedOut => Err(Obstacle::Silence),
        Error::Unreachable(cause) | Error::Ended(cause) | Error::Unusable(cause) => {
            Err(Obstacle::Connection(cause))
        }
    }
}

/// At which step there was no answer.
fn unreached(error: reqwest::Error) -> Obstacle {
    if error.is_dns() {
        return Obstacle::Name;
    }
    let mut next: Option<&(dyn std::error::Error + 'static)> = error.source();
    while let Some(layer) = next {
        if let Some(fault) = layer.downcast_ref::<rustls::Error>() {
            return tls(fault);
        }
        next = match layer.downcast_ref::<io::Error>() {
            Some(broken) if error.is_connect() && broken.kind() == io::ErrorKind::UnexpectedEof => {
                return Obstacle::Tls("the connection was closed".to_owned());
            }
            // Its `source` is that of what it wraps, which would be passed over.
            Some(wrapping) => wrapping.get_ref().map(|inner| inner as _),
            None => layer.source(),
        };
    }
    if error.is_timeout() { Obstacle::Silence } else { Obstacle::Connection(cause(error)) }
}

pub(super) fn tls(fault: &rustls::Error) -> Obstacle {
    use CertificateError::{Expired, ExpiredContext, NotValidYet, NotValidYetContext};

    if let rustls::Error::InvalidCertificate(why) = fault {
        let is_dated =
            matches!(why, Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. });
        return if is_dated { Obstacle::Dated } else { Obstacle::Untrusted };
    }
    if matches!(fault, rustls::Error::InvalidMessage(_)) {
        return Obstacle::Tls("the answer is not TLS".to_owned());
    }
    Obstacle::Tls(clean(&fault.to_string()))
}

async fn is_named(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let port = url.port_or_known_default().unwrap_or_default();
    timeout(PATIENCE_FOR_NAME, lookup_host((host, port))).await.is_ok_and(|found| found.is_ok())
}

/// The moment an answer was made, by the clock of whoever made it.
fn date(response: &reqwest::Response) -> Option<i64> {
    let text = response.headers().get(DATE)?.to_str().ok()?;
    let moment = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(moment.as_second())
}
