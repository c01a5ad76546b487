//! One websocket: login, keep-alive frames, signals, close.
//!
//! Invariant: nothing is sent before the login, except what a test orders.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::Response;
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use crate::sandbox::connections::ConnectionHandle;
use crate::sandbox::service::{Service, SocketCommand};
use crate::sandbox::switches::FrameKind;

/// How long a client may take to close after the sandbox did.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// A request that asks for a websocket.
pub(super) struct Upgrade {
    pub(super) request: WebSocketUpgrade,
    pub(super) service: Arc<Service>,
    pub(super) connection: ConnectionHandle,
}

/// What a websocket does with the login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum LoginBehavior {
    /// As documented.
    Normal,
    /// Accepts it and never sends anything.
    Silent,
    /// Reads it and cuts the connection.
    Cut,
    /// Reads it, sends this and closes.
    SendAndClose(Vec<u8>),
}

impl Upgrade {
    /// The response that opens the websocket, which is then served by a task of its own.
    pub(super) fn accept(self, behavior: LoginBehavior) -> Response<Body> {
        let Self { request, service, connection } = self;
        request
            .read_buffer_size(4 << 10)
            .max_message_size(64 << 10)
            .on_upgrade(move |socket| serve(socket, service, connection, behavior))
    }
}

async fn serve(
    mut socket: WebSocket,
    service: Arc<Service>,
    connection: ConnectionHandle,
    behavior: LoginBehavior,
) {
    connection.set_socket();
    if behavior == LoginBehavior::Silent {
        connection.set_half_open(true);
    }
    let (session, mut commands) = Session::open(&service, connection.clone());
    let mut keep_alive = tokio::time::interval(service.initial.keep_alive);
    keep_alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_logged_in = false;
    loop {
        tokio::select! {
            command = commands.recv() => match command {
                Some(SocketCommand::Send(payload)) => {
                    if send(&mut socket, &service, payload).await.is_err() { return }
                }
                Some(SocketCommand::Close(payload)) => return close(socket, &service, payload).await,
                None => return,
            },
            message = socket.recv() => {
                let Some(Ok(message)) = message else { return };
                let (Message::Text(_) | Message::Binary(_)) = message else { continue };
                if is_logged_in { continue }
                match &behavior {
                    LoginBehavior::Normal | LoginBehavior::Silent => {}
                    LoginBehavior::Cut => return connection.cut(),
                    LoginBehavior::SendAndClose(payload) => {
                        return close(socket, &service, payload.clone()).await;
                    }
                }
                let Some(device) = device_of_login(&service, &message.into_data()) else {
                    service.counters.update(|counters| counters.socket_refusals += 1);
                    return close(socket, &service, b"E".to_vec()).await;
                };
                is_logged_in = true;
                keep_alive.reset();
                session.log_in(&device);
            },
            _ = keep_alive.tick(), if is_logged_in => {
                if send(&mut socket, &service, b"#".to_vec()).await.is_err() { return }
            }
        }
    }
}

/// The device of a login line, if the account has it and the secret is valid.
fn device_of_login(service: &Service, line: &[u8]) -> Option<String> {
    let line = std::str::from_utf8(line).ok()?;
    let (device, secret) = line.trim_end().strip_prefix("login:")?.split_once(':')?;
    service.state().authorize(secret, device).ok()?;
    Some(device.to_owned())
}

async fn send(socket: &mut WebSocket, service: &Service, payload: Vec<u8>) -> Result<(), axum::Error> {
    let is_text = service.state().switches.frames == FrameKind::Text;
    let message = match String::from_utf8(payload) {
        Ok(text) if is_text => Message::Text(text.into()),
        Ok(text) => Message::Binary(Bytes::from(text)),
        Err(error) => Message::Binary(Bytes::from(error.into_bytes())),
    };
    socket.send(message).await
}

/// Sends a last payload and closes. It waits for the client to close too: closing a connection with unread bytes
/// resets it, and the payload could be lost.
async fn close(mut socket: WebSocket, service: &Service, payload: Vec<u8>) {
    if !payload.is_empty() && send(&mut socket, service, payload).await.is_err() {
        return;
    }
    if socket.send(Message::Close(None)).await.is_err() {
        return;
    }
    let drained = async { while let Some(Ok(_)) = socket.recv().await {} };
    drop(tokio::time::timeout(CLOSE_TIMEOUT, drained).await);
}

/// The entry of a websocket among the open ones, removed when dropped.
struct Session {
    service: Arc<Service>,
    number: u64,
}

impl Session {
    fn open(
        service: &Arc<Service>,
        connection: ConnectionHandle,
    ) -> (Self, mpsc::UnboundedReceiver<SocketCommand>) {
        let (number, commands) = service.sockets.add(connection);
        service.counters.update(|counters| {
            counters.sockets_opened += 1;
            counters.sockets_now += 1;
        });
        (Self { service: Arc::clone(service), number }, commands)
    }

    fn log_in(&self, device: &str) {
        let state = self.service.state();
        let signal = state.switches.signal_at_login && !state.queued(device).is_empty();
        drop(state);
        self.service.sockets.log_in(self.number, device, signal);
        self.service.counters.update(|counters| counters.socket_logins += 1);
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.service.sockets.remove(self.number);
        self.service.counters.update(|counters| counters.sockets_now -= 1);
    }
}
