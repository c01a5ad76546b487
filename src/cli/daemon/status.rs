//! `handover status`: shows the status of the daemon.
//!
//! Invariant: the first line is the sentence every surface shows; exit 0 when a daemon runs, 4 when none does.

use clap::Args;

use crate::app::Problem;
use crate::app::problem;
use crate::cli::{environment, output};
use crate::control::{Command, Reply, StatusReport, ask};

#[derive(Args)]
pub(in crate::cli) struct Arguments {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> Result<(), Problem> {
    let context = environment::context()?;
    environment::block_on(async {
        let status = match ask(&context.paths.socket, &Command::Status).await {
            Ok(Reply::Status(status)) => status,
            Ok(Reply::Done { .. } | Reply::Subscribed { .. } | Reply::Failed { .. }) => {
                return Err(Problem::unexpected_reply());
            }
            Err(error) => return Err(environment::explained(&context, error).await),
        };
        if arguments.json {
            let json =
                output::json(&status).map_err(|error| Problem::new("the status cannot be printed", error))?;
            output::line(json);
        } else {
            in_words(&status).iter().for_each(output::line);
        }
        Ok(())
    })
}

fn in_words(status: &StatusReport) -> Vec<String> {
    let line = |label: &str, words: &str| format!("{label:<9}{}", output::harmless(words));
    let hint = |hint: Option<&String>| hint.map(|hint| line("hint", hint));
    let mut lines = vec![output::harmless(&status.sentence)];
    lines.extend(hint(status.hint.as_ref()));
    lines.push(line("state", &format!("{} since {}", status.link, output::local_time(status.since))));
    if let Some(last) = status.last_message {
        lines.push(line("latest", &format!("{}, {}", output::local_time(last), output::ago(last))));
    }
    if let Some(rules) = status.rules.as_ref().filter(|rules| rules.in_use > 0) {
        lines.push(line("rules", &rules.sentence));
    }
    if let Some(licence) = &status.licence {
        lines.extend([line("licence", licence), line("hint", problem::BUY)]);
    }
    // A daemon of an earlier version gives no hints.
    let hints = status.hints.iter().map(Option::as_ref).chain(std::iter::repeat(None));
    for (problem, advice) in status.problems.iter().zip(hints) {
        lines.push(line("problem", problem));
        lines.extend(hint(advice));
    }
    lines
}
