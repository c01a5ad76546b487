//! A terminal of Unix, by termios(3).
//!
//! Invariant: only whether typed text shows is changed.

use std::io;
use std::thread;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::termios::{LocalModes, OptionalActions, QueueSelector, Termios, tcflush, tcgetattr, tcsetattr};
use tokio_util::sync::CancellationToken;

/// What the terminal did before with typed text.
pub(super) struct Echo(Termios);

impl Echo {
    /// No longer shows what is typed.
    pub(super) fn off() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Now, &quiet)?;
        Ok(Self(before))
    }

    /// Does what it did before.
    pub(super) fn restore(&self) {
        // A terminal that is gone cannot be restored.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}

/// Discards what was typed ahead, before a question that must not be answered unseen.
pub(in crate::cli::setup) fn discard_typed_ahead() {
    // If it cannot be discarded there is nothing else to try.
    let _ = tcflush(io::stdin(), QueueSelector::IFlush);
}

/// Cancels `stop` when the terminal is closed. Otherwise a prompt would read the end of input in a busy
/// loop, and SIGHUP only arrives if the shell forwards it.
pub(super) fn stop_when_closed(stop: CancellationToken) {
    // The thread ends with the process.
    thread::spawn(move || {
        let stdin = io::stdin();
        loop {
            // The end of the terminal and errors are always reported.
            let mut terminal = [PollFd::new(&stdin, PollFlags::empty())];
            match poll(&mut terminal, None) {
                Err(Errno::INTR) => {}
                Ok(_) if terminal[0].revents().intersects(PollFlags::HUP | PollFlags::ERR) => {
                    return stop.cancel();
                }
                // Some systems cannot poll a terminal.
                Ok(_) | Err(_) => return,
            }
        }
    });
}
