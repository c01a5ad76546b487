//! The open websockets, and the commands to them.
//!
//! Invariant: at most one websocket is logged in for a device; a second login replaces the first.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use crate::sandbox::connections::ConnectionHandle;

/// A command to the task of a websocket.
#[derive(Debug)]
pub(in crate::sandbox) enum SocketCommand {
    /// Send a frame.
    Send(Vec<u8>),
    /// Send a last frame, unless it is empty, and close.
    Close(Vec<u8>),
}

/// All open websockets.
#[derive(Debug, Default)]
pub(in crate::sandbox) struct Sockets {
    open: Mutex<Registry>,
}

#[derive(Debug, Default)]
struct Registry {
    by_number: BTreeMap<u64, Socket>,
    last_number: u64,
    half_open: bool,
}

#[derive(Debug)]
struct Socket {
    device: Option<String>,
    /// Devices that were signalled before the login. A login has no reply, so a client cannot know when
    /// signals begin to reach it.
    missed: Vec<String>,
    connection: ConnectionHandle,
    commands: mpsc::UnboundedSender<SocketCommand>,
}

impl Socket {
    fn command(&self, command: SocketCommand) {
        // The task may just have ended; it needs no command then.
        drop(self.commands.send(command));
    }
}

impl Sockets {
    /// Adds a websocket; returns its number and the commands to it.
    pub(in crate::sandbox) fn add(
        &self,
        connection: ConnectionHandle,
    ) -> (u64, mpsc::UnboundedReceiver<SocketCommand>) {
        let (sender, commands) = mpsc::unbounded_channel();
        let mut open = self.open();
        if open.half_open {
            connection.set_half_open(true);
        }
        open.last_number += 1;
        let number = open.last_number;
        open.by_number
            .insert(number, Socket { device: None, missed: Vec::new(), connection, commands: sender });
        (number, commands)
    }

    /// Logs a websocket in. The one that was logged in for this device before gets `A` and is closed.
    pub(in crate::sandbox) fn log_in(&self, number: u64, device: &str, signal: bool) {
        let mut open = self.open();
        for (other, socket) in &open.by_number {
            if *other != number && socket.device.as_deref() == Some(device) {
                socket.command(SocketCommand::Close(b"A".to_vec()));
            }
        }
        if let Some(socket) = open.by_number.get_mut(&number) {
            socket.device = Some(device.to_owned());
            let missed = std::mem::take(&mut socket.missed).iter().any(|missed| missed == device);
            if missed || signal {
                socket.command(SocketCommand::Send(b"!".to_vec()));
            }
        }
    }

    pub(in crate::sandbox) fn remove(&self, number: u64) {
        self.open().by_number.remove(&number);
    }

    /// Sends `!` to a device.
    pub(in crate::sandbox) fn signal(&self, device: &str) {
        for socket in self.open().by_number.values_mut() {
            match socket.device.as_deref() {
                Some(found) if found == device => socket.command(SocketCommand::Send(b"!".to_vec())),
                None if !socket.missed.iter().any(|missed| missed == device) => {
                    socket.missed.push(device.to_owned());
                }
                Some(_) | None => {}
            }
        }
    }

    /// Sends a payload to the websockets of a device, or to all, and closes them if this is the end.
    pub(in crate::sandbox) fn send(&self, device: Option<&str>, payload: &[u8], is_end: bool) {
        let command = if is_end { SocketCommand::Close } else { SocketCommand::Send };
        for socket in self.open().by_number.values() {
            if device.is_none() || socket.device.as_deref() == device {
                socket.command(command(payload.to_vec()));
            }
        }
    }

    /// Sends a last payload to the websockets of a device, or to all, and closes them.
    pub(in crate::sandbox) fn close(&self, device: Option<&str>, payload: &[u8]) {
        self.send(device, payload, true);
    }

    /// Cuts every websocket without a close frame.
    pub(in crate::sandbox) fn cut(&self) {
        for socket in self.open().by_number.values() {
            socket.connection.cut();
        }
    }

    /// Discards everything that websockets send, including those that open later, or stops doing so.
    pub(in crate::sandbox) fn set_half_open(&self, half_open: bool) {
        let mut open = self.open();
        open.half_open = half_open;
        for socket in open.by_number.values() {
            socket.connection.set_half_open(half_open);
        }
    }

    fn open(&self) -> MutexGuard<'_, Registry> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
