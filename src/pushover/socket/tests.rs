//! Tests the websocket against a scripted server: how it is opened, and how each kind of frame is read.
//!
//! Invariant: frames are written as raw bytes, without the code under test.

use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::task::JoinHandle;

use super::Socket;
use crate::engine::link::Signal;
use crate::pushover::error::Error;
use crate::pushover::http::Limits;
use crate::pushover::rest::Rest;
use crate::pushover::scripted_server::{
    Connection, assert_no_secrets, credentials, hang, header, http, respond, serve,
};
use crate::pushover::servers::Servers;

const CLOSE: [u8; 4] = [0x88, 2, 0x03, 0xE8];

async fn open(servers: Servers) -> Result<Socket, Error> {
    Rest::new(servers).unwrap().open_socket(&credentials()).await
}

/// A server that accepts a websocket, writes these bytes and waits; it returns what the client sent after its login.
async fn writing(frames: &[u8]) -> (Servers, JoinHandle<Vec<u8>>) {
    let frames = frames.to_vec();
    serve(|mut connection| async move {
        connection.websocket().await;
        connection.write(&frames).await.unwrap();
        connection.end().await
    })
    .await
}

/// The signals read from these bytes, and the error that ends them.
async fn signals(frames: &[u8]) -> (Vec<Signal>, Error) {
    let (servers, _server) = writing(frames).await;
    let mut socket = open(servers).await.unwrap();
    let mut signals = Vec::new();
    loop {
        match socket.next().await {
            Ok(signal) => signals.push(signal),
            Err(error) => return (signals, assert_no_secrets(error)),
        }
    }
}

#[tokio::test]
async fn the_login_line_is_sent_first() {
    let (servers, server) = serve(|mut connection| async move { connection.websocket().await }).await;
    open(servers).await.unwrap();
    let (request, (opcode, login)) = server.await.unwrap();
    assert!(request.starts_with("GET /push HTTP/1.1\r\n"), "{request}");
    for (name, value) in [
        ("upgrade", "websocket"),
        ("connection", "Upgrade"),
        ("sec-websocket-version", "13"),
        ("user-agent", concat!("handover/", env!("CARGO_PKG_VERSION"))),
    ] {
        assert_eq!(header(&request, name), Some(value));
    }
    assert_eq!(header(&request, "sec-websocket-key").map(str::len), Some(24));
    assert_eq!((opcode, login.as_str()), (0x81, "login:d3v1c3?:s3cr3t+&=%\n"));
}

#[tokio::test]
async fn every_byte_of_every_frame_is_a_signal() {
    let frames = [
        &[0x82, 1, b'#'][..],
        &[0x82, 1, b'!'],
        &[0x81, 1, b'!'],
        &[0x82, 4, b'!', b'\n', b' ', b'R'],
        &[0x82, 0],
        &[0x02, 1, b'A', 0x89, 0, 0x00, 0, 0x80, 1, b'E'],
        &[0x81, 3, b'?', 0xC3, 0xA4],
        &CLOSE,
    ]
    .concat();
    let (signals, error) = signals(&frames).await;
    assert_eq!(
        signals,
        [
            Signal::KeepAlive,
            Signal::Message,
            Signal::Message,
            Signal::Message,
            Signal::Reload,
            Signal::Displaced,
            Signal::Refused,
            Signal::Unknown(b'?'),
            Signal::Unknown(0xC3),
            Signal::Unknown(0xA4),
        ]
    );
    assert_eq!(error, Error::Closed("the service closed it: 1000".into()));
}

#[tokio::test]
async fn a_close_frame_is_answered_and_closes_the_socket() {
    let (servers, server) = writing(&CLOSE).await;
    let mut socket = open(servers).await.unwrap();
    let closed = Err(Error::Closed("the service closed it: 1000".into()));
    // The service keeps the connection open, so there is nothing to be read the second time.
    assert_eq!((socket.next().await, socket.next().await), (closed.clone(), closed));
    drop(socket);
    let sent = server.await.unwrap();
    assert_eq!(sent.first(), Some(&0x88));
}

#[tokio::test]
async fn a_closed_socket_stays_closed() {
    let (servers, server) = serve(|mut connection| async move {
        connection.websocket().await;
        connection.write(&[0x82, 1, b'#']).await.unwrap();
    })
    .await;
    let mut socket = open(servers).await.unwrap();
    server.await.unwrap();
    assert_eq!(socket.next().await, Ok(Signal::KeepAlive));
    for _ in 0..3 {
        assert!(matches!(socket.next().await, Err(Error::Closed(_))));
    }
}

#[tokio::test]
async fn an_invalid_frame_closes_the_socket() {
    let huge = [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 1];
    for frames in [&huge[..], &[0xF2, 1, b'!'], &[0x82, 0x81, 0, 0, 0, 0, b'!'], &[0x80, 1, b'!']] {
        let (signals, error) = signals(frames).await;
        assert!(signals.is_empty(), "{frames:?}");
        assert!(matches!(error, Error::Closed(_)), "{error}");
    }
}

#[tokio::test]
async fn a_ping_is_answered() {
    let (servers, server) = serve(|mut connection| async move {
        connection.websocket().await;
        connection.write(&[0x89, 2, b'h', b'i']).await.unwrap();
        let pong = connection.frame().await;
        connection.write(&[0x82, 1, b'!']).await.unwrap();
        pong
    })
    .await;
    let mut socket = open(servers).await.unwrap();
    assert_eq!(socket.next().await, Ok(Signal::Message));
    assert_eq!(server.await.unwrap(), (0x8A, "hi".to_owned()));
}

#[tokio::test]
async fn next_is_cancel_safe() {
    let (go, gone) = tokio::sync::oneshot::channel();
    let (servers, _server) = serve(|mut connection: Connection| async move {
        connection.websocket().await;
        connection.write(&[0x82, 3]).await.unwrap();
        gone.await.unwrap();
        connection.write(b"!R#").await.unwrap();
        connection.end().await
    })
    .await;
    let mut socket = open(servers).await.unwrap();
    for _ in 0..50 {
        assert_eq!(socket.next().now_or_never(), None);
        tokio::task::yield_now().await;
    }
    go.send(()).unwrap();
    assert_eq!(socket.next().await, Ok(Signal::Message));
    assert_eq!(socket.next().now_or_never(), Some(Ok(Signal::Reload)));
    assert_eq!(socket.next().now_or_never(), Some(Ok(Signal::KeepAlive)));
    assert_eq!(socket.next().now_or_never(), None);
}

/// The time limit of a request must end with the upgrade: an hour later the socket is still open.
#[tokio::test]
async fn an_open_socket_has_no_time_limit() {
    let (go, gone) = tokio::sync::oneshot::channel();
    let (servers, _server) = serve(|mut connection: Connection| async move {
        connection.websocket().await;
        gone.await.unwrap();
        connection.write(&[0x82, 1, b'!']).await.unwrap();
        connection.end().await
    })
    .await;
    let mut socket = open(servers).await.unwrap();
    tokio::time::pause();
    for _ in 0..90 {
        tokio::time::advance(Duration::from_secs(40)).await;
        assert_eq!(socket.next().now_or_never(), None);
    }
    tokio::time::resume();
    go.send(()).unwrap();
    assert_eq!(socket.next().await, Ok(Signal::Message));
}

#[tokio::test]
async fn close_sends_a_close_frame() {
    let (servers, server) = writing(&[]).await;
    open(servers).await.unwrap().close().await;
    assert_eq!(server.await.unwrap().first(), Some(&0x88));
}

#[tokio::test]
async fn a_response_that_is_not_an_upgrade_is_an_outage() {
    let nine = Some(Duration::from_secs(9));
    for (bytes, expected) in [
        (http("200 OK", "", "<html>hush</html>"), Error::Outage { status: 200, retry_after: None }),
        (http("302 Found", "location: /hush\r\n", ""), Error::Outage { status: 302, retry_after: None }),
        (http("403 Forbidden", "", r#"{"status":0}"#), Error::Outage { status: 403, retry_after: None }),
        (http("503 Busy", "retry-after: 9\r\n", "hush"), Error::Outage { status: 503, retry_after: nine }),
        (http("429 Slow down", "retry-after: 9\r\n", ""), Error::TooManyRequests { retry_after: nine }),
    ] {
        let (servers, _server) = respond(bytes).await;
        assert_eq!(assert_no_secrets(open(servers).await.unwrap_err()), expected);
    }
}

#[tokio::test]
async fn an_upgrade_must_confirm_the_key() {
    for accept in ["", "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"] {
        let response_101 =
            format!("HTTP/1.1 101 Yes\r\nupgrade: websocket\r\nconnection: upgrade\r\n{accept}\r\n");
        let (servers, _server) = respond(response_101).await;
        let error = assert_no_secrets(open(servers).await.unwrap_err());
        assert_eq!(error, Error::InvalidResponse("it does not accept a websocket"));
    }
}

#[tokio::test]
async fn a_socket_that_does_not_open_times_out() {
    let limits = Limits { websocket: Duration::from_millis(50), ..Limits::default() };
    let (servers, server) = hang().await;
    let rest = Rest::with_limits(servers, limits).unwrap();
    assert_eq!(assert_no_secrets(rest.open_socket(&credentials()).await.unwrap_err()), Error::TimedOut);
    assert!(server.await.unwrap().starts_with("GET /push"));
}

#[tokio::test]
async fn a_dropped_connection_is_unreachable() {
    let (servers, _server) = respond("").await;
    assert!(matches!(assert_no_secrets(open(servers).await.unwrap_err()), Error::Unreachable(_)));
}

/// The example of RFC 6455, section 1.3.
#[test]
fn the_key_is_confirmed_as_in_the_rfc() {
    let accept = tokio_tungstenite::tungstenite::handshake::derive_accept_key(b"dGhlIHNhbXBsZSBub25jZQ==");
    assert_eq!(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}
