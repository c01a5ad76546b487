//! The decisions of the connection, driven by plain `std::net`: no tokio, no TLS, so only for a stand-in on this computer.
//!
//! `handover sandbox`, then `cargo run --example without_tokio -- 127.0.0.1:PORT DEVICE_ID SECRET`
#![allow(
    clippy::allow_attributes,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "an example prints and has its own clock, and the tests call it as a module"
)]

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use handover::engine::link::{Action, Input, Link, Signal};

/// Runs until `callback` was called with a download that it does not want to be the last.
pub fn run(
    address: &str,
    device: &str,
    secret: &str,
    mut callback: impl FnMut(&str) -> bool,
) -> Result<(), Box<dyn Error>> {
    let mut link = Link::default();
    let mut socket: Option<TcpStream> = None;
    let mut input = Some(Input::SignedIn);
    loop {
        let now = Instant::now();
        // A real program takes a random number here, so that many of them do not connect at the same time.
        let jitter = 0.5;
        let action = match input.take() {
            Some(input) => link.handle_input(input, now, jitter),
            None => link.handle_timeout(now, jitter),
        };
        match action {
            Some(Action::Connect) => {
                socket = connect(address, device, secret).ok();
                input = Some(if socket.is_some() {
                    Input::Opened
                } else {
                    Input::OpenFailed { retry_after: None }
                });
                continue;
            }
            Some(Action::Disconnect) => socket = None,
            Some(Action::Download(_) | Action::Verify) => {
                input = Some(if let Ok(body) = download(address, device, secret) {
                    if !callback(&body) {
                        return Ok(());
                    }
                    Input::Accepted
                } else {
                    Input::Unanswered
                });
                continue;
            }
            None => {}
        }
        if let Some(halt) = link.why_halted() {
            return Err(format!("the connection ended for good: {halt:?}").into());
        }
        // Waits for a byte, or until the link wants to do something.
        let wait = link.poll_timeout().map(|due| due.saturating_duration_since(Instant::now()));
        match &mut socket {
            Some(stream) => {
                stream.set_read_timeout(wait.map(|wait| wait.max(std::time::Duration::from_millis(1))))?;
                input = match frame(stream) {
                    Ok(byte) => Some(Input::Heard(Signal::from(byte))),
                    Err(error)
                        if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) =>
                    {
                        None
                    }
                    Err(_) => Some(Input::Lost),
                };
            }
            None => std::thread::sleep(wait.ok_or("there is nothing left to do")?),
        }
    }
}

/// Opens a websocket and logs in on it.
fn connect(address: &str, device: &str, secret: &str) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "GET /push HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    if !head.starts_with(b"HTTP/1.1 101") {
        return Err(io::Error::other("this is not a websocket"));
    }
    // A text frame of less than 126 bytes, or with its length in two bytes; masked with zeros, which changes nothing.
    let login = format!("login:{device}:{secret}\n");
    let length = u16::try_from(login.len()).map_err(io::Error::other)?;
    let mut message = vec![0x81, 0xfe];
    message.extend(length.to_be_bytes());
    message.extend([0; 4]);
    message.extend(login.as_bytes());
    stream.write_all(&message)?;
    Ok(stream)
}

/// The first byte of the next frame; the service sends one byte in each.
fn frame(stream: &mut TcpStream) -> io::Result<u8> {
    let mut head = [0; 2];
    stream.read_exact(&mut head)?;
    let mut content = vec![0; usize::from(head[1] & 0x7f)];
    stream.read_exact(&mut content)?;
    content.first().copied().ok_or_else(|| io::Error::other("an empty frame"))
}

/// What waits for the device, as JSON.
fn download(address: &str, device: &str, secret: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "GET /1/messages.json?secret={secret}&device_id={device} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    match response.split_once("\r\n\r\n") {
        Some((head, body)) if head.starts_with("HTTP/1.1 200") => Ok(body.to_owned()),
        Some(_) | None => Err(io::Error::other("the service does not respond as it should")),
    }
}

pub fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |what: &str| arguments.next().ok_or_else(|| format!("give {what}"));
    let (address, device, secret) = (next("the address")?, next("the device")?, next("the secret")?);
    run(&address, &device, &secret, |body| {
        println!("{body}");
        true
    })
}
