//! The websocket against a scripted server: how it is opened, and what is made of each kind of frame.
//!
//! Invariant: frames are written as bytes, so nothing of what is tested is used to test it.

use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::task::JoinHandle;

use super::error::Error;
use super::rest::{Limits, Rest};
use super::scripted::{Connection, answer, credentials, discreet, header, http, serve};
use super::servers::Servers;
use super::socket::Socket;
use crate::engine::link::Signal;

const CLOSE: [u8; 4] = [0x88, 2, 0x03, 0xE8];

async fn open(servers: Servers) -> Result<Socket, Error> {
    Rest::new(servers).unwrap().open_socket(&credentials()).await
}

/// A server that accepts a websocket, writes these bytes and waits; it returns what the client sent after its
/// login.
async fn writing(frames: &[u8]) -> (Servers, JoinHandle<Vec<u8>>) {
    let frames = frames.to_vec();
    serve(|mut connection| async move {
        connection.websocket().await;
        connection.write(&frames).await.unwrap();
        connection.end().await
    })
    .await
}

/// What is read from these bytes, up to the end.
async fn signals(frames: &[u8]) -> (Vec<Signal>, Error) {
    let (servers, _server) = writing(frames).await;
    let mut socket = open(servers).await.unwrap();
    let mut signals = Vec::new();
    loop {
        match socket.next().await {
            Ok(signal) => signals.push(signal),
            Err(error) => return (signals, discreet(error)),
        }
    }
}

#[tokio::test]
async fn a_socket_opens_with_the_login_line() {
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
    assert_eq!(error, Error::Ended("the service closed it: 1000".into()));
}

#[tokio::test]
async fn a_close_is_answered_and_final() {
    let (servers, server) = writing(&CLOSE).await;
    let mut socket = open(servers).await.unwrap();
    assert!(matches!(socket.next().await, Err(Error::Ended(_))));
    drop(socket);
    let sent = server.await.unwrap();
    assert_eq!(sent.first(), Some(&0x88));
}

#[tokio::test]
async fn an_ended_socket_stays_ended() {
    let (servers, server) = serve(|mut connection| async move {
        connection.websocket().await;
        connection.write(&[0x82, 1, b'#']).await.unwrap();
    })
    .await;
    let mut socket = open(servers).await.unwrap();
    server.await.unwrap();
    assert_eq!(socket.next().await, Ok(Signal::KeepAlive));
    for _ in 0..3 {
        assert!(matches!(socket.next().await, Err(Error::Ended(_))));
    }
}

#[tokio::test]
async fn frames_that_break_the_rules_end_the_socket() {
    let huge = [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 1];
    for frames in [&huge[..], &[0xF2, 1, b'!'], &[0x82, 0x81, 0, 0, 0, 0, b'!'], &[0x80, 1, b'!']] {
        let (signals, error) = signals(frames).await;
        assert!(signals.is_empty(), "{frames:?}");
        assert!(matches!(error, Error::Ended(_)), "{error}");
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
async fn waiting_can_be_given_up_without_a_loss() {
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

/// No time limit of a request outlives the opening: an hour passes, and the socket is still there.
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
async fn a_socket_says_goodbye() {
    let (servers, server) = writing(&[]).await;
    open(servers).await.unwrap().close().await;
    assert_eq!(server.await.unwrap().first(), Some(&0x88));
}

#[tokio::test]
async fn what_is_not_an_upgrade_is_an_outage() {
    let nine = Some(Duration::from_secs(9));
    for (bytes, expected) in [
        (http("200 OK", "", "<html>hush</html>"), Error::Outage { status: 200, retry_after: None }),
        (http("302 Found", "location: /hush\r\n", ""), Error::Outage { status: 302, retry_after: None }),
        (http("403 Forbidden", "", r#"{"status":0}"#), Error::Outage { status: 403, retry_after: None }),
        (http("503 Busy", "retry-after: 9\r\n", "hush"), Error::Outage { status: 503, retry_after: nine }),
        (http("429 Slow down", "retry-after: 9\r\n", ""), Error::TooMany { retry_after: nine }),
    ] {
        let (servers, _server) = answer(bytes).await;
        assert_eq!(discreet(open(servers).await.unwrap_err()), expected);
    }
}

#[tokio::test]
async fn an_upgrade_must_answer_the_key() {
    for accept in ["", "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"] {
        let answer_101 =
            format!("HTTP/1.1 101 Yes\r\nupgrade: websocket\r\nconnection: upgrade\r\n{accept}\r\n");
        let (servers, _server) = answer(answer_101).await;
        let error = discreet(open(servers).await.unwrap_err());
        assert_eq!(error, Error::Garbled("it does not accept a websocket"));
    }
}

#[tokio::test]
async fn a_socket_that_does_not_open_is_given_up() {
    let limits = Limits { opening: Duration::from_millis(50), ..Limits::default() };
    let (servers, server) = serve(|mut connection| async move {
        let request = connection.request().await;
        connection.end().await;
        request
    })
    .await;
    let rest = Rest::with_limits(servers, limits).unwrap();
    assert_eq!(discreet(rest.open_socket(&credentials()).await.unwrap_err()), Error::TimedOut);
    assert!(server.await.unwrap().starts_with("GET /push"));
}

#[tokio::test]
async fn a_dropped_connection_is_unreachable() {
    let (servers, _server) = answer("").await;
    assert!(matches!(discreet(open(servers).await.unwrap_err()), Error::Unreachable(_)));
}

/// The example of RFC 6455, section 1.3.
#[test]
fn the_key_is_answered_as_the_rfc_says() {
    let accept = tokio_tungstenite::tungstenite::handshake::derive_accept_key(b"dGhlIHNhbXBsZSBub25jZQ==");
    assert_eq!(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}
