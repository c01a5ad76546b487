//! Why the service cannot be reached, in words for the user.
//!
//! Invariant: no text here contains the address, which contains the secret.

use std::error::Error as _;
use std::io;

use rustls::CertificateError;

use super::sanitize::{root_cause, sanitize};

/// Why a host cannot be reached; the cause in `<host> cannot be reached: <cause>`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The host name does not resolve.
    #[error("the host name was not found")]
    NameNotFound,
    /// There is no connection, or it broke.
    #[error("{0}")]
    Connection(String),
    /// The certificate has expired or is not valid yet.
    #[error("its certificate is not valid at this computer's date and time")]
    CertificateDate,
    /// No authority that this computer trusts has signed the certificate.
    #[error("its certificate is not trusted by this computer")]
    CertificateUntrusted,
    /// The TLS handshake failed.
    #[error("TLS failed: {0}")]
    Tls(String),
    /// There was no response in time.
    #[error("it does not respond")]
    Timeout,
    /// The response is not from the service.
    #[error("something other than the service answered: {0}")]
    NotTheService(String),
    /// The service responds, but is unavailable.
    #[error("the service is unavailable: HTTP {0}")]
    Outage(u16),
}

impl ConnectError {
    /// What the user can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NameNotFound => "check that this computer is online and that its DNS server works",
            Self::Connection(_) | Self::Timeout => {
                "check that this computer is online, and check the firewall or proxy if there is one"
            }
            Self::CertificateDate => "check the date and time of this computer",
            Self::CertificateUntrusted => {
                "a network that requires a login, a proxy or a virus scanner may be in between; \
                 otherwise update the certificates of the system (package ca-certificates)"
            }
            Self::Tls(_) | Self::NotTheService(_) => {
                "open a web page in a browser: the network may require a login first; otherwise ask the administrator of the proxy"
            }
            Self::Outage(_) => "wait; it is retried automatically",
        }
    }
}

/// The step at which a request failed.
pub(in crate::pushover) fn connect_error(error: reqwest::Error) -> ConnectError {
    if error.is_dns() {
        return ConnectError::NameNotFound;
    }
    let mut next: Option<&(dyn std::error::Error + 'static)> = error.source();
    while let Some(layer) = next {
        if let Some(fault) = layer.downcast_ref::<rustls::Error>() {
            return tls_error(fault);
        }
        next = match layer.downcast_ref::<io::Error>() {
            Some(broken) if error.is_connect() && broken.kind() == io::ErrorKind::UnexpectedEof => {
                return ConnectError::Tls("the connection was closed".to_owned());
            }
            // `source` would skip the error that it wraps.
            Some(wrapping) => wrapping.get_ref().map(|inner| inner as _),
            None => layer.source(),
        };
    }
    if error.is_timeout() { ConnectError::Timeout } else { ConnectError::Connection(root_cause(error)) }
}

pub(in crate::pushover) fn tls_error(fault: &rustls::Error) -> ConnectError {
    use CertificateError::{Expired, ExpiredContext, NotValidYet, NotValidYetContext};

    if let rustls::Error::InvalidCertificate(why) = fault {
        let is_dated =
            matches!(why, Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. });
        return if is_dated { ConnectError::CertificateDate } else { ConnectError::CertificateUntrusted };
    }
    if matches!(fault, rustls::Error::InvalidMessage(_)) {
        return ConnectError::Tls("the server does not speak TLS".to_owned());
    }
    ConnectError::Tls(sanitize(&fault.to_string()))
}
