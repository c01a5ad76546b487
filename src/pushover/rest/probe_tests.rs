//! Tests probes on real connections, with a failure at each step.
//!
//! Invariant: no probe sends credentials.

use rustls::{AlertDescription, CertificateError, InvalidMessage};
use tokio::net::TcpListener;

use super::client::Rest;
use super::probe::{Host, Reached};
use crate::pushover::error::{ConnectError, tls_error};
use crate::pushover::scripted_server::{header, http, respond, serve};
use crate::pushover::servers::Servers;

const REJECTION: &str = r#"{"token":"invalid","errors":["application token is invalid"],"status":0}"#;
const HOSTS: [Host; 2] = [Host::Api, Host::Websocket];

async fn probe(servers: Servers, host: Host) -> Result<Reached, ConnectError> {
    Rest::new(servers).unwrap().probe(host).await
}

/// The outcome of a probe that gets this response.
async fn probe_response(host: Host, bytes: String) -> Result<Reached, ConnectError> {
    let (servers, server) = respond(bytes).await;
    let outcome = probe(servers, host).await;
    server.await.unwrap();
    outcome
}

fn at(url: &str) -> Servers {
    Servers::new(&format!("https://{url}"), &format!("wss://{url}/push")).unwrap()
}

#[tokio::test]
async fn a_rejection_by_the_api_counts_as_reached_and_has_a_time() {
    let date = "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    let (servers, server) = respond(http("400 Bad Request", date, REJECTION)).await;
    assert_eq!(probe(servers, Host::Api).await, Ok(Reached { server_time: Some(784_111_777) }));
    let request = server.await.unwrap();
    assert_eq!(request.lines().next(), Some("GET /api/1/apps/limits.json HTTP/1.1"));

    let body = r#"{"status":1,"limit":10}"#;
    for (status, headers, body) in [
        ("200 OK", "", body),
        ("200 OK", "date: yesterday\r\n", body),
        ("429 Too Many Requests", "", ""),
        ("403 Forbidden", "", REJECTION),
    ] {
        let outcome = probe_response(Host::Api, http(status, headers, body)).await;
        assert_eq!(outcome, Ok(Reached { server_time: None }), "{status}");
    }
}

#[tokio::test]
async fn a_websocket_is_opened_and_closed_without_a_login() {
    let (servers, server) = serve(|mut connection| async move {
        let request = connection.request().await;
        let key = header(&request, "sec-websocket-key").unwrap();
        let accept = tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.as_bytes());
        let response = format!(
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
             date: Sun, 06 Nov 1994 08:49:37 GMT\r\nsec-websocket-accept: {accept}\r\n\r\n"
        );
        connection.write(response.as_bytes()).await.unwrap();
        connection.end().await
    })
    .await;
    assert_eq!(probe(servers, Host::Websocket).await, Ok(Reached { server_time: Some(784_111_777) }));
    assert!(server.await.unwrap().is_empty(), "nothing is sent on it");
}

#[tokio::test]
async fn another_server_is_distinguished_from_an_outage_of_the_service() {
    let not_the_service = |cause: &str| Err(ConnectError::NotTheService(cause.to_owned()));
    for host in HOSTS {
        for (status, body, expected) in [
            ("302 Found", "", not_the_service("HTTP 302")),
            ("403 Forbidden", "<html>log in", not_the_service("HTTP 403")),
            ("200 OK", "<html>log in", not_the_service("HTTP 200")),
            ("502 Bad Gateway", "<html>", Err(ConnectError::Outage(502))),
        ] {
            assert_eq!(probe_response(host, http(status, "", body)).await, expected, "{host:?} {status}");
        }
    }
    let outcome = probe_response(Host::Api, http("200 OK", "", "{}")).await;
    assert_eq!(outcome, not_the_service("it has no status"));
    let accepting = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n";
    let outcome = probe_response(Host::Websocket, accepting.to_owned()).await;
    assert_eq!(outcome, not_the_service("it does not accept a websocket"));
}

#[tokio::test]
async fn a_closed_port_is_distinguished_from_an_unknown_host_name() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let (servers, server) = respond("").await;
    server.abort();
    for host in HOSTS {
        for servers in [at(&address.to_string()), servers.clone()] {
            let error = probe(servers, host).await.unwrap_err();
            assert!(matches!(error, ConnectError::Connection(_)), "{error:?}");
        }
        assert_eq!(probe(at("handover.invalid"), host).await, Err(ConnectError::NameNotFound));
    }
}

#[tokio::test]
async fn a_server_without_tls_is_reported() {
    for host in HOSTS {
        for (bytes, cause) in [
            ("HTTP/1.1 400 Bad Request\r\n\r\n", "the server does not speak TLS"),
            ("", "the connection was closed"),
        ] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let servers = at(&listener.local_addr().unwrap().to_string());
            let server = tokio::spawn(async move {
                let (mut stream, _) = listener.accept().await.unwrap();
                // Read the whole first record of the client, so that closing does not reset the connection.
                let mut head = [0; 5];
                tokio::io::AsyncReadExt::read_exact(&mut stream, &mut head).await.unwrap();
                let mut hello = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
                tokio::io::AsyncReadExt::read_exact(&mut stream, &mut hello).await.unwrap();
                tokio::io::AsyncWriteExt::write_all(&mut stream, bytes.as_bytes()).await.unwrap();
            });
            assert_eq!(probe(servers, host).await, Err(ConnectError::Tls(cause.to_owned())));
            server.await.unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_that_never_responds_times_out() {
    for host in HOSTS {
        let (servers, server) = serve(|mut connection| async move { connection.end().await }).await;
        assert_eq!(probe(servers, host).await, Err(ConnectError::Timeout));
        server.await.unwrap();
    }
}

#[test]
fn a_certificate_error_is_about_its_date_or_about_trust() {
    let certificate = rustls::Error::InvalidCertificate;
    assert_eq!(tls_error(&certificate(CertificateError::Expired)), ConnectError::CertificateDate);
    assert_eq!(tls_error(&certificate(CertificateError::NotValidYet)), ConnectError::CertificateDate);
    assert_eq!(tls_error(&certificate(CertificateError::UnknownIssuer)), ConnectError::CertificateUntrusted);
    assert_eq!(
        tls_error(&certificate(CertificateError::NotValidForName)),
        ConnectError::CertificateUntrusted
    );
    let alert = tls_error(&rustls::Error::AlertReceived(AlertDescription::HandshakeFailure));
    assert!(matches!(alert, ConnectError::Tls(_)), "{alert:?}");
    let garbage = rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType);
    assert_eq!(tls_error(&garbage), ConnectError::Tls("the server does not speak TLS".to_owned()));
}

#[tokio::test]
async fn an_incomplete_response_is_a_connection_error() {
    let broken = "HTTP/1.1 400 Bad Request\r\ncontent-length: 9\r\n\r\n{\"a".to_owned();
    let outcome = probe_response(Host::Api, broken).await;
    assert!(matches!(outcome, Err(ConnectError::Connection(_))), "{outcome:?}");
}
