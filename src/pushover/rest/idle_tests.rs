//! Tests requests on idle connections: reused, too old, or dead without a sign of it.
//!
//! Invariant: nothing here waits for real time; if a limit has to pass, time is paused.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::net::TcpListener;

use super::client::Rest;
use crate::domain::account::Secret;
use crate::domain::message::Receipt;
use crate::pushover::error::Error;
use crate::pushover::http::Limits;
use crate::pushover::scripted_server::{Connection, credentials, http, serve};
use crate::pushover::servers::Servers;

const DONE: &str = r#"{"status":1,"request":"r"}"#;

/// A runtime polls its sockets at least once in this many turns. Paused time cannot be used here: it advances as soon
/// as no task can run, even if bytes are on the way, and the limits of the client would end the request.
const TURNS: usize = 2 * 61;

/// Answers every request on any number of connections; counts them.
async fn keep_alive_server() -> (Servers, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let accepted = Arc::clone(&connections);
    // It ends with the runtime of the test.
    tokio::spawn(async move {
        loop {
            let mut connection = Connection(listener.accept().await.unwrap().0);
            accepted.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(async move {
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", DONE.len());
                loop {
                    connection.request().await;
                    connection.write(head.as_bytes()).await.unwrap();
                    // The body comes after the head was read, because a response that is read at once leaves its
                    // connection idle at once.
                    for _ in 0..TURNS {
                        tokio::task::yield_now().await;
                    }
                    connection.write(DONE.as_bytes()).await.unwrap();
                }
            });
        }
    });
    (Servers::new(&format!("http://{address}"), &format!("ws://{address}/push")).unwrap(), connections)
}

#[tokio::test]
async fn successive_requests_share_one_connection() {
    let (servers, connections) = keep_alive_server().await;
    let rest = Rest::new(servers).unwrap();
    let receipt = Receipt::new("r").unwrap();
    // In a task, as in the daemon: the root future of a runtime runs only after all other tasks that can run.
    let requests = tokio::spawn(async move {
        for _ in 0..20 {
            rest.clone().acknowledge(&credentials().secret, &receipt).await.unwrap();
        }
    });
    requests.await.unwrap();
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}

/// What happens to the second request on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Idle {
    /// There is no response.
    Dead,
    /// The connection ends.
    Closed,
}

/// Responds to one request on the first connection and to one on the second; returns both requests on the first, the
/// one on the second, and whether the first was closed by then.
async fn second_request_unanswered(idle: Idle) -> (Servers, tokio::task::JoinHandle<(Vec<String>, bool)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{DONE}", DONE.len());
        let mut first = Connection(listener.accept().await.unwrap().0);
        let mut requests = vec![first.request().await];
        first.write(answer.as_bytes()).await.unwrap();
        requests.push(first.request().await);
        let mut first = Some(first.0.into_std().unwrap());
        if idle == Idle::Closed {
            first = None;
        }
        let mut second = Connection(listener.accept().await.unwrap().0);
        // The stream is non-blocking: an open one without data reports `WouldBlock`.
        let is_closed = first.is_none_or(
            |first| !matches!(first.peek(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock),
        );
        requests.push(second.request().await);
        second.write(answer.as_bytes()).await.unwrap();
        (requests, is_closed)
    });
    (Servers::new(&format!("http://{address}"), &format!("ws://{address}/push")).unwrap(), server)
}

fn impatient() -> Limits {
    Limits { reused: Duration::from_millis(50), ..Limits::default() }
}

#[tokio::test(start_paused = true)]
async fn a_request_on_a_dead_idle_connection_is_sent_again_on_a_new_one() {
    let receipt = Receipt::new("r").unwrap();
    for idle in [Idle::Dead, Idle::Closed] {
        let (servers, server) = second_request_unanswered(idle).await;
        let rest = Rest::with_limits(servers, impatient()).unwrap();
        for _ in 0..2 {
            rest.acknowledge(&credentials().secret, &receipt).await.unwrap();
        }
        let (requests, is_closed) = server.await.unwrap();
        assert_eq!(requests[1], requests[2], "{idle:?}");
        assert!(is_closed, "two connections were open: {idle:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_or_a_registration_is_never_sent_twice() {
    let (servers, server) = second_request_unanswered(Idle::Dead).await;
    let limits = Limits { silence: Duration::from_millis(100), ..impatient() };
    let rest = Rest::with_limits(servers, limits).unwrap();
    rest.acknowledge(&credentials().secret, &Receipt::new("r").unwrap()).await.unwrap();
    let error = rest.login("a@b.c", &Secret::new("x"), None).await.unwrap_err();
    assert_eq!(error, Error::TimedOut);
    assert!(!server.is_finished(), "no second connection was opened");
    server.abort();
}

#[tokio::test(start_paused = true)]
async fn a_slow_first_response_on_a_new_connection_is_waited_for() {
    let (servers, server) = serve(|mut connection| async move {
        connection.request().await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        connection.write(http("200 OK", "", DONE).as_bytes()).await.unwrap();
    })
    .await;
    let rest = Rest::with_limits(servers, impatient()).unwrap();
    rest.acknowledge(&credentials().secret, &Receipt::new("r").unwrap()).await.unwrap();
    server.await.unwrap();
}

#[tokio::test]
async fn a_connection_that_idled_for_too_long_is_not_used_again() {
    for (idle, expected) in [(Duration::ZERO, 3), (Duration::from_secs(50), 1)] {
        let (servers, connections) = keep_alive_server().await;
        let rest = Rest::with_limits(servers, Limits { idle, ..Limits::default() }).unwrap();
        for _ in 0..3 {
            rest.acknowledge(&credentials().secret, &Receipt::new("r").unwrap()).await.unwrap();
        }
        assert_eq!(connections.load(Ordering::Relaxed), expected);
    }
}
