//! Tries the way to the service, to say at which step it ends: name, connection, TLS, answer.
//!
//! Invariant: nothing of a login is sent, nothing changes on the service, and a try ends within five seconds.

use std::time::Duration;

use reqwest::Url;
use reqwest::header::DATE;
use tokio::net::lookup_host;
use tokio::time::timeout;

use super::error::Error;
use super::obstacle::{Obstacle, unreached};
use super::rest::Rest;
use super::socket;

/// For a whole try; somebody sits and waits.
const TIMEOUT: Duration = Duration::from_secs(4);
/// To find out afterwards whether it was the name that took so long.
const TIMEOUT_FOR_NAME: Duration = Duration::from_secs(1);

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

impl Rest {
    /// Tries to reach a host. The API is asked a question that needs a token it is not given; the websocket is
    /// opened and let go of without a login, which disturbs no session.
    pub async fn probe(&self, host: Host) -> Result<Reached, Obstacle> {
        let servers = self.servers();
        let (url, attempt) = match host {
            Host::Api => (servers.api(), timeout(TIMEOUT, self.probe_api()).await),
            Host::Websocket => (servers.websocket(), timeout(TIMEOUT, self.probe_websocket()).await),
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
        Error::Unreachable(obstacle) => Err(obstacle),
        Error::Ended(cause) | Error::Unusable(cause) => Err(Obstacle::Connection(cause)),
    }
}

async fn is_named(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let port = url.port_or_known_default().unwrap_or_default();
    timeout(TIMEOUT_FOR_NAME, lookup_host((host, port))).await.is_ok_and(|found| found.is_ok())
}

/// The moment an answer was made, by the clock of whoever made it.
fn date(response: &reqwest::Response) -> Option<i64> {
    let text = response.headers().get(DATE)?.to_str().ok()?;
    let moment = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(moment.as_second())
}
