//! `handover doctor`: checks everything that receiving depends on and explains what is wrong.
//!
//! Invariant: it changes nothing unless asked to repair, and exits with 1 only if messages cannot arrive or cannot be shown.

use std::io;

use clap::Args;
use serde::Serialize;
use textwrap::{Options, WordSeparator, WordSplitter};

use super::output::Colours;
use super::{environment, output};
use crate::app::Problem;
use crate::app::context::Context;
use crate::app::doctor::{Check, Outcome, examine, repair};

/// The columns of a plain terminal.
const WIDTH: usize = 80;
/// Where the sentences begin, after the outcome and the name.
const INDENT: usize = 24;
const NO_BREAK: &str = "\u{a0}";

#[derive(Args)]
pub(super) struct Arguments {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Save what can be read of a damaged message log into a new one
    #[arg(long, conflicts_with = "json")]
    repair: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Problem> {
    let (context, settings) = Context::with_any_settings()?;
    if arguments.repair {
        output::line(match repair(&context)? {
            None => "the message log is not damaged".to_owned(),
            Some(repair) => output::harmless(&format!("the message log was damaged: {repair}")),
        });
        return Ok(());
    }
    let checks = environment::block_on(async { Ok(examine(&context, settings).await) })?;
    let failed: Vec<&str> =
        checks.iter().filter(|check| check.outcome == Outcome::Failed).map(|check| check.name).collect();
    if arguments.json {
        let report =
            Report { ok: failed.is_empty(), checks: checks.iter().map(ReportedCheck::from).collect() };
        let json =
            output::json(&report).map_err(|error| Problem::new("the report cannot be printed", error))?;
        output::line(json);
    } else {
        let colours = Colours::of(&io::stdout());
        checks.iter().flat_map(|check| in_words(check, colours)).for_each(output::line);
    }
    if failed.is_empty() {
        return Ok(());
    }
    Err(Problem::new("Handover does not work", format!("see {}", failed.join(", "))))
}

/// A check as lines of a terminal. Commands in backticks and long words stay whole, for copying.
fn in_words(check: &Check, colours: Colours) -> Vec<String> {
    let margin = " ".repeat(INDENT);
    let first = format!("{:<9}{:<15}", check.outcome.word(), check.name);
    let lines = |text: &str, first: &str| {
        let options = Options::new(WIDTH).initial_indent(first).subsequent_indent(&margin).break_words(false);
        let options = options.word_splitter(WordSplitter::NoHyphenation);
        textwrap::wrap(&keep_commands(text), options.word_separator(WordSeparator::AsciiSpace))
            .into_iter()
            .map(|line| line.replace(NO_BREAK, " "))
            .collect::<Vec<_>>()
    };
    let hint = check.hint.as_ref().map(|hint| lines(&format!("hint: {hint}"), &margin));
    let mut lines = [lines(&check.message, &first), hint.unwrap_or_default()].concat();
    if let Some(first) = lines.first_mut() {
        let style = match check.outcome {
            Outcome::Ok => output::GOOD,
            Outcome::Warning => output::WARNING,
            Outcome::Failed => output::ALERT,
        };
        let word = check.outcome.word();
        *first = first.replacen(word, &colours.paint(word, style), 1);
    }
    lines
}

/// The text without control characters, and with spaces in commands that do not break.
fn keep_commands(text: &str) -> String {
    let text = output::harmless(text);
    let parts = text.split('`').enumerate();
    let parts =
        parts.map(|(at, part)| if at % 2 == 1 { part.replace(' ', NO_BREAK) } else { part.to_owned() });
    parts.collect::<Vec<_>>().join("`")
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
        assert_eq!(in_words(&check, Colours { are_shown: false }), expected);
    }
}
