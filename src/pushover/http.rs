//! The HTTP client behind the REST API and the websocket: its timeouts, its TLS, its one idle connection.
//!
//! Invariant: it follows no redirects, so a secret goes only where the caller sends it. It repeats a request only if
//! the caller says that this is safe, and only if the idle connection it was sent on was dead.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::{Client, ClientBuilder, IntoUrl, RequestBuilder, Response, redirect, retry};
use tokio::task::yield_now;
use tokio::time::timeout;
use tower::util::MapFutureLayer;

use super::error::{Error, root_cause};
use super::servers::{LOCALHOST, Servers};
use super::wire;

/// Limits on time and size.
///
/// A request as a whole has no time limit, because a long response may take long on a slow line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// The time for a TCP connection and its TLS handshake.
    pub(super) connect: Duration,
    /// The time without a single byte from the server, before and during its response.
    pub(super) silence: Duration,
    /// The time until the first byte of the response to a request that was sent on an idle connection.
    pub(super) reused: Duration,
    /// The time after which an idle connection is closed.
    pub(super) idle: Duration,
    /// The time for a websocket, until its login line is sent.
    pub(super) websocket: Duration,
    /// The largest response in bytes, apart from the messages of a download.
    pub(super) body: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            silence: Duration::from_secs(30),
            reused: Duration::from_secs(4),
            // Shorter than servers and routers keep idle connections: 60 s and more.
            idle: Duration::from_secs(50),
            websocket: Duration::from_secs(15),
            body: 1 << 20,
        }
    }
}

/// Whether a request may be sent again if the first one was lost on a dead connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repetition {
    /// The second has the same effect as the first, or none.
    Allowed,
    /// Each has an effect of its own, or it is never sent on an idle connection.
    Never,
}

/// A request without a response.
#[derive(Debug)]
pub(super) struct Lost {
    pub(super) error: Error,
    /// Whether there was no connection to send it on.
    pub(super) never_left: bool,
}

/// Sends requests, with at most one idle connection; cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Http {
    client: Client,
    limits: Limits,
    /// How many connections were attempted.
    connections: Arc<AtomicUsize>,
}

impl Http {
    pub(super) fn new(servers: &Servers, limits: Limits) -> Result<Self, Error> {
        let connections = Arc::new(AtomicUsize::new(0));
        let client = builder(servers, limits, Arc::clone(&connections))
            .build()
            .map_err(|error| Error::Local(format!("TLS cannot be set up: {}", root_cause(error))))?;
        Ok(Self { client, limits, connections })
    }

    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    pub(super) fn get(&self, url: impl IntoUrl) -> RequestBuilder {
        self.client.get(url)
    }

    pub(super) fn post(&self, url: impl IntoUrl) -> RequestBuilder {
        self.client.post(url)
    }

    /// Sends a request and waits for the head of its response.
    ///
    /// An idle connection may be dead without any sign of it. A request that gets no response on one is sent again on a
    /// new connection, if that is safe.
    pub(super) async fn send(
        &self,
        request: RequestBuilder,
        repetition: Repetition,
    ) -> Result<Response, Error> {
        let again = request.try_clone().filter(|_| repetition == Repetition::Allowed);
        if let Some(again) = again {
            if let Some(answer) = self.send_on_any_connection(request).await {
                return answer;
            }
            tracing::debug!("an idle connection to the service was dead");
            // Let it close before the next one is opened.
            yield_now().await;
            return self.send_once(again).await;
        }
        self.send_once(request).await
    }

    /// `None` if the request was sent on an idle connection and got no response.
    async fn send_on_any_connection(&self, request: RequestBuilder) -> Option<Result<Response, Error>> {
        let before = self.connections.load(Ordering::Relaxed);
        let is_reused = || self.connections.load(Ordering::Relaxed) == before;
        let mut answer = Box::pin(self.send_once(request));
        match timeout(self.limits.reused, &mut answer).await {
            Ok(Err(_)) if is_reused() => None,
            Ok(answer) => Some(answer),
            Err(_elapsed) if is_reused() => None,
            Err(_elapsed) => Some(answer.await),
        }
    }

    async fn send_once(&self, request: RequestBuilder) -> Result<Response, Error> {
        self.send_once_or_tell(request).await.map_err(|lost| lost.error)
    }

    /// Sends a request once; a failure says whether the request may have reached the server.
    pub(super) async fn send_once_or_tell(&self, request: RequestBuilder) -> Result<Response, Lost> {
        let never_left = |error| Lost { error, never_left: true };
        let (client, request) = request.build_split();
        let request = request.map_err(|error| never_left(error.into()))?;
        let exchange = wire::Exchange::begin(&request);
        let response = match self.unless_silent(client.execute(request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => {
                let is_connect = error.is_connect();
                let lost = Lost { error: error.into(), never_left: is_connect };
                exchange.failed(&lost.error);
                return Err(lost);
            }
            Err(error) => {
                exchange.failed(&error);
                return Err(Lost { error, never_left: false });
            }
        };
        exchange.answered(&response);
        let is_plain = response.url().scheme() == "http";
        let peer = response.remote_addr();
        if is_plain && peer.is_some_and(|peer| !peer.ip().to_canonical().is_loopback()) {
            let error = Error::Local("an unencrypted connection leads to another computer".to_owned());
            return Err(Lost { error, never_left: false });
        }
        Ok(response)
    }

    /// Waits for the next part of a body; `None` at its end.
    pub(super) async fn chunk(
        &self,
        response: &mut Response,
    ) -> Result<Option<impl AsRef<[u8]> + use<>>, Error> {
        // The timeout of reqwest would also count the time in which the caller does not read.
        Ok(self.unless_silent(response.chunk()).await??)
    }

    async fn unless_silent<T>(&self, answer: impl Future<Output = T>) -> Result<T, Error> {
        timeout(self.limits.silence, answer).await.map_err(|_elapsed| Error::TimedOut)
    }
}

fn builder(servers: &Servers, limits: Limits, connections: Arc<AtomicUsize>) -> ClientBuilder {
    // reqwest has no TLS provider of its own and uses the default of the process. An error means that there is one
    // already.
    drop(rustls::crypto::ring::default_provider().install_default());
    let mut builder = Client::builder()
        .user_agent(concat!("handover/", env!("CARGO_PKG_VERSION")))
        .http1_only()
        .pool_max_idle_per_host(1)
        .pool_idle_timeout(limits.idle)
        .connect_timeout(limits.connect)
        .connector_layer(MapFutureLayer::new(move |connection| {
            connections.fetch_add(1, Ordering::Relaxed);
            async move {
                // Let an idle connection that was too old close before this one is opened.
                yield_now().await;
                connection.await
            }
        }))
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false);
    builder = noticing_dead_connections(builder, limits.connect);
    // A loopback host is reached without encryption, so its name must never resolve to another computer.
    builder = builder
        .resolve_to_addrs(LOCALHOST, &[(Ipv4Addr::LOCALHOST, 0).into(), (Ipv6Addr::LOCALHOST, 0).into()]);
    if servers.any_local() {
        builder = builder.no_proxy();
    }
    if servers.all_plain() {
        // Without TLS, the system's certificates are neither required nor loaded.
        builder = builder.tls_certs_only([]);
    }
    builder
}

/// After the computer slept, a connection may be dead without any sign of it.
#[cfg(target_os = "linux")]
fn noticing_dead_connections(builder: ClientBuilder, limit: Duration) -> ClientBuilder {
    builder.tcp_user_timeout(limit)
}

/// Other systems have no such option for a connection: there the time limit of each request has to do.
#[cfg(not(target_os = "linux"))]
fn noticing_dead_connections(builder: ClientBuilder, _limit: Duration) -> ClientBuilder {
    builder
}
