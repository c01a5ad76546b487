//! A server for tests that sends exactly the bytes of its script and knows nothing about the protocol.
//!
//! Invariant: it asserts nothing, but returns what it received to the test.

use std::future::Future;
use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::error::Error;
use super::rest::{Part, Rest};
use super::servers::Servers;
use crate::domain::account::{Account, Credentials, DeviceId, DeviceName, Secret};
use crate::domain::message::Received;

/// Accepts one connection and passes it to the script; the task returns the script's result.
pub(super) async fn serve<Script, Done>(script: Script) -> (Servers, JoinHandle<Done::Output>)
where
    Script: FnOnce(Connection) -> Done + Send + 'static,
    Done: Future<Output: Send + 'static> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        script(Connection(stream)).await
    });
    (Servers::new(&format!("http://{address}/api"), &format!("ws://{address}/push")).unwrap(), task)
}

/// Responds to one request with these bytes and closes; returns the request.
pub(super) async fn respond(bytes: impl Into<Vec<u8>>) -> (Servers, JoinHandle<String>) {
    let bytes = bytes.into();
    serve(|mut connection| async move {
        let request = connection.request().await;
        connection.write(&bytes).await.unwrap();
        request
    })
    .await
}

/// Reads one request and never responds; returns the request once the client has closed the connection.
pub(super) async fn hang() -> (Servers, JoinHandle<String>) {
    serve(|mut connection| async move {
        let request = connection.request().await;
        connection.end().await;
        request
    })
    .await
}

/// An HTTP response with a body, after which the connection ends.
pub(super) fn http(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}")
}

/// The server's end of a connection.
pub(super) struct Connection(pub(super) TcpStream);

impl Connection {
    /// Reads one request with its body.
    pub(super) async fn request(&mut self) -> String {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(self.0.read_u8().await.unwrap());
        }
        let head = String::from_utf8(request).unwrap();
        let length = header(&head, "content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await.unwrap();
        head + &String::from_utf8(body).unwrap()
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes).await
    }

    /// Accepts a websocket and reads the first frame; returns the request and the frame.
    pub(super) async fn websocket(&mut self) -> (String, (u8, String)) {
        let request = self.request().await;
        let key = header(&request, "sec-websocket-key").unwrap();
        let accept = tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.as_bytes());
        let response = format!(
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: {accept}\r\n\r\n"
        );
        self.write(response.as_bytes()).await.unwrap();
        (request, self.frame().await)
    }

    /// Reads one short frame of a client: its first byte, and its payload unmasked.
    pub(super) async fn frame(&mut self) -> (u8, String) {
        let mut head = [0; 6];
        self.0.read_exact(&mut head).await.unwrap();
        let [first, length, mask @ ..] = head;
        let mut payload = vec![0; usize::from(length & 0x7F)];
        self.0.read_exact(&mut payload).await.unwrap();
        for (byte, mask) in payload.iter_mut().zip(mask.iter().cycle()) {
            *byte ^= mask;
        }
        (first, String::from_utf8(payload).unwrap())
    }

    /// Waits until the client has closed its end; returns what came before.
    pub(super) async fn end(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        // A reset also counts as an end.
        drop(self.0.read_to_end(&mut rest).await);
        rest
    }
}

/// A whole download.
pub(super) async fn download_all(rest: &Rest) -> Result<(Vec<Received>, Account), Error> {
    let mut download = rest.download(&credentials()).await?;
    let mut all = Vec::new();
    loop {
        match download.next().await? {
            Part::Messages(messages) => all.extend(messages),
            Part::End { account, .. } => return Ok((all, account)),
        }
    }
}

/// The value of a header of a request.
pub(super) fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = request.lines().take_while(|line| !line.is_empty());
    lines.find_map(|line| {
        let (key, value) = line.split_once(": ")?;
        key.eq_ignore_ascii_case(name).then_some(value)
    })
}

/// Credentials that are easy to find in places where they must not appear.
pub(super) fn credentials() -> Credentials {
    Credentials {
        secret: Secret::new("s3cr3t+&=%"),
        device_id: DeviceId::new("d3v1c3?").unwrap(),
        device_name: DeviceName::new("desk").unwrap(),
        registered: 0,
    }
}

/// Checks that an error contains no secret, and returns it.
pub(super) fn assert_no_secrets(error: Error) -> Error {
    let shown = format!("{error} {error:?} {error:#?}");
    for secret in ["s3cr3t", "d3v1c3", "pässw0rd", "p%C3%A4ssw0rd", "device_id=", "hush"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    error
}
