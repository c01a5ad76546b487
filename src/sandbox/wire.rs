//! The TCP connections of the sandbox, each of which can be cut or hushed from outside.
//!
//! Invariant: a wire stands in the [`Switchboard`] exactly as long as its connection is open.

use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use futures_util::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use super::ledger::Tally;

/// Accepts connections and enters each into the switchboard.
pub(super) struct Door {
    pub(super) listener: TcpListener,
    pub(super) switchboard: Arc<Switchboard>,
}

impl Listener for Door {
    type Io = Wire;
    type Addr = Grip;

    async fn accept(&mut self) -> (Wire, Grip) {
        loop {
            if let Ok((stream, _)) = self.listener.accept().await {
                let wire = self.switchboard.connect(stream);
                let grip = wire.grip.clone();
                return (wire, grip);
            }
            // Out of file descriptors, mostly: accepting again at once would spin.
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    fn local_addr(&self) -> io::Result<Grip> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl Connected<IncomingStream<'_, Door>> for Grip {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        stream.remote_addr().clone()
    }
}

/// All open connections.
#[derive(Debug)]
pub(super) struct Switchboard {
    open: Mutex<(u64, BTreeMap<u64, Grip>)>,
    tally: Arc<Tally>,
}

impl Switchboard {
    pub(super) fn new(tally: Arc<Tally>) -> Self {
        Self { open: Mutex::default(), tally }
    }

    /// Cuts every connection.
    pub(super) fn cut_all(&self) {
        let grips: Vec<Grip> =
            self.open.lock().unwrap_or_else(PoisonError::into_inner).1.values().cloned().collect();
        for grip in grips {
            grip.cut();
        }
    }

    fn connect(self: &Arc<Self>, stream: TcpStream) -> Wire {
        // A late byte would only blur the tests; a failure changes nothing but speed.
        drop(stream.set_nodelay(true));
        let grip = Grip::default();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.0 += 1;
        let number = open.0;
        open.1.insert(number, grip.clone());
        let now = open.1.len();
        drop(open);
        self.tally.connections(now);
        Wire { stream, grip, number, switchboard: Arc::clone(self) }
    }
}

/// Acts on one connection from outside.
#[derive(Clone, Debug, Default)]
pub(super) struct Grip(Arc<Condition>);

#[derive(Debug, Default)]
struct Condition {
    cut: AtomicBool,
    hushed: AtomicBool,
    reader: AtomicWaker,
    writer: AtomicWaker,
}

impl Grip {
    /// Ends the connection: no answer, no close frame, only the end of the stream.
    pub(super) fn cut(&self) {
        self.0.cut.store(true, Ordering::Release);
        self.0.reader.wake();
        self.0.writer.wake();
    }

    /// Lets everything that is written vanish, as on a half-open connection.
    pub(super) fn hush(&self, hushed: bool) {
        self.0.hushed.store(hushed, Ordering::Release);
    }

    fn check(&self) -> io::Result<()> {
        if self.0.cut.load(Ordering::Acquire) { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }

    fn is_hushed(&self) -> bool {
        self.0.hushed.load(Ordering::Acquire)
    }
}

/// A connection.
pub(super) struct Wire {
    stream: TcpStream,
    grip: Grip,
    number: u64,
    switchboard: Arc<Switchboard>,
}

impl Drop for Wire {
    fn drop(&mut self) {
        let mut open = self.switchboard.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.1.remove(&self.number);
        let now = open.1.len();
        drop(open);
        self.switchboard.tally.connections(now);
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.grip.0.reader.register(context.waker());
        self.grip.check()?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.grip.0.writer.register(context.waker());
        self.grip.check()?;
        if self.grip.is_hushed() {
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.grip.check()?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
