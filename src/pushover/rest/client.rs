//! Sends the requests of the REST API.
//!
//! Invariant: one call is one request. It fails if the server is silent for too long or the response is too large, and
//! an incomplete response is an error, never an empty list.

use std::sync::Arc;

use reqwest::{RequestBuilder, Response};
use secrecy::zeroize::Zeroizing;

use super::download::Download;
use super::request_gate::{Permit, RequestGate};
use crate::domain::account::{Credentials, DeviceId, DeviceName, Secret};
use crate::domain::message::{MessageId, Receipt};
use crate::pushover::error::Error;
use crate::pushover::http::{Http, Limits, Repetition};
use crate::pushover::parse::{self, Object};
use crate::pushover::response::{retry_after, status_error};
use crate::pushover::secret_body::with_form;
use crate::pushover::servers::Servers;
use crate::pushover::service_clock::{Reading, ServiceClock};
use crate::pushover::socket::Socket;
use crate::pushover::wire;

/// What a login returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The key of the account; empty when the service did not send it.
    pub user_key: String,
    /// The session secret, to be stored.
    pub secret: Secret,
}

/// The client of the service, with at most one idle connection; cheap to clone.
#[derive(Clone, Debug)]
pub struct Rest {
    http: Http,
    servers: Arc<Servers>,
    gate: Arc<RequestGate>,
    clock: Arc<ServiceClock>,
}

impl Rest {
    /// A client for these servers. Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Local`] when TLS cannot be set up: this system has no certificates.
    pub fn new(servers: Servers) -> Result<Self, Error> {
        Self::with_limits(servers, Limits::default())
    }

    pub(in crate::pushover) fn with_limits(servers: Servers, limits: Limits) -> Result<Self, Error> {
        let http = Http::new(&servers, limits)?;
        let (gate, clock) = (Arc::new(RequestGate::new()), Arc::default());
        Ok(Self { http, servers: Arc::new(servers), gate, clock })
    }

    /// Logs the user in. The password is not needed afterwards.
    ///
    /// # Errors
    /// [`Error::TwoFactorRequired`] when a code is missing or was wrong. The service does not always distinguish that
    /// from a wrong password, which is [`Error::Rejected`].
    pub async fn login(
        &self,
        email: &str,
        password: &Secret,
        two_factor: Option<&str>,
    ) -> Result<Login, Error> {
        let mut form = vec![("email", email), ("password", password.expose())];
        form.extend(two_factor.map(|code| ("twofa", code)));
        let request = self.http.post(self.servers.endpoint(&["users", "login.json"]));
        let request = with_form(request, &form);
        let (user_key, secret) =
            self.send(request, Repetition::Never, parse::login).await.map_err(two_factor_error)?;
        Ok(Login { user_key, secret })
    }

    /// Registers this computer as a device; `take_over` takes the name from the device that has it.
    ///
    /// # Errors
    /// See [`Error::is_name_taken`] and [`Error::is_device_limit_reached`].
    pub async fn register(
        &self,
        secret: &Secret,
        name: &DeviceName,
        take_over: bool,
    ) -> Result<DeviceId, Error> {
        let mut form = vec![("secret", secret.expose()), ("name", name.as_str()), ("os", "O")];
        form.extend(take_over.then_some(("force", "1")));
        let request = with_form(self.http.post(self.servers.endpoint(&["devices.json"])), &form);
        self.send(request, Repetition::Never, parse::device).await
    }

    /// Downloads everything that was not deleted, of any size.
    pub async fn download(&self, credentials: &Credentials) -> Result<Download<'_>, Error> {
        let login = [("secret", credentials.secret.expose()), ("device_id", credentials.device_id.as_str())];
        let request = self.http.get(self.servers.endpoint(&["messages.json"])).query(&login);
        let permit = self.permit().await;
        let response = self.http.send(request, Repetition::Allowed).await?;
        if response.status().is_success() {
            return Ok(Download::new(&self.http, &self.clock, permit, response));
        }
        self.read(response, |_| Err(Error::InvalidResponse("it has no list of messages"))).await
    }

    /// Deletes every message up to and including this id from the service, for this device.
    ///
    /// # Errors [`Error::Local`] for an id that is not from the service; nothing is sent then.
    pub async fn delete_through(&self, credentials: &Credentials, id: MessageId) -> Result<(), Error> {
        if !id.is_from_service() {
            return Err(Error::Local("a message cannot be deleted: its id is not from the service".into()));
        }
        let path = ["devices", credentials.device_id.as_str(), "update_highest_message.json"];
        let form = [("secret", credentials.secret.expose()), ("message", &id.to_string())];
        let request = with_form(self.http.post(self.servers.endpoint(&path)), &form);
        self.send(request, Repetition::Allowed, |_| Ok(())).await
    }

    /// Acknowledges an emergency for all its recipients. [`Error::is_final`] says when not to try again.
    pub async fn acknowledge(&self, secret: &Secret, receipt: &Receipt) -> Result<(), Error> {
        let path = ["receipts", receipt.as_str(), "acknowledge.json"];
        let form = [("secret", secret.expose())];
        let request = with_form(self.http.post(self.servers.endpoint(&path)), &form);
        self.send(request, Repetition::Allowed, |_| Ok(())).await
    }

    /// Opens the websocket and sends the login line. The service replies to an invalid login with a signal, and not at
    /// all to a valid one.
    pub async fn open_socket(&self, credentials: &Credentials) -> Result<Socket, Error> {
        let request = self.http.get(self.servers.upgrade()?);
        let socket = Socket::open(&self.http, request, credentials);
        tokio::time::timeout(self.http.limits().websocket, socket).await.unwrap_or(Err(Error::TimedOut))
    }

    /// The service's time, in unix seconds; `None` until it has responded.
    pub fn service_time(&self) -> Option<i64> {
        self.clock.unix()
    }

    pub(super) fn http(&self) -> &Http {
        &self.http
    }

    pub(super) fn servers(&self) -> &Servers {
        &self.servers
    }

    pub(super) fn gate(&self) -> &RequestGate {
        &self.gate
    }

    /// Waits until no other request is under way; the next one waits until the permit is dropped.
    pub(super) async fn permit(&self) -> Permit<'_> {
        self.gate.acquire().await
    }

    pub(super) async fn send<T>(
        &self,
        request: RequestBuilder,
        repetition: Repetition,
        parse: impl FnOnce(&Object<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let _permit = self.permit().await;
        let response = self.http.send(request, repetition).await?;
        self.read(response, parse).await
    }

    /// Reads a response of the API.
    pub(super) async fn read<T>(
        &self,
        response: Response,
        parse: impl FnOnce(&Object<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let status = response.status().as_u16();
        let may_be_the_api = matches!(status, 200..=299 | 400..=499) && !matches!(status, 408 | 429);
        if !may_be_the_api {
            return Err(status_error(&response));
        }
        let retry_after = retry_after(response.headers());
        let reading = Reading::of(&response);
        let body = self.body(response).await?;
        wire::log_body(&body);
        let body = parse::body(status, retry_after, &body);
        if matches!(&body, Ok(_) | Err(Error::Rejected { .. })) {
            // The response came from the service itself.
            self.clock.learn(reading);
        }
        parse(&body?)
    }

    /// Bytes that are not UTF-8 are replaced, so that one such byte does not block all messages. The body is wiped from memory
    /// afterwards, since that of a login has the secret.
    async fn body(&self, mut response: Response) -> Result<Zeroizing<String>, Error> {
        let mut body = Zeroizing::new(Vec::new());
        while let Some(chunk) = self.http.chunk(&mut response).await? {
            let chunk = chunk.as_ref();
            if body.len() + chunk.len() > self.http.limits().body {
                return Err(Error::TooLarge);
            }
            if body.len() + chunk.len() > body.capacity() {
                // A vector that grows by itself would leave a copy behind.
                let mut larger = Zeroizing::new(Vec::with_capacity(2 * (body.len() + chunk.len())));
                larger.extend_from_slice(&body);
                body = larger;
            }
            body.extend_from_slice(chunk);
        }
        Ok(Zeroizing::new(String::from_utf8_lossy(&body).into_owned()))
    }
}

/// HTTP 412 is documented, but its body is not. Other clients have seen an error about `totp` in it.
fn two_factor_error(error: Error) -> Error {
    let is_412 = matches!(error, Error::Outage { status: 412, .. } | Error::Rejected { status: 412, .. });
    if is_412 || error.rejects_field("totp") { Error::TwoFactorRequired } else { error }
}
