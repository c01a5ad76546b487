//! How to start a sandbox, and the credentials to use it with.
//!
//! Invariant: by default only this computer reaches it, and nothing is written to disk.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use super::seed::Seed;

/// How to start a sandbox.
#[derive(Clone, Debug)]
pub struct Options {
    /// The address to listen on.
    pub listen: IpAddr,
    /// The port to listen on; 0 lets the system choose.
    pub port: u16,
    /// The current time in unix seconds.
    pub clock: fn() -> i64,
    /// The email address of the account.
    pub email: String,
    /// The password of the account.
    pub password: String,
    /// The code that a login needs; `None` when the account has no two-factor authentication.
    pub two_factor: Option<String>,
    /// The time between two `#` on the websocket, on tokio's clock.
    pub keep_alive: Duration,
    /// The web pages that may use it, such as `https://example.org`. Any other would use it from the browser of whoever visits it.
    pub allowed_origins: Vec<String>,
    /// The names by which other computers reach it, besides its addresses.
    pub allowed_hosts: Vec<String>,
    /// Whether it posts a sender's callback to other computers too: who can send to it could make it post into a network that only
    /// this computer reaches.
    pub remote_callbacks: bool,
    /// What it contains at the start.
    pub seed: Seed,
    /// Whether secrets, ids and receipts are the same in every run.
    pub is_fixed: bool,
    /// Where it keeps the certificates that it makes, if it is to stand in for the service's own host names.
    pub certificates: Option<PathBuf>,
    /// The port to listen on for TLS, which needs `certificates`; 0 lets the system choose.
    pub tls_port: Option<u16>,
    /// Whether it is an HTTPS proxy for the service's host names, which needs `certificates`.
    pub is_proxy: bool,
}

impl Options {
    /// Any port, a sample account without two-factor authentication, a `#` every 30 s.
    pub fn new(clock: fn() -> i64) -> Self {
        Self {
            listen: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            clock,
            email: "sandbox@example.org".to_owned(),
            password: "correct horse battery staple".to_owned(),
            two_factor: None,
            keep_alive: Duration::from_secs(30),
            allowed_origins: Vec::new(),
            allowed_hosts: Vec::new(),
            remote_callbacks: false,
            seed: Seed::default(),
            is_fixed: false,
            certificates: None,
            tls_port: None,
            is_proxy: false,
        }
    }
}

/// The credentials of a sandbox, for clients and for senders.
#[derive(Clone, Debug)]
pub struct AccountInfo {
    /// The email address to log in with.
    pub email: String,
    /// The password to log in with.
    pub password: String,
    /// The two-factor code, if the account has one.
    pub two_factor: Option<String>,
    /// The user key for senders.
    pub user_key: String,
    /// The key of a group whose only member is this user, for senders.
    pub group_key: String,
    /// The token of a predefined application, for senders.
    pub app_token: String,
}
