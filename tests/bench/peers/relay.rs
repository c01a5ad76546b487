//! A relay that makes a connection as slow as one to a distant server: every byte is delayed in each direction, and so is
//! the handshake.
//!
//! Invariant: bytes leave in the order in which they came, each exactly one delay after it was read. Threads that sleep are used
//! instead of tasks: the timers of tokio are only accurate to a millisecond.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// What was read at once, or `None` at the end.
type Chunk = (Instant, Option<Vec<u8>>);

/// Starts a relay to a port of this computer and returns the port to connect to. It ends with the process.
pub(crate) fn start(target: u16, round_trip: Duration) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for outside in listener.incoming() {
            let outside = outside.unwrap();
            thread::spawn(move || relay(&outside, target, round_trip));
        }
    });
    port
}

fn relay(outside: &TcpStream, target: u16, round_trip: Duration) {
    // The kernel has accepted the connection at once. From a distant server, the answer would take a round trip, and the first
    // bytes would follow then.
    thread::sleep(round_trip);
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, target));
    let Ok(inside) = TcpStream::connect(address) else { return };
    let delay = round_trip / 2;
    thread::scope(|scope| {
        for (from, to) in [(outside, &inside), (&inside, outside)] {
            let (sender, chunks) = mpsc::channel();
            to.set_nodelay(true).unwrap();
            scope.spawn(move || read(from, &sender));
            scope.spawn(move || write(to, &chunks, delay));
        }
    });
}

fn read(mut from: &TcpStream, chunks: &mpsc::Sender<Chunk>) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = from.read(&mut buffer).unwrap_or(0);
        let chunk = (length > 0).then(|| buffer[..length].to_vec());
        let ended = chunk.is_none();
        if chunks.send((Instant::now(), chunk)).is_err() || ended {
            return;
        }
    }
}

fn write(mut to: &TcpStream, chunks: &mpsc::Receiver<Chunk>, delay: Duration) {
    while let Ok((read, chunk)) = chunks.recv() {
        thread::sleep((read + delay).saturating_duration_since(Instant::now()));
        let Some(bytes) = chunk else { break };
        if to.write_all(&bytes).is_err() {
            break;
        }
    }
    drop(to.shutdown(Shutdown::Write));
}
