//! Tests downloads from a scripted server: in one piece, in many, cut, malformed and endless.
//!
//! Invariant: every error is checked with [`assert_no_secrets`].

use super::client::Rest;
use super::download::Part;
use crate::pushover::error::{Error, Remedy};
use crate::pushover::scripted_server::{
    assert_no_secrets, credentials, download_all, header, http, respond, serve,
};

/// The messages before the error of a download that gets this response, and the error.
async fn cut_download(bytes: impl Into<Vec<u8>>) -> (Vec<String>, Error) {
    let (servers, server) = respond(bytes).await;
    let rest = Rest::new(servers).unwrap();
    let mut download = rest.download(&credentials()).await.unwrap();
    let mut complete = Vec::new();
    let error = loop {
        match download.next().await {
            Ok(Part::Messages(messages)) => complete.extend(messages.into_iter().map(|item| item.raw)),
            Ok(end @ Part::End { .. }) => panic!("{end:?}"),
            Err(error) => break assert_no_secrets(error),
        }
    };
    server.await.unwrap();
    (complete, error)
}

#[tokio::test]
async fn a_download_is_everything_on_the_server() {
    let body = r#"{"messages":[{"id":9,"message":"b"} , 7],"user":{"quiet_hours":1},"status":1}"#;
    let (servers, server) = respond(http("200 OK", "", body)).await;
    let (items, account) = download_all(&Rest::new(servers).unwrap()).await.unwrap();
    let raw: Vec<_> = items.iter().map(|item| item.raw.as_str()).collect();
    assert_eq!(raw, [r#"{"id":9,"message":"b"}"#, "7"]);
    assert!(account.quiet_hours);
    let request = server.await.unwrap();
    assert_eq!(
        request.lines().next(),
        Some("GET /api/1/messages.json?secret=s3cr3t%2B%26%3D%25&device_id=d3v1c3%3F HTTP/1.1")
    );
    assert_eq!(header(&request, "user-agent"), Some(concat!("handover/", env!("CARGO_PKG_VERSION"))));
}

#[tokio::test]
async fn a_byte_that_is_not_utf_8_does_not_fail_the_download() {
    let body = b"{\"status\":1,\"messages\":[{\"id\":1,\"message\":\"a\xFFb\"},{\"id\":2}]}";
    let mut bytes = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    let (servers, _server) = respond(bytes).await;
    let (items, _) = download_all(&Rest::new(servers).unwrap()).await.unwrap();
    assert_eq!(items.len(), 2);
    assert_eq!(items[0].message.body, "a\u{FFFD}b");
}

#[tokio::test]
async fn a_large_download_comes_in_small_batches() {
    const ITEMS: usize = 20_000;
    let item = |id: usize| format!("{{\"id\":{id},\"message\":\"{}\"}}", "x".repeat(1_000));
    let (servers, _server) = serve(move |mut connection| async move {
        connection.request().await;
        connection.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"messages\":[").await.unwrap();
        for id in 1..=ITEMS {
            let comma = if id == 1 { "" } else { "," };
            connection.write(format!("{comma}{}", item(id)).as_bytes()).await.unwrap();
        }
        connection.write(b"],\"status\":1}").await.unwrap();
    })
    .await;
    let rest = Rest::new(servers).unwrap();
    let mut download = rest.download(&credentials()).await.unwrap();
    let mut next = 1;
    while let Part::Messages(messages) = download.next().await.unwrap() {
        assert!(messages.iter().map(|item| item.raw.len()).sum::<usize>() < 2 << 20);
        for message in messages {
            assert_eq!(message.raw, item(next));
            next += 1;
        }
    }
    assert_eq!(next, ITEMS + 1);
}

#[tokio::test]
async fn an_incomplete_response_keeps_its_complete_items_and_is_never_an_empty_list() {
    for (body, complete) in [
        (r#"{"status":1,"messages":[{"id":1,"message":"hush"#, &[][..]),
        (r#"{"status":1,"messages":[{"id":1},{"id":2,"message":"hush"#, &[r#"{"id":1}"#]),
        (r#"{"status":1,"messages":[{"id":1},{"id":2}"#, &[r#"{"id":1}"#]),
        (r#"{"status":1,"messages":[{"id":1}]"#, &[r#"{"id":1}"#]),
        (r#"{"messages":[{"id":1}]}"#, &[r#"{"id":1}"#]),
        (r#"{"status":1,"messages":[{"id":1}]} and more"#, &[r#"{"id":1}"#]),
        (r#"{"status":1}"#, &[]),
        (r#"{"status":1,"messages":null}"#, &[]),
        (r#"{"status":1,"messages":{"0":"hush"}}"#, &[]),
        (r#"{"status":1,"messages":"hush"}"#, &[]),
        (r#"{"messages":[]}"#, &[]),
        (r#"{"status":2,"messages":[]}"#, &[]),
    ] {
        let (items, error) = cut_download(http("200 OK", "", body)).await;
        assert_eq!(items, complete, "{body}");
        assert!(matches!(error, Error::InvalidResponse(_)), "{body}: {error}");
        assert_eq!(error.remedy(), Remedy::Retry);
    }
}

#[tokio::test]
async fn a_cut_connection_keeps_the_complete_items() {
    let whole = http("200 OK", "", r#"{"status":1,"messages":[{"id":1},{"id":2}]}"#);
    for kept in [whole.len() - 1, whole.len() - 4] {
        let (items, error) = cut_download(&whole.as_bytes()[..kept]).await;
        assert_eq!(items[0], r#"{"id":1}"#, "{kept} bytes");
        assert!(matches!(error, Error::Unreachable(_)), "{kept} bytes: {error}");
    }
}

#[tokio::test]
async fn a_malformed_item_is_kept_with_the_others() {
    let body = r#"{"status":1,"messages":[{"id":1},{"id":2,"message":"x" oops},{"id":3}]}"#;
    let (servers, _server) = respond(http("200 OK", "", body)).await;
    let (items, _) = download_all(&Rest::new(servers).unwrap()).await.unwrap();
    let problems: Vec<_> = items.iter().map(|item| item.message.problem.as_deref()).collect();
    assert_eq!(problems, [None, Some("it is not valid JSON"), None]);
    assert_eq!(items[1].raw, r#"{"id":2,"message":"x" oops}"#);
}

#[tokio::test]
async fn an_endless_response_without_messages_is_cut_off() {
    let (servers, server) = serve(|mut connection| async move {
        connection.request().await;
        connection.write(b"HTTP/1.1 200 OK\r\n\r\n{\"status\":1,\"user\":\"").await.unwrap();
        let block = vec![b'x'; 1 << 16];
        let mut sent = 0;
        while sent < 1 << 30 && connection.write(&block).await.is_ok() {
            sent += block.len();
        }
        sent
    })
    .await;
    let error = assert_no_secrets(download_all(&Rest::new(servers).unwrap()).await.unwrap_err());
    assert_eq!(error, Error::TooLarge);
    let sent = server.await.unwrap();
    assert!((1 << 20..16 << 20).contains(&sent), "{sent} bytes were read");
}
