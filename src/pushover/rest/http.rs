//! The HTTP client behind the REST API and the websocket: its timeouts, its TLS, its one idle connection.
//!
//! Invariant: it follows no redirect and repeats nothing by itself, so a secret goes only where the caller sends it.

use std::time::Duration;

use reqwest::{Client, redirect, retry};

use crate::pushover::error::{Error, root_cause};
use crate::pushover::servers::Servers;

/// How long things may take and how large they may be.
#[derive(Clone, Copy, Debug)]
pub(in crate::pushover) struct Limits {
    /// The time for a TCP connection and its TLS handshake.
    pub(in crate::pushover) connect: Duration,
    /// The time for a whole request, with its connection and the body of its response.
    pub(in crate::pushover) request: Duration,
    /// The time for a websocket, until its login line is sent.
    pub(in crate::pushover) websocket: Duration,
    /// The largest body in bytes.
    pub(in crate::pushover) body: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            request: Duration::from_secs(30),
            websocket: Duration::from_secs(15),
            body: 8 << 20,
        }
    }
}

pub(super) fn client(servers: &Servers, limits: Limits) -> Result<Client, Error> {
    // reqwest has no TLS provider of its own and takes the default of the process. An error means that there is one.
    drop(rustls::crypto::ring::default_provider().install_default());
    let mut builder = Client::builder()
        .user_agent(concat!("handover/", env!("CARGO_PKG_VERSION")))
        .http1_only()
        .pool_max_idle_per_host(1)
        // The service closes idle connections itself. Closing it here would overlap with the next one, and a
        // timer for its age would wake the process up.
        .pool_idle_timeout(None)
        .connect_timeout(limits.connect)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false);
    #[cfg(target_os = "linux")]
    {
        // After the computer slept, a connection may be dead although nothing has reported it.
        builder = builder.tcp_user_timeout(limits.connect);
    }
    if servers.any_local() {
        builder = builder.no_proxy();
    }
    if servers.all_plain() {
        // Without TLS the system's certificates need not exist, nor stay in memory.
        builder = builder.tls_certs_only([]);
    }
    builder.build().map_err(|error| Error::Local(format!("TLS cannot be set up: {}", root_cause(error))))
}
