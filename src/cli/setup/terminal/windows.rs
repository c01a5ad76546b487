//! A console of Windows.
//!
//! Invariant: only whether typed text shows is changed.

use std::io;
use std::time::Duration;

use crossterm::event;
use crossterm_winapi::{ConsoleMode, Handle};
use tokio_util::sync::CancellationToken;

/// `ENABLE_ECHO_INPUT`.
const ECHO: u32 = 0x0004;

/// What the console did before with typed text.
pub(super) struct Echo {
    console: ConsoleMode,
    before: u32,
}

impl Echo {
    /// No longer shows what is typed.
    pub(super) fn off() -> io::Result<Self> {
        let console = ConsoleMode::from(Handle::current_in_handle()?);
        let before = console.mode()?;
        console.set_mode(before & !ECHO)?;
        Ok(Self { console, before })
    }

    /// Does what it did before.
    pub(super) fn restore(&self) {
        // A console that is gone cannot be restored.
        drop(self.console.set_mode(self.before));
    }
}

/// Discards what was typed ahead, before a question that must not be answered unseen.
pub(in crate::cli::setup) fn discard_typed_ahead() {
    while event::poll(Duration::ZERO).is_ok_and(|is_there| is_there) {
        if event::read().is_err() {
            return;
        }
    }
}

/// The system ends the program when its terminal is closed.
pub(super) fn stop_when_closed(_stop: CancellationToken) {}
