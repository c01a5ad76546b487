//! The websocket: logins, keep-alives, signals and farewells.
//!
//! Invariant: at most one socket is logged in for a device; the second takes the place of the first.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::Response;
use tokio::sync::mpsc;

use super::service::Service;
use super::switches::FrameKind;
use super::wire::Grip;

/// A websocket about to open.
pub(super) struct Opening {
    pub(super) upgrade: WebSocketUpgrade,
    pub(super) service: Arc<Service>,
    pub(super) grip: Grip,
}

/// How a socket bears itself towards a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Bearing {
    /// As documented.
    Usual,
    /// Takes it and never says anything.
    Mute,
    /// Reads it and cuts the connection.
    Cut,
    /// Reads it, says this and closes.
    Farewell(Vec<u8>),
}

impl Opening {
    /// The answer that opens the socket; serving it goes on in a task of its own.
    pub(super) fn open(self, bearing: Bearing) -> Response<Body> {
        let Self { upgrade, service, grip } = self;
        upgrade
            .read_buffer_size(4 << 10)
            .max_message_size(64 << 10)
            .on_upgrade(move |socket| serve(socket, service, grip, bearing))
    }
}

async fn serve(mut socket: WebSocket, service: Arc<Service>, grip: Grip, bearing: Bearing) {
    if bearing == Bearing::Mute {
        grip.hush(true);
    }
    let (seat, mut orders) = Seat::take(&service, grip.clone());
    let mut beat = tokio::time::interval(service.keep_alive);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut is_logged_in = false;
    loop {
        tokio::select! {
            order = orders.recv() => match order {
                Some(Order::Frame(payload)) => {
                    if say(&mut socket, &service, payload).await.is_err() { return }
                }
                Some(Order::Leave(payload)) => return part(socket, &service, payload).await,
                None => return,
            },
            message = socket.recv() => {
                let Some(Ok(message)) = message else { return };
                let (Message::Text(_) | Message::Binary(_)) = message else { continue };
                if is_logged_in { continue }
                match &bearing {
                    Bearing::Usual | Bearing::Mute => {}
                    Bearing::Cut => return grip.cut(),
                    Bearing::Farewell(payload) => return part(socket, &service, payload.clone()).await,
                }
                let Some(device) = log_in(&service, &message.into_data()) else {
                    service.tally.count(|counters| counters.socket_refusals += 1);
                    return part(socket, &service, b"E".to_vec()).await;
                };
                is_logged_in = true;
                beat.reset();
                seat.log_in(&device);
            },
            _ = beat.tick(), if is_logged_in => {
                if say(&mut socket, &service, b"#".to_vec()).await.is_err() { return }
            }
        }
    }
}

/// The device that a login line is for, if the service knows login and device.
fn log_in(service: &Service, line: &[u8]) -> Option<String> {
    let line = std::str::from_utf8(line).ok()?;
    let (device, secret) = line.trim_end().strip_prefix("login:")?.split_once(':')?;
    service.state().admit(secret, device).ok()?;
    Some(device.to_owned())
}

async fn say(socket: &mut WebSocket, service: &Service, payload: Vec<u8>) -> Result<(), axum::Error> {
    let is_text = service.state().switches.frames == FrameKind::Text;
    let message = match String::from_utf8(payload) {
        Ok(text) if is_text => Message::Text(text.into()),
        Ok(text) => Message::Binary(Bytes::from(text)),
        Err(error) => Message::Binary(Bytes::from(error.into_bytes())),
    };
    socket.send(message).await
}

/// Says the last word and closes, waiting a little for the other side to close as well: to close a connection
/// with unread bytes in it would take back what was said.
async fn part(mut socket: WebSocket, service: &Service, payload: Vec<u8>) {
    if !payload.is_empty() && say(&mut socket, service, payload).await.is_err() {
        return;
    }
    if socket.send(Message::Close(None)).await.is_err() {
        return;
    }
    let drained = async { while let Some(Ok(_)) = socket.recv().await {} };
    drop(tokio::time::timeout(Duration::from_secs(5), drained).await);
}

/// The open sockets.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    open: Mutex<Register>,
}

#[derive(Debug, Default)]
struct Register {
    lines: BTreeMap<u64, Line>,
    last: u64,
    hushed: bool,
}

#[derive(Debug)]
struct Line {
    device: Option<String>,
    /// Devices that were signalled before a login came: without a reply to its login, a client cannot know from
    /// when on it would hear of a message.
    missed: Vec<String>,
    grip: Grip,
    orders: mpsc::UnboundedSender<Order>,
}

#[derive(Debug)]
enum Order {
    Frame(Vec<u8>),
    Leave(Vec<u8>),
}

impl Line {
    fn order(&self, order: Order) {
        // A socket that is just closing hears nothing any more, and need not.
        drop(self.orders.send(order));
    }
}

impl Sockets {
    /// Tells a device that something is queued.
    pub(super) fn signal(&self, device: &str) {
        let mut open = self.open();
        for line in open.lines.values_mut() {
            match line.device.as_deref() {
                Some(found) if found == device => line.order(Order::Frame(b"!".to_vec())),
                None if !line.missed.iter().any(|missed| missed == device) => {
                    line.missed.push(device.to_owned());
                }
                Some(_) | None => {}
            }
        }
    }

    /// Sends a payload over every socket.
    pub(super) fn say_to_all(&self, payload: &[u8]) {
        for line in self.open().lines.values() {
            line.order(Order::Frame(payload.to_vec()));
        }
    }

    /// Says a last word over the sockets of a device, or over all, and closes them.
    pub(super) fn dismiss(&self, device: Option<&str>, payload: &[u8]) {
        for line in self.open().lines.values() {
            if device.is_none() || line.device.as_deref() == device {
                line.order(Order::Leave(payload.to_vec()));
            }
        }
    }

    /// Cuts every socket without a close frame.
    pub(super) fn cut(&self) {
        for line in self.open().lines.values() {
            line.grip.cut();
        }
    }

    /// Lets everything that sockets say vanish, those opened later included.
    pub(super) fn hush(&self, hushed: bool) {
        let mut open = self.open();
        open.hushed = hushed;
        for line in open.lines.values() {
            line.grip.hush(hushed);
        }
    }

    fn open(&self) -> MutexGuard<'_, Register> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A socket's place among the open ones, given up when dropped.
struct Seat {
    service: Arc<Service>,
    number: u64,
}

impl Seat {
    fn take(service: &Arc<Service>, grip: Grip) -> (Self, mpsc::UnboundedReceiver<Order>) {
        let (sender, orders) = mpsc::unbounded_channel();
        let mut open = service.sockets.open();
        if open.hushed {
            grip.hush(true);
        }
        open.last += 1;
        let number = open.last;
        open.lines.insert(number, Line { device: None, missed: Vec::new(), grip, orders: sender });
        drop(open);
        service.tally.count(|counters| {
            counters.sockets_opened += 1;
            counters.sockets_now += 1;
        });
        (Self { service: Arc::clone(service), number }, orders)
    }

    /// Logs in for a device; whoever was logged in for it before hears `A` and is closed.
    fn log_in(&self, device: &str) {
        let (signal_at_login, is_waiting) = {
            let state = self.service.state();
            (state.switches.signal_at_login, !state.queued(device).is_empty())
        };
        let mut open = self.service.sockets.open();
        for (number, line) in &open.lines {
            if *number != self.number && line.device.as_deref() == Some(device) {
                line.order(Order::Leave(b"A".to_vec()));
            }
        }
        if let Some(line) = open.lines.get_mut(&self.number) {
            line.device = Some(device.to_owned());
            let missed = std::mem::take(&mut line.missed).iter().any(|missed| missed == device);
            if missed || (signal_at_login && is_waiting) {
                line.order(Order::Frame(b"!".to_vec()));
            }
        }
        drop(open);
        self.service.tally.count(|counters| counters.socket_logins += 1);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.service.sockets.open().lines.remove(&self.number);
        self.service.tally.count(|counters| counters.sockets_now -= 1);
    }
}
