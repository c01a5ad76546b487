//! Runs a user's program for a message: the hook, or the one of `handover listen --exec`.
//!
//! Invariant: no shell is involved. The message goes to the program's standard input as one line of JSON and, without
//! characters that could affect a terminal or a log, into its environment.

use std::time::Duration;

use super::{MessageReport, json_line};
use crate::domain::message::Entry;
use crate::domain::text::{Text, one_line};
use crate::system::child::{self, Invocation, RunError};

/// How long one run may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What to do with the output of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// Discard it.
    Discarded,
    /// Write it to the output of this process.
    Inherited,
}

/// Runs a program for a message; the error says why it failed.
pub async fn run(command: &[String], entry: &Entry, output: Output) -> Result<(), String> {
    let report = MessageReport::from(entry);
    let json = json_line(&report).map_err(|error| error.to_string())? + "\n";
    let invocation = Invocation {
        command,
        variables: &variables(&report),
        input: json.as_bytes(),
        inherits_output: output == Output::Inherited,
        ..Invocation::default()
    };
    let result = child::run(invocation, TIMEOUT).await;
    result.map(drop).map_err(|error| describe(command, &error))
}

/// Describes a failure in a sentence that names the program.
fn describe(command: &[String], error: &RunError) -> String {
    match error {
        // This error names the program itself.
        RunError::NotStarted { .. } => error.to_string(),
        RunError::Failed(_) | RunError::Signalled(_) | RunError::TimedOut(_) | RunError::Unknown(_) => {
            format!("{}: {error}", command.first().map_or("", String::as_str))
        }
    }
}

/// The message as environment variables, for a shell script. Missing parts are empty, so that no value is inherited
/// instead. Characters that could affect a terminal or break a log line are removed; the JSON has them all.
fn variables(report: &MessageReport<'_>) -> [(&'static str, String); 11] {
    let or_empty = |value: Option<&str>| one_line(value.unwrap_or_default());
    [
        ("HANDOVER_ID", report.id.clone()),
        ("HANDOVER_APP", one_line(report.app)),
        ("HANDOVER_TITLE", or_empty(report.title)),
        ("HANDOVER_TEXT", Text::from_plain(&report.text).to_plain()),
        ("HANDOVER_PRIORITY", report.priority.to_string()),
        ("HANDOVER_DATE", report.date.to_string()),
        ("HANDOVER_URL", or_empty(report.url)),
        ("HANDOVER_URL_TITLE", or_empty(report.url_title)),
        ("HANDOVER_SOUND", or_empty(report.sound)),
        ("HANDOVER_RECEIPT", or_empty(report.receipt)),
        ("HANDOVER_ENCRYPTED", if report.encrypted { "1" } else { "" }.to_owned()),
    ]
}
