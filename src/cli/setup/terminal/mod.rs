//! The terminal while the wizard uses it.
//!
//! Invariant: typed text shows only in a prompt, and however the wizard ends (an answer, Ctrl-C, a signal, a failure) the
//! terminal is restored; it ends when the terminal is closed.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use inquire::InquireError;
use inquire::ui::{RenderConfig, Styled};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::app::Problem;
use crate::cli::output;
use crate::system::clock;

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(super) use unix::discard_typed_ahead;
#[cfg(unix)]
use unix::{Echo, stop_when_closed};
#[cfg(windows)]
pub(super) use windows::discard_typed_ahead;
#[cfg(windows)]
use windows::{Echo, stop_when_closed};

/// Shows the cursor and ends bracketed paste, which an interrupted prompt does not do.
const END_OF_PROMPT: &[u8] = b"\x1b[?25h\x1b[?2004l\r\n";

/// More than drawing a prompt takes.
const DRAWING: Duration = Duration::from_millis(50);

/// Whether there is a terminal to ask on: prompts are read from standard input and shown on standard error.
pub(in crate::cli) fn is_there() -> bool {
    let is_dumb = std::env::var_os("TERM").is_some_and(|name| name == "dumb");
    io::stdin().is_terminal() && io::stderr().is_terminal() && !is_dumb
}

/// The terminal; it is restored when this is dropped.
pub(in crate::cli) struct Terminal {
    echo: Echo,
    stop: CancellationToken,
    is_prompting: bool,
}

impl Terminal {
    /// Takes the terminal. Prompts end when `stop` is cancelled, as it is when the terminal is closed.
    pub(in crate::cli) fn take(stop: CancellationToken) -> Result<Self, Problem> {
        // What is typed between two prompts must not show either: it may be a password.
        let echo = Echo::off().map_err(|error| unusable(&error))?;
        let look = RenderConfig::default().with_canceled_prompt_indicator(Styled::new(""));
        inquire::set_global_render_config(look);
        stop_when_closed(stop.clone());
        Ok(Self { echo, stop, is_prompting: false })
    }

    /// Asks; an error when the user wants to stop, by Ctrl-C, Esc or Ctrl-D, or a signal says so.
    pub(in crate::cli) async fn prompt<T: Send + 'static>(
        &mut self,
        prompt: impl FnOnce() -> Result<T, InquireError> + Send + 'static,
    ) -> Result<T, Problem> {
        let (reply, answer) = oneshot::channel();
        // On a thread of its own, because a read from a terminal cannot be cancelled; it ends with the process.
        std::thread::spawn(move || drop(reply.send(prompt())));
        self.is_prompting = true;
        let Some(answer) = self.stop.run_until_cancelled(answer).await else {
            return Err(self.interrupted().await);
        };
        self.is_prompting = false;
        match answer {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(InquireError::OperationCanceled | InquireError::OperationInterrupted)) => Err(stopped()),
            Ok(Err(error)) => Err(unusable(&error)),
            Err(_panicked) => Err(unusable(&"the prompt failed")),
        }
    }

    /// After a signal: lets a prompt finish drawing, so that nothing is printed after the end.
    pub(super) async fn interrupted(&self) -> Problem {
        if self.is_prompting {
            clock::pause(DRAWING).await;
        }
        stopped()
    }

    /// Waits for work, but not once the user wants to stop.
    pub(super) async fn unless_stopped<T>(
        &self,
        work: impl Future<Output = Result<T, Problem>>,
    ) -> Result<T, Problem> {
        self.stop.run_until_cancelled(work).await.ok_or_else(stopped)?
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.echo.restore();
        // After Ctrl-C the system discards output that was not shown yet, possibly the end of an earlier prompt.
        if self.is_prompting || self.stop.is_cancelled() {
            drop(io::stderr().write_all(END_OF_PROMPT));
        }
    }
}

/// The user wants to stop.
fn stopped() -> Problem {
    Problem::new("setup stopped", "nothing was saved")
}

fn unusable(error: &dyn std::fmt::Display) -> Problem {
    Problem::new("setup stopped", format!("the terminal cannot be used: {error}"))
        .hint("use flags instead: see `handover setup --help`")
}

/// Prints something where the prompts are.
pub(super) fn say(text: impl std::fmt::Display) {
    output::aside(text);
}
