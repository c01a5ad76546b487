//! The websocket, as a sequence of signals.
//!
//! Invariant: every byte of every frame is returned once, in order, however the service groups the bytes and whenever
//! the caller stops waiting.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use reqwest::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use reqwest::{RequestBuilder, Response, StatusCode, Upgraded};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::error::{Error, sanitize_words};
use super::http::{Http, Repetition};
use super::response::status_error;
use super::secret_body;
use crate::domain::account::{Credentials, Secret};
use crate::engine::link::Signal;

/// An open websocket on which the login was sent.
#[derive(Debug)]
pub struct Socket(Signals<Upgraded>);

/// The signals of a websocket.
#[derive(Debug)]
pub(super) struct Signals<S> {
    frames: WebSocketStream<S>,
    /// Bytes of a frame that were not returned yet.
    pending: VecDeque<u8>,
    /// Why the connection ended. After a close frame it may stay open for as long as the service likes.
    ended: Option<Error>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Signals<S> {
    /// The signals of a stream on which a websocket was opened.
    pub(super) async fn of(stream: S) -> Self {
        let frames = WebSocketStream::from_raw_socket(stream, Role::Client, Some(small_buffers())).await;
        Self { frames, pending: VecDeque::new(), ended: None }
    }

    /// See [`Socket::next`].
    pub(super) async fn next(&mut self) -> Result<Signal, Error> {
        if let Some(ended) = &self.ended {
            return Err(ended.clone());
        }
        self.read().await.inspect_err(|ended| self.ended = Some(ended.clone()))
    }

    async fn read(&mut self) -> Result<Signal, Error> {
        loop {
            if let Some(byte) = self.pending.pop_front() {
                if byte.is_ascii_whitespace() {
                    continue;
                }
                return Ok(Signal::from(byte));
            }
            match self.frames.next().await {
                Some(Ok(Message::Binary(bytes))) => self.pending.extend(bytes.iter()),
                Some(Ok(Message::Text(text))) => self.pending.extend(text.bytes()),
                Some(Ok(Message::Close(frame))) => {
                    // The close frame is sent in reply with one attempt; the service does not wait for it.
                    drop(self.frames.flush().now_or_never());
                    let reason = frame.map(|frame| format!(": {} {}", u16::from(frame.code), frame.reason));
                    return Err(closed(&format!("the service closed it{}", reason.unwrap_or_default())));
                }
                // The reply to a ping is sent by the next iteration.
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Err(error)) => return Err(closed(&error.to_string())),
                None => return Err(closed("it is closed")),
            }
        }
    }
}

impl Socket {
    /// Waits for the next signal. Cancel safe.
    ///
    /// # Errors [`Error::Closed`] when the connection has ended, for any reason; every later call returns it too.
    pub async fn next(&mut self) -> Result<Signal, Error> {
        self.0.next().await
    }

    /// Closes the connection, so that the service does not take the next login for a second session of this device.
    pub async fn close(mut self) {
        drop(tokio::time::timeout(CLOSE_TIMEOUT, self.0.frames.close(None)).await);
    }

    /// Sends a GET as an upgrade to a websocket. The caller sets the time limit.
    pub(super) async fn open(
        http: &Http,
        request: RequestBuilder,
        credentials: &Credentials,
    ) -> Result<Self, Error> {
        let (request, key) = upgrade_request(request);
        // The websocket's host is used for nothing else, so there is never an idle connection to it.
        let response = http.send(request, Repetition::Never).await?;
        check_upgrade(&response, &key)?;
        let stream = response.upgrade().await?;
        let mut signals = Signals::of(stream).await;
        let device_id = credentials.device_id.as_str();
        let login = Secret::new(format!("login:{device_id}:{}\n", credentials.secret.expose()));
        let login =
            Utf8Bytes::try_from(secret_body::bytes(login)).map_err(|error| closed(&error.to_string()))?;
        signals.frames.send(Message::Text(login)).await.map_err(|error| closed(&error.to_string()))?;
        Ok(Self(signals))
    }
}

/// The GET with the headers that ask for a websocket, and the key that the response has to confirm.
pub(super) fn upgrade_request(request: RequestBuilder) -> (RequestBuilder, String) {
    let key = generate_key();
    let request = request
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_VERSION, "13")
        .header(SEC_WEBSOCKET_KEY, &key);
    (request, key)
}

/// Checks that the response opens a websocket.
pub(super) fn check_upgrade(response: &Response, key: &str) -> Result<(), Error> {
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(status_error(response));
    }
    let accept = response.headers().get(SEC_WEBSOCKET_ACCEPT);
    if accept.is_none_or(|accept| accept.as_bytes() != derive_accept_key(key.as_bytes()).as_bytes()) {
        return Err(Error::InvalidResponse("it does not accept a websocket"));
    }
    Ok(())
}

const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Signals are single bytes. The default of 128 KiB for each direction would be a tenth of this program's memory.
fn small_buffers() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(4 << 10)
        .write_buffer_size(0)
        .max_write_buffer_size(64 << 10)
        .max_message_size(Some(64 << 10))
        .max_frame_size(Some(64 << 10))
}

fn closed(cause: &str) -> Error {
    Error::Closed(sanitize_words(cause.trim_end()))
}
