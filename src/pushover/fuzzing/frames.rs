//! The bytes of a websocket.
//!
//! Invariant: the frames are read here without the crate that the program reads them with.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::{io, str};

use futures_util::FutureExt as _;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::engine::link::Signal;
use crate::pushover::socket::Signals;

/// Panics unless the signals are those of the frames, in however many pieces they arrive and however often the caller stops
/// waiting, and unless the connection ends for good. The first byte is the length of the pieces.
pub fn frames(data: &[u8]) {
    let Some((length, bytes)) = data.split_first() else { return };
    let heard = signals(bytes, usize::MAX);
    assert_eq!(heard, signals(bytes, usize::from(*length % 16) + 1), "the pieces change the signals");
    assert!(heard.len() <= bytes.len(), "more signals than bytes");
    let sent = content(bytes).into_iter().filter(|byte| !byte.is_ascii_whitespace());
    let sent: Vec<Signal> = sent.map(Signal::from).collect();
    assert!(heard.starts_with(&sent), "{heard:?} does not begin with {sent:?}");
}

/// The signals until the connection ends.
fn signals(bytes: &[u8], length: usize) -> Vec<Signal> {
    let stream = Stream { rest: bytes, length, is_interrupted: false };
    let Some(mut signals) = Signals::of(stream).now_or_never() else { return Vec::new() };
    let mut heard = Vec::new();
    let mut interruptions = 0;
    loop {
        match signals.next().now_or_never() {
            Some(Ok(signal)) => heard.push(signal),
            Some(Err(_)) => break,
            None => interruptions += 1,
        }
        assert!(interruptions <= bytes.len() + 1, "it waits, and there is nothing to wait for");
    }
    assert!(matches!(signals.next().now_or_never(), Some(Err(_))), "a signal after the end");
    heard
}

/// What is in the frames, up to the first that is in any way unusual.
fn content(mut bytes: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    loop {
        let (head, length, rest) = match bytes {
            [head, length @ 0..=125, rest @ ..] => (*head, usize::from(*length), rest),
            [head @ 0x81..=0x82, 126, high, low, rest @ ..] if *high > 0 => {
                (*head, usize::from(u16::from_be_bytes([*high, *low])), rest)
            }
            _ => return content,
        };
        let Some((payload, after)) = rest.split_at_checked(length) else { return content };
        match head {
            0x81 if str::from_utf8(payload).is_ok() => content.extend(payload),
            0x82 => content.extend(payload),
            // A ping or a pong.
            0x89 | 0x8A => {}
            _ => return content,
        }
        bytes = after;
    }
}

/// Bytes that arrive in pieces, each only when it is asked for the second time. What is written to it is lost.
struct Stream<'a> {
    rest: &'a [u8],
    length: usize,
    is_interrupted: bool,
}

impl AsyncRead for Stream<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.is_interrupted = !self.is_interrupted && self.length < usize::MAX;
        if self.is_interrupted {
            return Poll::Pending;
        }
        let length = self.length.min(self.rest.len()).min(buffer.remaining());
        let (piece, rest) = self.rest.split_at(length);
        buffer.put_slice(piece);
        self.rest = rest;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream<'_> {
    fn poll_write(self: Pin<&mut Self>, _context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
