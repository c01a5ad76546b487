//! Connections over TLS, from a port of their own or through the proxy.
//!
//! Invariant: a client that is slow in its handshake holds up nobody else.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use super::Authority;
use crate::sandbox::connections::{ConnectionHandle, TrackingListener};

/// How long a handshake may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What TLS runs over, and what it gives.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection over TLS.
pub(in crate::sandbox) struct TlsConnection(Box<dyn Stream>);

/// Accepts what the queue takes in.
pub(in crate::sandbox) struct TlsListener(mpsc::Receiver<(TlsConnection, ConnectionHandle)>);

/// Takes in connections, which begin with a handshake.
#[derive(Clone)]
pub(in crate::sandbox) struct TlsQueue {
    acceptor: Option<TlsAcceptor>,
    accepted: mpsc::Sender<(TlsConnection, ConnectionHandle)>,
}

impl TlsListener {
    /// A queue and its other end. Without an authority it takes nothing in.
    pub(in crate::sandbox) fn new(authority: Option<&Authority>) -> io::Result<(TlsQueue, Self)> {
        let acceptor = authority.map(|authority| authority.server().map(TlsAcceptor::from)).transpose()?;
        let (accepted, connections) = mpsc::channel(16);
        Ok((TlsQueue { acceptor, accepted }, Self(connections)))
    }
}

impl TlsQueue {
    /// Takes in a connection.
    pub(in crate::sandbox) async fn take(
        &self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        handle: ConnectionHandle,
    ) {
        let Some(acceptor) = &self.acceptor else { return };
        if let Ok(Ok(stream)) = tokio::time::timeout(TIMEOUT, acceptor.accept(stream)).await {
            // The sandbox may have stopped.
            drop(self.accepted.send((TlsConnection(Box::new(stream)), handle)).await);
        }
    }

    /// Takes in every connection to a port.
    pub(in crate::sandbox) async fn accept_from(self, mut listener: TrackingListener) {
        loop {
            let (stream, handle) = listener.accept().await;
            let queue = self.clone();
            tokio::spawn(async move { queue.take(stream, handle).await });
        }
    }
}

impl fmt::Debug for TlsQueue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TlsQueue").finish_non_exhaustive()
    }
}

impl Listener for TlsListener {
    type Io = TlsConnection;
    type Addr = ConnectionHandle;

    async fn accept(&mut self) -> (TlsConnection, ConnectionHandle) {
        match self.0.recv().await {
            Some(accepted) => accepted,
            // Nothing is taken in any more.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<ConnectionHandle> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl Connected<IncomingStream<'_, TlsListener>> for ConnectionHandle {
    fn connect_info(stream: IncomingStream<'_, TlsListener>) -> Self {
        stream.remote_addr().clone()
    }
}

impl AsyncRead for TlsConnection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for TlsConnection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
