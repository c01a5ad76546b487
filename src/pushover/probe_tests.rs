//! Trying the way to the service: each step at which it can end, on real connections.
//!
//! Invariant: every obstacle has words and a hint.

use rustls::{AlertDescription, CertificateError, InvalidMessage};
use tokio::net::TcpListener;

use super::obstacle::{Obstacle, tls};
use super::probe::{Host, Reached};
use super::rest::Rest;
use super::scripted::{answer, header, http, serve};
use super::servers::Servers;

const REFUSAL: &str = r#"{"token":"invalid","errors":["application token is invalid"],"status":0}"#;
const HOSTS: [Host; 2] = [Host::Api, Host::Websocket];

async fn probe(servers: Servers, host: Host) -> Result<Reached, Obstacle> {
    Rest::new(servers).unwrap().probe(host).await
}

/// What a host makes of an answer.
async fn answered(host: Host, bytes: String) -> Result<Reached, Obstacle> {
    let (servers, server) = answer(bytes).await;
    let outcome = probe(servers, host).await;
    server.await.unwrap();
    outcome
}

fn at(url: &str) -> Servers {
    Servers::new(&format!("https://{url}"), &format!("wss://{url}/push")).unwrap()
}

#[tokio::test]
async fn a_refusal_by_the_api_is_an_answer_and_has_a_date() {
    let date = "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    let (servers, server) = answer(http("400 Bad Request", date, REFUSAL)).await;
    assert_eq!(probe(servers, Host::Api).await, Ok(Reached { unix: Some(784_111_777) }));
    let request = server.await.unwrap();
    assert_eq!(request.lines().next(), Some("GET /api/1/apps/limits.json HTTP/1.1"));

    let body = r#"{"status":1,"limit":10}"#;
    for (status, headers, body) in [
        ("200 OK", "", body),
        ("200 OK", "date: yesterday\r\n", body),
        ("429 Too Many Requests", "", ""),
        ("403 Forbidden", "", REFUSAL),
    ] {
        let outcome = answered(Host::Api, http(status, headers, body)).await;
        assert_eq!(outcome, Ok(Reached { unix: None }), "{status}");
    }
}

#[tokio::test]
async fn a_websocket_is_opened_and_let_go_of_without_a_login() {
    let (servers, server) = serve(|mut connection| async move {
        let request = connection.request().await;
        let key = header(&request, "sec-websocket-key").unwrap();
        let accept = tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.as_bytes());
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
             date: Sun, 06 Nov 1994 08:49:37 GMT\r\nsec-websocket-accept: {accept}\r\n\r\n"
        );
        connection.write(answer.as_bytes()).await.unwrap();
        connection.end().await
    })
    .await;
    assert_eq!(probe(servers, Host::Websocket).await, Ok(Reached { unix: Some(784_111_777) }));
    assert!(server.await.unwrap().is_empty(), "nothing is said on it");
}

#[tokio::test]
async fn what_is_not_the_service_is_told_from_a_service_that_is_out_of_order() {
    let stranger = |cause: &str| Err(Obstacle::Stranger(cause.to_owned()));
    for host in HOSTS {
        for (status, body, expected) in [
            ("302 Found", "", stranger("HTTP 302")),
            ("403 Forbidden", "<html>log in", stranger("HTTP 403")),
            ("200 OK", "<html>log in", stranger("HTTP 200")),
            ("502 Bad Gateway", "<html>", Err(Obstacle::Outage(502))),
        ] {
            assert_eq!(answered(host, http(status, "", body)).await, expected, "{host:?} {status}");
        }
    }
    let outcome = answered(Host::Api, http("200 OK", "", "{}")).await;
    assert_eq!(outcome, stranger("it has no status"));
    let accepting = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n";
    let outcome = answered(Host::Websocket, accepting.to_owned()).await;
    assert_eq!(outcome, stranger("it does not accept a websocket"));
}

#[tokio::test]
async fn a_closed_port_is_told_from_a_name_that_stands_for_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let (servers, nobody) = answer("").await;
    nobody.abort();
    for host in HOSTS {
        for servers in [at(&address.to_string()), servers.clone()] {
            let obstacle = probe(servers, host).await.unwrap_err();
            assert!(matches!(obstacle, Obstacle::Connection(_)), "{obstacle:?}");
        }
        assert_eq!(probe(at("handover.invalid"), host).await, Err(Obstacle::Name));
    }
}

#[tokio::test]
async fn a_connection_that_is_not_tls_is_said_so() {
    for host in HOSTS {
        for (bytes, cause) in
            [("HTTP/1.1 400 Bad Request\r\n\r\n", "the answer is not TLS"), ("", "the connection was closed")]
        {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let servers = at(&listener.local_addr().unwrap().to_string());
            let server = tokio::spawn(async move {
                let (mut stream, _) = listener.accept().await.unwrap();
                // All of the client's first words, so that closing does not reset the connection.
                let mut head = [0; 5];
                tokio::io::AsyncReadExt::read_exact(&mut stream, &mut head).await.unwrap();
                let mut hello = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
                tokio::io::AsyncReadExt::read_exact(&mut stream, &mut hello).await.unwrap();
                tokio::io::AsyncWriteExt::write_all(&mut stream, bytes.as_bytes()).await.unwrap();
            });
            assert_eq!(probe(servers, host).await, Err(Obstacle::Tls(cause.to_owned())));
            server.await.unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_that_says_nothing_is_not_waited_for() {
    for host in HOSTS {
        let (servers, server) = serve(|mut connection| async move { connection.end().await }).await;
        assert_eq!(probe(servers, host).await, Err(Obstacle::Silence));
        server.await.unwrap();
    }
}

#[test]
fn a_certificate_says_what_is_wrong_with_it() {
    let certificate = rustls::Error::InvalidCertificate;
    assert_eq!(tls(&certificate(CertificateError::Expired)), Obstacle::Dated);
    assert_eq!(tls(&certificate(CertificateError::NotValidYet)), Obstacle::Dated);
    assert_eq!(tls(&certificate(CertificateError::UnknownIssuer)), Obstacle::Untrusted);
    assert_eq!(tls(&certificate(CertificateError::NotValidForName)), Obstacle::Untrusted);
    let alert = tls(&rustls::Error::AlertReceived(AlertDescription::HandshakeFailure));
    assert!(matches!(alert, Obstacle::Tls(_)), "{alert:?}");
    let garbage = rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType);
    assert_eq!(tls(&garbage), Obstacle::Tls("the answer is not TLS".to_owned()));
}

#[tokio::test]
async fn a_broken_answer_is_no_answer() {
    let broken = "HTTP/1.1 400 Bad Request\r\ncontent-length: 9\r\n\r\n{\"a".to_owned();
    let outcome = answered(Host::Api, broken).await;
    assert!(matches!(outcome, Err(Obstacle::Connection(_))), "{outcome:?}");
}
