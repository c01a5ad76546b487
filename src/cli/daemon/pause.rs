//! `handover pause [DURATION]`: show nothing but what is urgent for a while.
//!
//! Invariant: what it cannot read is a usage error; nothing is guessed.

use clap::Args;

use crate::app::{Problem, pause};
use crate::cli::{environment, output};
use crate::control::Command;
use crate::system::clock;

#[derive(Args)]
pub(in crate::cli) struct Arguments {
    /// How long: 45m, 2h, 1h30m, 1d, tomorrow (until 08:00), or forever (until `handover resume`) [default: forever]
    #[arg(value_name = "DURATION")]
    words: Vec<String>,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> Result<(), Problem> {
    let span = pause::read_span(&arguments.words.join(" "))?;
    let until = pause::end_of(span, clock::unix(), &jiff::tz::TimeZone::system())?;
    let context = environment::context()?;
    environment::block_on(async {
        let request = Command::Pause { until: until.into() };
        output::line(environment::ask_daemon(&context, &request).await?);
        Ok(())
    })
}
