//! Sets only the end-to-end encryption key.
//!
//! Invariant: the key is never displayed, must be valid, and is stored in one location, which is printed.

use std::io;

use tokio_util::sync::CancellationToken;

use super::questions;
use super::terminal::{self, Terminal, say};
use crate::app::context::Context;
use crate::app::{Problem, e2ee};
use crate::cli::{environment, output, signals};
use crate::domain::account::Secret;

const INTRODUCTION: &str = "\
Messages encrypted end to end can be read here with the key that you entered in
Pushover's apps and gave to the sender: 64 hexadecimal digits. It stays on this
computer.
";

pub(super) async fn run(context: &Context) -> Result<(), Problem> {
    let key = if terminal::is_there() { ask().await? } else { first_line_of_stdin()? };
    let done = if key.expose().trim().is_empty() {
        let was_there = e2ee::forget_key(context).await?;
        if was_there { "the encryption key was removed" } else { "there was no encryption key" }.to_owned()
    } else {
        let place = e2ee::keep_key(context, key.expose()).await?;
        format!("the encryption key is stored in {place}")
    };
    output::line(done);
    if !context.settings.encryption.key_command.is_empty() {
        output::line("it is not used while `key_command` is set in the settings");
    }
    environment::tell_of_change(context).await
}

async fn ask() -> Result<Secret, Problem> {
    let stop = CancellationToken::new();
    signals::cancel_on_termination(&stop)?;
    signals::cancel_on_hangup(&stop)?;
    let mut terminal = Terminal::take(stop)?;
    say(INTRODUCTION);
    terminal.prompt(questions::encryption_key).await
}

fn first_line_of_stdin() -> Result<Secret, Problem> {
    let what = "the encryption key cannot be read";
    // A text that grows would leave a copy behind in memory.
    let mut line = String::with_capacity(1024);
    let length = io::stdin().read_line(&mut line).map_err(|error| Problem::of_system(what, &error))?;
    if length == 0 {
        return Err(Problem::new(what, "standard input is empty")
            .hint("give the key as its first line, or an empty line to remove the current key"));
    }
    Ok(Secret::new(line))
}
