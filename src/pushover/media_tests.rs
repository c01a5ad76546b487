//! Icons and sounds against a scripted server: what is asked for, what is made of each kind of answer.

use std::time::Duration;

use tokio::sync::oneshot;

use super::error::Error;
use super::media::{Media, NoMedia};
use super::rest::Rest;
use super::scripted::{answer, header, http, serve};
use crate::domain::media::{Kind, MediaFile, MediaName};

fn file(kind: Kind) -> MediaFile {
    MediaFile { kind, name: MediaName::new("a-b_C9").unwrap() }
}

async fn icon(bytes: impl Into<Vec<u8>>) -> Result<Media, NoMedia> {
    let (servers, server) = answer(bytes).await;
    let media = Rest::new(servers).unwrap().media(&file(Kind::Icon), None).await;
    server.await.unwrap();
    media
}

#[tokio::test]
async fn a_file_is_asked_for_by_its_name_alone() {
    for (kind, path) in [(Kind::Icon, "/api/icons/a-b_C9.png"), (Kind::Sound, "/api/sounds/a-b_C9.wav")] {
        let (servers, server) = answer(http("200 OK", "", "bytes")).await;
        let media = Rest::new(servers).unwrap().media(&file(kind), None).await;
        assert_eq!(media, Ok(Media::File(b"bytes".to_vec())));
        let request = server.await.unwrap();
        assert_eq!(request.lines().next(), Some(format!("GET {path} HTTP/1.1").as_str()));
        assert_eq!(header(&request, "if-modified-since"), None);
        assert_eq!(header(&request, "user-agent"), Some(concat!("handover/", env!("CARGO_PKG_VERSION"))));
    }
}

#[tokio::test]
async fn what_is_here_is_asked_after() {
    let (servers, server) = answer("HTTP/1.1 304 Not Modified\r\nconnection: close\r\n\r\n").await;
    let media = Rest::new(servers).unwrap().media(&file(Kind::Icon), Some(784_111_777)).await;
    assert_eq!(media, Ok(Media::Unchanged));
    let request = server.await.unwrap();
    assert_eq!(header(&request, "if-modified-since"), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
}

#[tokio::test]
async fn an_absence_is_told_from_a_failure() {
    for (status, absent) in [("404 Not Found", 404), ("403 Forbidden", 403), ("410 Gone", 410)] {
        assert_eq!(icon(http(status, "", "<html>")).await, Err(NoMedia::Absent(absent)));
    }
    for status in ["500 Oops", "503 Oops", "302 Found", "408 Slow", "204 No Content"] {
        assert!(matches!(icon(http(status, "", "")).await, Err(NoMedia::Failed(Error::Outage { .. }))));
    }
    let retry_after = Some(Duration::from_secs(9));
    let failed = NoMedia::Failed(Error::TooMany { retry_after });
    assert_eq!(icon(http("429 No", "retry-after: 9\r\n", "")).await, Err(failed));
    for part in ["", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"] {
        assert!(matches!(icon(part).await, Err(NoMedia::Failed(Error::Unreachable(_)))));
    }
}

#[tokio::test]
async fn what_is_too_large_is_not_read_on() {
    let announced = icon("HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n").await;
    assert_eq!(announced, Err(NoMedia::Failed(Error::TooLarge)));
    for (length, fits) in [(256 << 10, true), ((256 << 10) + 1, false)] {
        let head = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n";
        let got = icon([head.as_bytes(), &vec![b'x'; length]].concat()).await;
        assert_eq!(got.is_ok(), fits, "{length}");
    }
}

#[tokio::test]
async fn it_makes_way() {
    let (asked, was_asked) = oneshot::channel();
    let (servers, server) = serve(|mut connection| async move {
        asked.send(connection.request().await).unwrap();
        connection.end().await
    })
    .await;
    let rest = Rest::new(servers).unwrap();
    let icon = file(Kind::Icon);
    let (media, _turn) = tokio::join!(rest.media(&icon, None), async {
        was_asked.await.unwrap();
        rest.turn().await.unwrap()
    });
    assert_eq!(media, Err(NoMedia::MadeWay));
    assert!(server.await.unwrap().is_empty(), "the connection was closed");
}
