//! `handover doctor`: looks at everything that receiving depends on, and explains what is wrong.
//!
//! Invariant: it changes nothing; exit 0 when the daemon can do its job, 1 when something keeps it from it.

use clap::Args;
use serde::Serialize;

use super::{environment, output};
use crate::app::Problem;
use crate::app::context::Context;
use crate::app::doctor::{Check, Outcome, examine};

/// The columns of a plain terminal.
const WIDTH: usize = 80;
/// Where the sentences begin, after the outcome and the name.
const INDENT: usize = 24;

#[derive(Args)]
pub(super) struct Arguments {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Problem> {
    let (context, settings) = Context::with_any_settings()?;
    let checks = environment::block_on(async { Ok(examine(&context, settings).await) })?;
    let failed: Vec<&str> =
        checks.iter().filter(|check| check.outcome == Outcome::Failed).map(|check| check.name).collect();
    if arguments.json {
        let report =
            Report { ok: failed.is_empty(), checks: checks.iter().map(ReportedCheck::from).collect() };
        let json =
            output::json(&report).map_err(|error| Problem::new("the findings cannot be printed", error))?;
        output::line(json);
    } else {
        checks.iter().flat_map(in_words).for_each(output::line);
    }
    if failed.is_empty() {
        return Ok(());
    }
    Err(Problem::new("handover cannot do its job", format!("see {}", failed.join(", "))))
}

/// A finding on lines of a terminal.
fn in_words(check: &Check) -> Vec<String> {
    let first = format!("{:<9}{:<15}", check.outcome.word(), check.name);
    let hint = check.hint.as_ref().map(|hint| format!("hint: {hint}"));
    let mut lines = wrapped(&check.message);
    lines.extend(hint.iter().flat_map(|hint| wrapped(hint)));
    let margins = std::iter::once(first).chain(std::iter::repeat(" ".repeat(INDENT)));
    margins.zip(lines).map(|(margin, line)| margin + &line).collect()
}

/// A sentence on lines that fit beside the indentation; what is longer than a line stays whole, for copying.
fn wrapped(sentence: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for piece in pieces(&output::harmless(sentence)) {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + piece.chars().count() <= WIDTH - INDENT => {
                line.push(' ');
                line.push_str(&piece);
            }
            Some(_) | None => lines.push(piece),
        }
    }
    lines
}

/// Words, and commands in backticks as one.
fn pieces(sentence: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    for word in sentence.split_whitespace() {
        match pieces.last_mut() {
            Some(command) if command.matches('`').count() % 2 == 1 => {
                command.push(' ');
                command.push_str(word);
            }
            Some(_) | None => pieces.push(word.to_owned()),
        }
    }
    pieces
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    ok: bool,
    checks: Vec<ReportedCheck<'a>>,
}

#[derive(Serialize)]
struct ReportedCheck<'a> {
    name: &'a str,
    outcome: &'a str,
    message: &'a str,
    hint: Option<&'a str>,
}

impl<'a> From<&'a Check> for ReportedCheck<'a> {
    fn from(check: &'a Check) -> Self {
        Self {
            name: check.name,
            outcome: check.outcome.word(),
            message: &check.message,
            hint: check.hint.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_fits_a_plain_terminal() {
        let path = "/home/ann/.local/share/a-folder-with-a-long-name/handover/messages.db";
        let check = Check {
            name: "notifications",
            outcome: Outcome::Warning,
            message: format!("this is a sentence that does not fit beside the words before it: {path}"),
            hint: Some("do\u{1b}[31m this, with patience, or run `chmod 600 the-file`, once".to_owned()),
        };
        let expected = [
            "warning  notifications  this is a sentence that does not fit beside the words",
            "                        before it:",
            &format!("                        {path}"),
            "                        hint: do [31m this, with patience, or run",
            "                        `chmod 600 the-file`, once",
        ];
        assert_eq!(in_words(&check), expected);
    }
}
