//! `handover start`: starts the daemon in the background.
//!
//! Invariant: it returns when the daemon answers commands, so that the next command finds it; a daemon that receives nothing
//! because of a mistake that only a person can fix is an error.

use clap::Args;

use crate::app::Problem;
use crate::app::context::Context;
use crate::app::installation::start::{Started, start_for_person};
use crate::cli::{environment, output};
use crate::control::StatusReport;
use crate::domain::status::Issue;

#[derive(Args)]
pub(in crate::cli) struct Arguments {
    /// Do not show an icon in the tray
    #[arg(long)]
    no_tray: bool,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> Result<(), Problem> {
    let (context, settings) = Context::with_any_settings()?;
    environment::block_on(async {
        output::line(start(&context, settings, !arguments.no_tray).await?);
        Ok(())
    })
}

/// Starts the daemon; returns a sentence about it. `settings` is the result of reading them.
pub(in crate::cli) async fn start(
    context: &Context,
    settings: Result<(), Problem>,
    with_tray: bool,
) -> Result<String, Problem> {
    let (said, status) = match start_for_person(context, settings, with_tray).await? {
        Started::Now(status) => ("started in the background", status),
        Started::Before(status) => ("already running", status),
    };
    if let Some(problem) = why_nothing_is_received(&status) {
        return Err(problem);
    }
    let sentence = output::harmless(&status.sentence);
    Ok(format!("{said}: {sentence}; `handover status` shows details, `handover quit` stops it"))
}

/// What the daemon waits for, if only a person can fix it.
fn why_nothing_is_received(status: &StatusReport) -> Option<Problem> {
    let at = status.problems.iter().position(|problem| problem.starts_with(Issue::Start.what()))?;
    let hint = status.hints.get(at).cloned().flatten();
    Some(Problem { hint, ..Problem::failed(output::harmless(status.problems.get(at)?)) })
}
