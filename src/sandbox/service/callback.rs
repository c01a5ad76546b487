//! Tells a sender that its emergency was acknowledged, at the address it gave.
//!
//! Invariant: one attempt, plain HTTP only, to this computer unless others are allowed, and no request waits for it.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, lookup_host};

/// How long the sender may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Posts a form; true if the response is a 2xx.
pub(super) async fn post(url: &str, form: &[(&str, String)], is_remote_allowed: bool) -> bool {
    let status = tokio::time::timeout(TIMEOUT, exchange(url, form, is_remote_allowed)).await;
    matches!(status, Ok(Some(200..=299)))
}

async fn exchange(url: &str, form: &[(&str, String)], is_remote_allowed: bool) -> Option<u16> {
    let (host, path) = host_and_path(url)?;
    let address = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request = format!(
        "POST {path} HTTP/1.0\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let addresses = lookup_host(address).await.ok()?;
    let allowed: Vec<SocketAddr> =
        addresses.filter(|address| is_remote_allowed || address.ip().is_loopback()).collect();
    let mut stream = TcpStream::connect(allowed.as_slice()).await.ok()?;
    stream.write_all(request.as_bytes()).await.ok()?;
    // "HTTP/1.x 200" is all that matters.
    let mut start = [0; 12];
    stream.read_exact(&mut start).await.ok()?;
    std::str::from_utf8(&start).ok()?.split(' ').nth(1)?.parse().ok()
}

/// Host with port, and path with query, of a plain HTTP address that cannot inject a header.
fn host_and_path(url: &str) -> Option<(&str, &str)> {
    let rest = url.strip_prefix("http://")?;
    if !rest.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    match rest.find('/') {
        Some(end) => rest.split_at_checked(end),
        None => Some((rest, "/")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_http_address_without_special_characters_is_called() {
        assert_eq!(host_and_path("http://127.0.0.1:80/a?b=c"), Some(("127.0.0.1:80", "/a?b=c")));
        assert_eq!(host_and_path("http://example.org"), Some(("example.org", "/")));
        for bad in ["https://example.org/", "http://a/\r\nX: y", "http://a b/", "ftp://a", ""] {
            assert_eq!(host_and_path(bad), None, "{bad:?}");
        }
    }
}
