//! The calls of the REST API.
//!
//! Invariant: one call is one request; it ends within its time and holds no more than its share of memory,
//! and an answer that is not whole is an error, never an empty one.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, Response, redirect, retry};

use super::error::{Error, cause};
use super::json::Object;
use super::servers::Servers;
use super::socket::Socket;
use super::turns::{Turn, Turns};
use super::wire;
use crate::domain::account::{Account, Credentials, DeviceId, DeviceName, Secret};
use crate::domain::message::{MessageId, Receipt, Received};

/// Turns of the scheduler until a connection whose answer was read is idle: two tasks, and some to spare.
const TURNS_TO_IDLE: u32 = 4;

/// What a login returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The key of the account; empty when the service did not say.
    pub user_key: String,
    /// The session secret, to be kept.
    pub secret: Secret,
}

/// What a download returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Download {
    /// Everything on the server for this device, in the order sent.
    pub items: Vec<Received>,
    /// What the service says of the account.
    pub account: Account,
}

/// The service, as one client with at most one idle connection; cheap to clone.
#[derive(Clone, Debug)]
pub struct Rest {
    client: Client,
    servers: Arc<Servers>,
    limits: Limits,
    turns: Arc<Turns>,
}

impl Rest {
    /// A client of these servers. Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Unusable`] when TLS cannot be set up: this system has no certificates.
    pub fn new(servers: Servers) -> Result<Self, Error> {
        Self::with_limits(servers, Limits::default())
    }

    pub(super) fn with_limits(servers: Servers, limits: Limits) -> Result<Self, Error> {
        let client = client(&servers, limits)?;
        Ok(Self { client, servers: Arc::new(servers), limits, turns: Arc::new(Turns::new()) })
    }

    /// Logs the user in; the password is not needed any more afterwards.
    ///
    /// # Errors
    /// [`Error::TwoFactorNeeded`] when a code is missing or was wrong (the service does not always tell that
    /// from a wrong password, which is [`Error::Rejected`]).
    pub async fn login(
        &self,
        email: &str,
        password: &Secret,
        two_factor: Option<&str>,
    ) -> Result<Login, Error> {
        let mut form = vec![("email", email), ("password", password.expose())];
        form.extend(two_factor.map(|code| ("twofa", code)));
        let request = self.client.post(self.servers.call(&["users", "login.json"])).form(&form);
        let (user_key, secret) = self.ask(request, wire::login).await.map_err(wants_two_factor)?;
        Ok(Login { user_key, secret })
    }

    /// Registers this machine as a device; `take_over` takes the name from the device that has it.
    ///
    /// # Errors
    /// See [`Error::names_taken`] and [`Error::too_many_devices`].
    pub async fn register(
        &self,
        secret: &Secret,
        name: &DeviceName,
        take_over: bool,
    ) -> Result<DeviceId, Error> {
        let mut form = vec![("secret", secret.expose()), ("name", name.as_str()), ("os", "O")];
        form.extend(take_over.then_some(("force", "1")));
        self.ask(self.client.post(self.servers.call(&["devices.json"])).form(&form), wire::device).await
    }

    /// Downloads everything that was not deleted.
    pub async fn download(&self, credentials: &Credentials) -> Result<Download, Error> {
        let login = [("secret", credentials.secret.expose()), ("device_id", credentials.device_id.as_str())];
        let request = self.client.get(self.servers.call(&["messages.json"])).query(&login);
        self.ask(request, |answer| {
            Ok(Download { items: wire::items(answer)?, account: wire::account(answer) })
        })
        .await
    }

    /// Deletes every message up to and including this id on the server, for this device.
    ///
    /// # Errors
    /// [`Error::Unusable`] for an id that was not given by the service; nothing is sent then.
    pub async fn delete_through(&self, credentials: &Credentials, id: MessageId) -> Result<(), Error> {
        if !id.is_from_service() {
            return Err(Error::Unusable("a message cannot be deleted: its id is not the service's".into()));
        }
        let path = ["devices", credentials.device_id.as_str(), "update_highest_message.json"];
        let form = [("secret", credentials.secret.expose()), ("message", &id.to_string())];
        self.ask(self.client.post(self.servers.call(&path)).form(&form), |_| Ok(())).await
    }

    /// Acknowledges an emergency, for everybody who got it. A definite error is final: see
    /// [`Error::is_definite`].
    pub async fn acknowledge(&self, secret: &Secret, receipt: &Receipt) -> Result<(), Error> {
        let path = ["receipts", receipt.as_str(), "acknowledge.json"];
        let form = [("secret", secret.expose())];
        self.ask(self.client.post(self.servers.call(&path)).form(&form), |_| Ok(())).await
    }

    /// Opens the websocket and logs in on it. The service answers a bad login with a signal, and a good one
    /// not at all.
    pub async fn open_socket(&self, credentials: &Credentials) -> Result<Socket, Error> {
        let request = self.client.get(self.servers.upgrade()?);
        let opening = Socket::open(request, credentials);
        tokio::time::timeout(self.limits.opening, opening).await.unwrap_or(Err(Error::TimedOut))
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn servers(&self) -> &Servers {
        &self.servers
    }

    async fn ask<T>(
        &self,
        request: RequestBuilder,
        read: impl FnOnce(&Object<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let _turn = self.turn().await;
        let response = request.timeout(self.limits.request).send().await?;
        self.read(response, read).await
    }

    /// Waits until no other request is under way, and holds the next back until it is dropped.
    pub(super) async fn turn(&self) -> Turn<'_> {
        self.turns.take().await
    }

    pub(super) fn turns(&self) -> &Turns {
        &self.turns
    }

    /// Reads an answer of the API.
    pub(super) async fn read<T>(
        &self,
        response: Response,
        read: impl FnOnce(&Object<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let status = response.status().as_u16();
        let may_be_the_api = matches!(status, 200..=299 | 400..=499) && !matches!(status, 408 | 429);
        if !may_be_the_api {
            return Err(unanswered(&response));
        }
        let retry_after = retry_after(response.headers());
        let body = self.body(response).await?;
        settle().await;
        read(&wire::answer(status, retry_after, &body)?)
    }

    /// Bytes that are not UTF-8 are replaced: one such byte in one message must not hold up all the others.
    async fn body(&self, mut response: Response) -> Result<String, Error> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > self.limits.body {
                return Err(Error::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(String::from_utf8(body)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }
}

/// Lets a connection whose answer was read become idle, and one whose answer was dropped be closed.
///
/// That is done by tasks of hyper's own. Asking again before they ran would open another.
pub(super) async fn settle() {
    for _ in 0..TURNS_TO_IDLE {
        tokio::task::yield_now().await;
    }
}

/// How long things may take and how large they may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// For a TCP connection and its TLS.
    pub(super) connecting: Duration,
    /// For a whole request, with its connection and the body of its answer.
    pub(super) request: Duration,
    /// For a websocket, until its login line is sent.
    pub(super) opening: Duration,
    /// Bytes of a body.
    pub(super) body: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connecting: Duration::from_secs(10),
            request: Duration::from_secs(30),
            opening: Duration::from_secs(15),
            body: 8 << 20,
        }
    }
}

fn client(servers: &Servers, limits: Limits) -> Result<Client, Error> {
    // reqwest takes the process's default provider and has none of its own. An error means that there is one.
    drop(rustls::crypto::ring::default_provider().install_default());
    let mut builder = Client::builder()
        .user_agent(concat!("handover/", env!("CARGO_PKG_VERSION")))
        .http1_only()
        .pool_max_idle_per_host(1)
        // The service ends an idle connection when it likes. Ended here it would overlap with the next one, and
        // watching its age would wake the process up.
        .pool_idle_timeout(None)
        .connect_timeout(limits.connecting)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false);
    #[cfg(target_os = "linux")]
    {
        // After a sleep a connection may be dead without knowing it.
        builder = builder.tcp_user_timeout(limits.connecting);
    }
    if servers.any_local() {
        builder = builder.no_proxy();
    }
    if servers.all_plain() {
        // Without TLS the system's certificates need not be there, nor stay in memory.
        builder = builder.tls_certs_only([]);
    }
    builder.build().map_err(|error| Error::Unusable(format!("TLS cannot be set up: {}", cause(error))))
}

/// What an answer means that is no answer of the API, whatever its body.
pub(super) fn unanswered(response: &Response) -> Error {
    let retry_after = retry_after(response.headers());
    match response.status().as_u16() {
        429 => Error::TooMany { retry_after },
        status => Error::Outage { status, retry_after },
    }
}

/// `Retry-After` in seconds, or as a date, which is counted from the answer's own `Date`. A day at most: what
/// is asked in earnest is shorter, and what is longer must not overflow somebody's clock.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: HeaderName| headers.get(name)?.to_str().ok();
    let moment = |text: &str| jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok();
    let pending = text(RETRY_AFTER)?.trim();
    let seconds = pending.parse().ok().or_else(|| {
        let wait = moment(pending)?.duration_since(moment(text(DATE)?)?);
        u64::try_from(wait.as_secs()).ok()
    })?;
    Some(Duration::from_secs(seconds).min(Duration::from_hours(24)))
}

/// HTTP 412 is documented, its body is not; a complaint about `totp` is what clients have seen there.
fn wants_two_factor(error: Error) -> Error {
    let is_412 = matches!(error, Error::Outage { status: 412, .. } | Error::Rejected { status: 412, .. });
    if is_412 || error.blames("totp") { Error::TwoFactorNeeded } else { error }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(retry_after_value: &str, date: Option<&str>) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, retry_after_value.parse().unwrap());
        if let Some(date) = date {
            headers.insert(DATE, date.parse().unwrap());
        }
        retry_after(&headers).map(|wait| wait.as_secs())
    }

    #[test]
    fn retry_after_is_read_in_both_forms() {
        let date = Some("Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(wait("120", None), Some(120));
        assert_eq!(wait("Sun, 06 Nov 1994 08:50:37 GMT", date), Some(60));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:36 GMT", date), None);
        assert_eq!(wait("Sun, 06 Nov 1994 08:50:37 GMT", None), None);
        assert_eq!(wait("soon", date), None);
        assert_eq!(wait("18446744073709551615", None), Some(86_400));
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
