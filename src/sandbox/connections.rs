//! The TCP connections of the sandbox. Each can be cut, or made half open, from outside.
//!
//! Invariant: [`Connections`] lists a connection exactly as long as it is open.

use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use futures_util::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use super::journal::SharedCounters;

/// Accepts connections and adds each to the list.
pub(super) struct TrackingListener {
    pub(super) listener: TcpListener,
    pub(super) connections: Arc<Connections>,
}

impl Listener for TrackingListener {
    type Io = Connection;
    type Addr = ConnectionHandle;

    async fn accept(&mut self) -> (Connection, ConnectionHandle) {
        loop {
            if let Ok((stream, _)) = self.listener.accept().await {
                let connection = self.connections.add(stream);
                let handle = connection.handle.clone();
                return (connection, handle);
            }
            // Usually out of file descriptors: accepting again at once would spin.
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    fn local_addr(&self) -> io::Result<ConnectionHandle> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl Connected<IncomingStream<'_, TrackingListener>> for ConnectionHandle {
    fn connect_info(stream: IncomingStream<'_, TrackingListener>) -> Self {
        stream.remote_addr().clone()
    }
}

/// All open connections.
#[derive(Debug)]
pub(super) struct Connections {
    open: Mutex<Open>,
    counters: Arc<SharedCounters>,
}

#[derive(Debug, Default)]
struct Open {
    handles: BTreeMap<u64, ConnectionHandle>,
    last_number: u64,
}

impl Connections {
    pub(super) fn new(counters: Arc<SharedCounters>) -> Self {
        Self { open: Mutex::default(), counters }
    }

    /// Cuts every connection.
    pub(super) fn cut_all(&self) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let handles: Vec<ConnectionHandle> = open.handles.values().cloned().collect();
        drop(open);
        for handle in handles {
            handle.cut();
        }
    }

    /// Makes every connection dead that is not a websocket: nothing that is sent on it arrives any more, in either
    /// direction, and neither side is told.
    pub(super) fn lose_requests(&self) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        for handle in open.handles.values().filter(|handle| !handle.0.is_socket.load(Ordering::Acquire)) {
            handle.0.lost.store(true, Ordering::Release);
            handle.set_half_open(true);
        }
    }

    fn add(self: &Arc<Self>, stream: TcpStream) -> Connection {
        // Delayed bytes would make the tests less exact; a failure here only costs speed.
        drop(stream.set_nodelay(true));
        let handle = ConnectionHandle::default();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.last_number += 1;
        let number = open.last_number;
        open.handles.insert(number, handle.clone());
        let count = open.handles.len();
        drop(open);
        self.counters.set_connections(count);
        Connection { stream, handle, number, connections: Arc::clone(self) }
    }

    fn remove(&self, number: u64) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.handles.remove(&number);
        let count = open.handles.len();
        drop(open);
        self.counters.set_connections(count);
    }
}

/// Acts on one connection from outside.
#[derive(Clone, Debug, Default)]
pub(super) struct ConnectionHandle(Arc<Control>);

#[derive(Debug, Default)]
struct Control {
    cut: AtomicBool,
    /// Together with `cut`: the other side is told with a reset.
    reset: AtomicBool,
    half_open: AtomicBool,
    /// Nothing arrives on it any more but its end.
    lost: AtomicBool,
    is_socket: AtomicBool,
    reader: AtomicWaker,
    writer: AtomicWaker,
}

impl ConnectionHandle {
    /// Ends the connection without a response or a close frame.
    pub(super) fn cut(&self) {
        self.0.cut.store(true, Ordering::Release);
        self.0.reader.wake();
        self.0.writer.wake();
    }

    /// Ends the connection with a reset instead of an orderly end.
    pub(super) fn reset(&self) {
        self.0.reset.store(true, Ordering::Release);
        self.cut();
    }

    /// Discards everything that is written from now on, as on a half-open connection, or stops doing so.
    pub(super) fn set_half_open(&self, half_open: bool) {
        self.0.half_open.store(half_open, Ordering::Release);
    }

    /// Remembers that the connection is a websocket now.
    pub(super) fn set_socket(&self) {
        self.0.is_socket.store(true, Ordering::Release);
    }

    fn is_half_open(&self) -> bool {
        self.0.half_open.load(Ordering::Acquire)
    }
}

/// A TCP connection.
pub(super) struct Connection {
    stream: TcpStream,
    handle: ConnectionHandle,
    number: u64,
    connections: Arc<Connections>,
}

impl Connection {
    fn check(&self) -> io::Result<()> {
        if !self.handle.0.cut.load(Ordering::Acquire) {
            return Ok(());
        }
        if self.handle.0.reset.load(Ordering::Acquire) {
            self.stream.set_zero_linger()?;
        }
        Err(io::ErrorKind::ConnectionReset.into())
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.connections.remove(self.number);
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.handle.0.reader.register(context.waker());
        self.check()?;
        if !self.handle.0.lost.load(Ordering::Acquire) {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        let filled = buffer.filled().len();
        loop {
            // The end of the stream is let through, so that the connection is not counted for longer than it is open.
            ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
            if buffer.filled().len() == filled {
                return Poll::Ready(Ok(()));
            }
            buffer.set_filled(filled);
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.handle.0.writer.register(context.waker());
        self.check()?;
        if self.handle.is_half_open() {
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
