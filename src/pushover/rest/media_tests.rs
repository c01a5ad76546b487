//! Tests icons and sounds against a scripted server: what is requested, and how each kind of response is read.

use std::io::ErrorKind;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::client::Rest;
use super::media::{Media, MediaError};
use crate::domain::media::{Kind, MediaFile, MediaName};
use crate::domain::message::Receipt;
use crate::pushover::error::Error;
use crate::pushover::scripted_server::{Connection, credentials, header, http, respond, serve};
use crate::pushover::servers::Servers;

fn file(kind: Kind) -> MediaFile {
    MediaFile { kind, name: MediaName::new("a-b_C9").unwrap() }
}

async fn icon(bytes: impl Into<Vec<u8>>) -> Result<Media, MediaError> {
    let (servers, server) = respond(bytes).await;
    let media = Rest::new(servers).unwrap().media(&file(Kind::Icon), None).await;
    server.await.unwrap();
    media
}

#[tokio::test]
async fn a_file_is_requested_by_name_without_credentials() {
    for (kind, path) in [(Kind::Icon, "/api/icons/a-b_C9.png"), (Kind::Sound, "/api/sounds/a-b_C9.wav")] {
        let (servers, server) = respond(http("200 OK", "", "bytes")).await;
        let media = Rest::new(servers).unwrap().media(&file(kind), None).await;
        assert_eq!(media, Ok(Media::File(b"bytes".to_vec())));
        let request = server.await.unwrap();
        assert_eq!(request.lines().next(), Some(format!("GET {path} HTTP/1.1").as_str()));
        assert_eq!(header(&request, "if-modified-since"), None);
        assert_eq!(header(&request, "user-agent"), Some(concat!("handover/", env!("CARGO_PKG_VERSION"))));
    }
}

#[tokio::test]
async fn a_cached_file_is_requested_only_if_it_changed() {
    let (servers, server) = respond("HTTP/1.1 304 Not Modified\r\nconnection: close\r\n\r\n").await;
    let media = Rest::new(servers).unwrap().media(&file(Kind::Icon), Some(784_111_777)).await;
    assert_eq!(media, Ok(Media::Unchanged));
    let request = server.await.unwrap();
    assert_eq!(header(&request, "if-modified-since"), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
}

#[tokio::test]
async fn a_missing_file_is_distinguished_from_a_failed_request() {
    for (status, absent) in [("404 Not Found", 404), ("403 Forbidden", 403), ("410 Gone", 410)] {
        assert_eq!(icon(http(status, "", "<html>")).await, Err(MediaError::NotFound(absent)));
    }
    for status in ["500 Oops", "503 Oops", "302 Found", "408 Slow", "204 No Content"] {
        assert!(matches!(icon(http(status, "", "")).await, Err(MediaError::Failed(Error::Outage { .. }))));
    }
    let retry_after = Some(Duration::from_secs(9));
    let failed = MediaError::Failed(Error::TooManyRequests { retry_after });
    assert_eq!(icon(http("429 No", "retry-after: 9\r\n", "")).await, Err(failed));
    for part in ["", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"] {
        assert!(matches!(icon(part).await, Err(MediaError::Failed(Error::Unreachable(_)))));
    }
}

#[tokio::test]
async fn a_file_that_is_too_large_is_not_read() {
    let announced = icon("HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n").await;
    assert_eq!(announced, Err(MediaError::Failed(Error::TooLarge)));
    for (length, fits) in [(256 << 10, true), ((256 << 10) + 1, false)] {
        let head = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n";
        let got = icon([head.as_bytes(), &vec![b'x'; length]].concat()).await;
        assert_eq!(got.is_ok(), fits, "{length}");
    }
}

#[tokio::test]
async fn an_urgent_request_preempts_a_file() {
    let (requested, was_requested) = oneshot::channel();
    let (servers, server) = serve(|mut connection| async move {
        requested.send(connection.request().await).unwrap();
        connection.end().await
    })
    .await;
    let rest = Rest::new(servers).unwrap();
    let icon = file(Kind::Icon);
    let (media, _permit) = tokio::join!(rest.media(&icon, None), async {
        was_requested.await.unwrap();
        rest.permit().await.unwrap()
    });
    assert_eq!(media, Err(MediaError::Preempted));
    assert!(server.await.unwrap().is_empty(), "the connection was closed");
}

#[tokio::test]
async fn the_connection_of_a_preempted_file_is_closed_before_the_next_request() {
    const DONE: &str = r#"{"status":1,"request":"r"}"#;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (requested, was_requested) = oneshot::channel();
    let server = tokio::spawn(async move {
        let mut first = Connection(listener.accept().await.unwrap().0);
        let icon = first.request().await;
        first.write(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf").await.unwrap();
        requested.send(icon).unwrap();
        let mut second = Connection(listener.accept().await.unwrap().0);
        let first = first.0.into_std().unwrap();
        // The stream is non-blocking: an open one without data reports `WouldBlock`.
        let is_closed = !matches!(first.peek(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock);
        second.request().await;
        second.write(http("200 OK", "", DONE).as_bytes()).await.unwrap();
        is_closed
    });
    let servers = Servers::new(&format!("http://{address}"), &format!("ws://{address}/push")).unwrap();
    let rest = Rest::new(servers).unwrap();
    let file = file(Kind::Icon);
    let receipt = Receipt::new("r").unwrap();
    let (media, acknowledged) = tokio::join!(rest.media(&file, None), async {
        was_requested.await.unwrap();
        rest.acknowledge(&credentials().secret, &receipt).await
    });
    assert_eq!((media, acknowledged), (Err(MediaError::Preempted), Ok(())));
    assert!(server.await.unwrap(), "two connections were open");
}
