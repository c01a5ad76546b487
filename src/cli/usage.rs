//! A command line that makes no sense, in the words of every other failure.
//!
//! Invariant: what was typed is named, and the hint leads to the help of the command that was meant.

use std::ffi::OsString;
use std::str::FromStr;

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::CommandLine;
use crate::app::Problem;
use crate::app::problem::Kind;

const UNREADABLE: &str = "the command line cannot be read";

/// What is wrong with the command line; `None` when nothing is, since the help or the version was asked for.
pub(super) fn problem(error: &clap::Error, words: impl Iterator<Item = OsString>) -> Option<Problem> {
    if error.exit_code() == 0 {
        return None;
    }
    let said = |kind| said(error, kind).unwrap_or_default();
    let (argument, value) = (said(ContextKind::InvalidArg), said(ContextKind::InvalidValue));
    let kind = error.kind();
    let problem = if matches!(kind, ErrorKind::InvalidValue | ErrorKind::ValueValidation) && value.is_empty()
    {
        Problem::new(UNREADABLE, format!("{argument} has no value"))
    } else if let (ErrorKind::ValueValidation, Some(why)) = (kind, std::error::Error::source(error)) {
        Problem::new(&format!("{argument} cannot be `{value}`"), why)
    } else if kind == ErrorKind::InvalidValue {
        Problem::new(UNREADABLE, format!("{argument} cannot be `{value}`"))
    } else if kind == ErrorKind::UnknownArgument {
        Problem::new(UNREADABLE, format!("`{argument}` is not expected here"))
    } else if kind == ErrorKind::InvalidSubcommand {
        Problem::new(UNREADABLE, format!("there is no command `{}`", said(ContextKind::InvalidSubcommand)))
    } else if kind == ErrorKind::MissingRequiredArgument {
        Problem::new(UNREADABLE, format!("{argument} is missing"))
    } else if kind == ErrorKind::ArgumentConflict {
        Problem::new(UNREADABLE, format!("{argument} cannot stand beside other options"))
    } else {
        let whole = error.render().to_string();
        let first = whole.lines().next().unwrap_or_default();
        Problem::new(UNREADABLE, first.strip_prefix("error: ").unwrap_or(first))
    };
    Some(problem.kind(Kind::Usage).hint(hint(error, &command(words))))
}

/// What may have been meant, and where to read on.
fn hint(error: &clap::Error, command: &str) -> String {
    let help = format!("`{command} --help` says more");
    let meant = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue];
    if let Some(meant) = meant.into_iter().find_map(|kind| said(error, kind)) {
        // The likeliest comes last.
        let meant = meant.rsplit(", ").next().unwrap_or_default();
        return format!("did you mean `{meant}`? {help}");
    }
    match said(error, ContextKind::ValidValue) {
        Some(values) => format!("it is one of {values}; {help}"),
        None => help,
    }
}

/// The first word that is a command; before it there are only options without a value.
fn command(mut words: impl Iterator<Item = OsString>) -> String {
    let whole = CommandLine::command();
    let command = words.find_map(|word| whole.find_subcommand(word));
    command.map_or_else(|| "handover".to_owned(), |command| format!("handover {}", command.get_name()))
}

fn said(error: &clap::Error, kind: ContextKind) -> Option<String> {
    let value = error.get(kind)?;
    let words = if let ContextValue::Strings(texts) = value { texts.join(", ") } else { value.to_string() };
    Some(words).filter(|words| !words.is_empty())
}

/// Reads a number.
pub(super) fn number<T: FromStr>(text: &str) -> Result<T, &'static str> {
    text.parse().map_err(|_no_number| "it has to be a whole number")
}

/// Reads the number of a port.
pub(super) fn port(text: &str) -> Result<u16, &'static str> {
    text.parse().map_err(|_no_number| "it has to be a number from 0 to 65535")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn of(line: &str) -> Option<Problem> {
        let words = line.split_whitespace().map(OsString::from);
        let error = CommandLine::try_parse_from(std::iter::once("handover".into()).chain(words.clone()));
        problem(&error.err().unwrap(), words)
    }

    #[test]
    fn every_mistake_is_one_sentence_with_a_hint() {
        for (line, sentence, hint) in [
            (
                "acknowledge abc",
                "<ID> cannot be `abc`: it has to be a whole number",
                "`handover acknowledge --help` says more",
            ),
            (
                "messages --limit x",
                "--limit <LIMIT> cannot be `x`: it has to be a whole number",
                "`handover messages --help` says more",
            ),
            (
                "pause -5m",
                "the command line cannot be read: `-5` is not expected here",
                "`handover pause --help` says more",
            ),
            (
                "sandbox --port 99999",
                "--port <PORT> cannot be `99999`: it has to be a number from 0 to 65535",
                "`handover sandbox --help` says more",
            ),
            (
                "acknowledge",
                "the command line cannot be read: <ID> is missing",
                "`handover acknowledge --help` says more",
            ),
            (
                "messages --limit",
                "the command line cannot be read: --limit <LIMIT> has no value",
                "`handover messages --help` says more",
            ),
            (
                "statsu",
                "the command line cannot be read: there is no command `statsu`",
                "did you mean `status`? `handover --help` says more",
            ),
            (
                "messages --limt 3",
                "the command line cannot be read: `--limt` is not expected here",
                "did you mean `--limit`? `handover messages --help` says more",
            ),
            (
                "quit now",
                "the command line cannot be read: `now` is not expected here",
                "`handover quit --help` says more",
            ),
            (
                "autostart maybe",
                "the command line cannot be read: <on|off|status> cannot be `maybe`",
                "it is one of on, off, status; `handover autostart --help` says more",
            ),
            (
                "setup --encryption-key --email a@b",
                "the command line cannot be read: --encryption-key cannot stand beside other options",
                "`handover setup --help` says more",
            ),
        ] {
            let problem = of(line).unwrap();
            assert_eq!((problem.message.as_str(), problem.hint.as_deref()), (sentence, Some(hint)), "{line}");
            assert_eq!(problem.kind, Kind::Usage);
        }
    }

    #[test]
    fn to_ask_for_help_is_no_mistake() {
        for line in ["--help", "help", "help pause", "pause --help", "pause 1h --help", "--version"] {
            assert_eq!(of(line), None, "{line}");
        }
    }
}
