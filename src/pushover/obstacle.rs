//! Where the way to the service ends, in words for people.
//!
//! Invariant: the same obstacle has the same words in every command, and never the address, which holds the secret.

use std::error::Error as _;
use std::io;

use rustls::CertificateError;

use super::error::{cause, clean};

/// Where the way to a host ends; the cause in `<host> cannot be reached: <cause>`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// The name of the host stands for no address, as far as the network knows.
    #[error("the name is not found")]
    Name,
    /// No connection, or one that broke.
    #[error("{0}")]
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

/// At which step there was no answer.
pub(super) fn unreached(error: reqwest::Error) -> Obstacle {
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
