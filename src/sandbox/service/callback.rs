//! Tells a sender that its emergency was acknowledged, at the address it gave.
//!
//! Invariant: one attempt, over HTTP or HTTPS, to this computer unless others are allowed, and no request waits for it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;

/// How long the sender may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Posts a form; true if the response is a 2xx.
pub(super) async fn post(url: &str, form: &[(&str, String)], is_remote_allowed: bool) -> bool {
    let status = tokio::time::timeout(TIMEOUT, exchange(url, form, is_remote_allowed)).await;
    matches!(status, Ok(Some(200..=299)))
}

async fn exchange(url: &str, form: &[(&str, String)], is_remote_allowed: bool) -> Option<u16> {
    let target = Target::of(url)?;
    let addresses = lookup_host((target.host, target.port)).await.ok()?;
    let allowed: Vec<SocketAddr> =
        addresses.filter(|address| is_remote_allowed || address.ip().is_loopback()).collect();
    let stream = TcpStream::connect(allowed.as_slice()).await.ok()?;
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request = format!(
        "POST {} HTTP/1.0\r\nHost: {}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{body}",
        target.path,
        target.authority,
        body.len()
    );
    if !target.is_tls {
        return status(stream, &request).await;
    }
    let name = ServerName::try_from(target.host.to_owned()).ok()?;
    status(tls_connector()?.connect(name, stream).await.ok()?, &request).await
}

/// Sends the request and reads the status of the response.
async fn status(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &str) -> Option<u16> {
    stream.write_all(request.as_bytes()).await.ok()?;
    stream.flush().await.ok()?;
    // "HTTP/1.x 200" is all that matters.
    let mut start = [0; 12];
    stream.read_exact(&mut start).await.ok()?;
    std::str::from_utf8(&start).ok()?.split(' ').nth(1)?.parse().ok()
}

/// Trusts what this computer trusts, as the service does: `SSL_CERT_FILE` adds a certificate of one's own.
fn tls_connector() -> Option<TlsConnector> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().ok()?;
    Some(TlsConnector::from(Arc::new(config.with_platform_verifier().ok()?.with_no_client_auth())))
}

/// Where a callback goes.
#[derive(Debug, PartialEq, Eq)]
struct Target<'a> {
    is_tls: bool,
    /// Without the brackets of an IPv6 address.
    host: &'a str,
    port: u16,
    /// As in the header `Host`.
    authority: &'a str,
    /// With the query.
    path: &'a str,
}

impl<'a> Target<'a> {
    /// The target of an address that cannot inject a header.
    fn of(url: &'a str) -> Option<Self> {
        let (is_tls, rest) = match url.strip_prefix("https://") {
            Some(rest) => (true, rest),
            None => (false, url.strip_prefix("http://")?),
        };
        if !rest.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        let (authority, path) = rest.find('/').map_or((rest, "/"), |end| rest.split_at(end));
        let default_port = if is_tls { 443 } else { 80 };
        let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, port)) => (host, port.strip_prefix(':')),
            None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
        };
        let port = port.map_or(Some(default_port), |port| port.parse().ok())?;
        (!host.is_empty()).then_some(Self { is_tls, host, port, authority, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_http_or_https_address_without_special_characters_is_called() {
        let parts = |url| Target::of(url).map(|it| (it.is_tls, it.host, it.port, it.path));
        assert_eq!(parts("http://127.0.0.1:81/a?b=c"), Some((false, "127.0.0.1", 81, "/a?b=c")));
        assert_eq!(parts("http://example.org"), Some((false, "example.org", 80, "/")));
        assert_eq!(parts("https://[::1]/a"), Some((true, "::1", 443, "/a")));
        assert_eq!(parts("https://[::1]:8443"), Some((true, "::1", 8443, "/")));
        for bad in ["http://a/\r\nX: y", "http://a b/", "http://a:b/", "http://", "ftp://a", ""] {
            assert_eq!(Target::of(bad), None, "{bad:?}");
        }
    }
}
