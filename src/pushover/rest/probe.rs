//! Checks whether the service can be reached, and at which step that fails: name, connection, TLS, response.
//!
//! Invariant: no credentials are sent, nothing changes at the service, and a probe ends within five seconds.

use std::time::Duration;

use reqwest::Url;
use tokio::net::lookup_host;
use tokio::time::timeout;

use super::client::Rest;
use crate::pushover::error::{ConnectError, Error, connect_error};
use crate::pushover::response::server_time;
use crate::pushover::socket;

/// The time limit for a whole probe; the user is waiting for the result.
const TIMEOUT: Duration = Duration::from_secs(4);
/// The time limit for checking afterwards whether the name resolution took so long.
const NAME_TIMEOUT: Duration = Duration::from_secs(1);

/// A host of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// The host of the REST API.
    Api,
    /// The host of the websocket.
    Websocket,
}

/// The host was reached, and is the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The service's time in unix seconds, if the response contains it.
    pub server_time: Option<i64>,
}

impl Rest {
    /// Tries to reach a host. The API gets a request without the token it needs; the websocket is opened and closed
    /// without a login, which affects no session.
    pub async fn probe(&self, host: Host) -> Result<Reached, ConnectError> {
        let servers = self.servers();
        let (url, attempt) = match host {
            Host::Api => (servers.api(), timeout(TIMEOUT, self.probe_api()).await),
            Host::Websocket => (servers.websocket(), timeout(TIMEOUT, self.probe_websocket()).await),
        };
        match attempt {
            Ok(outcome) => outcome,
            Err(_elapsed) if resolves(url).await => Err(ConnectError::Timeout),
            Err(_elapsed) => Err(ConnectError::NameNotFound),
        }
    }

    async fn probe_api(&self) -> Result<Reached, ConnectError> {
        let request = self.http().get(self.servers().endpoint(&["apps", "limits.json"]));
        let _permit = self.permit().await;
        let response = request.send().await.map_err(connect_error)?;
        let reached = Reached { server_time: server_time(&response) };
        self.read(response, |_| Ok(())).await.or_else(sent_by_the_service)?;
        Ok(reached)
    }

    async fn probe_websocket(&self) -> Result<Reached, ConnectError> {
        let url = self.servers().upgrade().map_err(|error| ConnectError::Connection(error.to_string()))?;
        let (request, key) = socket::upgrade_request(self.http().get(url));
        let response = request.send().await.map_err(connect_error)?;
        let reached = Reached { server_time: server_time(&response) };
        socket::check_upgrade(&response, &key).or_else(sent_by_the_service)?;
        Ok(reached)
    }
}

/// `Ok` if only the service itself sends this error, because then it was reached.
fn sent_by_the_service(error: Error) -> Result<(), ConnectError> {
    match error {
        Error::Rejected { .. } | Error::TwoFactorRequired | Error::TooManyRequests { .. } => Ok(()),
        Error::Outage { status, .. } if status >= 500 => Err(ConnectError::Outage(status)),
        Error::Outage { status, .. } => Err(ConnectError::NotTheService(format!("HTTP {status}"))),
        Error::TooLarge => Err(ConnectError::NotTheService("the response is too large".to_owned())),
        Error::InvalidResponse(why) => Err(ConnectError::NotTheService(why.to_owned())),
        Error::TimedOut => Err(ConnectError::Timeout),
        Error::Unreachable(error) => Err(error),
        Error::Closed(cause) | Error::Local(cause) => Err(ConnectError::Connection(cause)),
    }
}

async fn resolves(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let port = url.port_or_known_default().unwrap_or_default();
    timeout(NAME_TIMEOUT, lookup_host((host, port))).await.is_ok_and(|found| found.is_ok())
}
