//! The service's own host names over TLS, for programs in which they are fixed: certificates, and connections over TLS.
//!
//! Invariant: no certificate made here is good for any other host.

mod authority;
mod connections;

use std::io;

pub(super) use authority::Authority;
pub(super) use connections::{TlsListener, TlsQueue};

/// A random token that nobody can guess.
pub(super) fn token() -> io::Result<String> {
    let mut bytes = [0; 16];
    let provider = rustls::crypto::ring::default_provider();
    provider.secure_random.fill(&mut bytes).map_err(|_| io::Error::other("there is no random number"))?;
    Ok(hex::encode(bytes))
}
