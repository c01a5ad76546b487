//! What reaches the terminal: results, failures, and the log.
//!
//! Invariant: nothing in a message can move the cursor or colour the terminal, and the log holds only this program's own
//! lines, whatever the filter: other crates log headers and addresses.

use std::fmt;
use std::io::{self, BufRead, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, filter};

use crate::app::Problem;
pub(super) use crate::app::message_report::json_line as json;
use crate::app::problem::Kind;
use crate::domain::text::Text;
use crate::system::clock;

/// Prints one line of a result. A closed pipe ends the output, not the program.
pub(super) fn line(text: impl fmt::Display) {
    // `println!` panics when a pipe is closed; `handover messages | head` must not.
    drop(writeln!(io::stdout(), "{text}"));
}

/// The same; false when nobody reads the output any longer.
pub(super) fn line_is_read(text: impl fmt::Display) -> bool {
    writeln!(io::stdout(), "{text}").is_ok()
}

/// Colours, where the output goes to a terminal that shows them and the user did not turn them off (<https://no-color.org>).
#[derive(Clone, Copy)]
pub(super) struct Colours {
    pub(super) are_shown: bool,
}

impl Colours {
    pub(super) fn of(stream: &impl IsTerminal) -> Self {
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_none_or(|name| name == "dumb");
        Self { are_shown: stream.is_terminal() && !is_set("NO_COLOR") && !is_dumb }
    }

    /// The text in this style.
    pub(super) fn paint(self, text: &str, style: Style) -> String {
        if self.are_shown { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

/// For what needs the user.
pub(super) const ALERT: Style = AnsiColor::Red.on_default().bold();
pub(super) const WARNING: Style = AnsiColor::Yellow.on_default();
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
/// For what is new.
pub(super) const NEW: Style = Style::new().bold();
pub(super) const MINOR: Style = Style::new().dimmed();

fn print_problem(problem: &Problem) {
    let error = Colours::of(&io::stderr()).paint("error:", ALERT);
    // The service's own words may be in it.
    drop(writeln!(io::stderr(), "{error} {}", harmless(&problem.message)));
    if let Some(hint) = &problem.hint {
        drop(writeln!(io::stderr(), "hint: {}", harmless(hint)));
    }
}

/// Prints the failure, if there is one, and returns the exit code.
pub(super) fn exit_code(outcome: Result<(), Problem>) -> u8 {
    let Err(problem) = outcome else { return 0 };
    print_problem(&problem);
    match problem.kind {
        Kind::Failed => 1,
        Kind::Usage => 2,
        Kind::NotSignedIn => 3,
        Kind::NotRunning => 4,
    }
}

/// Prints a line that is not part of the result, on standard error.
pub(super) fn aside(text: impl fmt::Display) {
    drop(writeln!(io::stderr(), "{text}"));
}

/// Asks on the terminal whether to do something; `undone` says that it was not, where there is nobody to ask.
pub(super) fn agrees(question: &str, undone: &str) -> Result<bool, Problem> {
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Err(Problem::new(undone, "there is no terminal to ask on")
            .kind(Kind::Usage)
            .hint("add --yes to do it without being asked"));
    }
    let unusable = |error| Problem::of_system(undone, &error);
    let mut screen = io::stderr();
    write!(screen, "{question} [y/N] ").and_then(|()| screen.flush()).map_err(unusable)?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(unusable)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// Text of a message on one line of a terminal: without control characters, escape sequences, and anything that changes the
/// direction of the text after it.
pub(super) fn harmless(text: &str) -> String {
    let one_line: String =
        text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    Text::from_plain(&one_line).to_plain().replace('\n', " ")
}

/// Unix seconds as local date and time.
pub(super) fn local_time(unix: i64) -> String {
    let Ok(time) = jiff::Timestamp::from_second(unix) else { return "at an unknown time".to_owned() };
    time.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string()
}

/// Unix seconds as local time of day.
pub(super) fn clock_time(unix: i64) -> String {
    let Ok(time) = jiff::Timestamp::from_second(unix) else { return "--:--:--".to_owned() };
    time.to_zoned(jiff::tz::TimeZone::system()).strftime("%H:%M:%S").to_string()
}

/// How long ago something was, in one unit.
pub(super) fn ago(unix: i64) -> String {
    let seconds = clock::unix().saturating_sub(unix).max(0);
    let (amount, name) = match seconds {
        ..60 => return "just now".to_owned(),
        60..3600 => (seconds / 60, "minute"),
        3600..86_400 => (seconds / 3600, "hour"),
        86_400.. => (seconds / 86_400, "day"),
    };
    let plural = if amount == 1 { "" } else { "s" };
    format!("{amount} {name}{plural} ago")
}

/// Starts the log on standard error; `HANDOVER_LOG` takes a filter such as `debug` or `handover::app=trace`.
pub(super) fn start_log(default: LevelFilter) -> Result<(), Problem> {
    let wanted = match std::env::var("HANDOVER_LOG") {
        Ok(filter) if !filter.trim().is_empty() => log_filter(filter.trim())?,
        Ok(_) | Err(_) => Targets::new().with_default(default),
    };
    let shows_texts = wanted.would_enable(HTTP, &Level::TRACE);
    let ours = filter::filter_fn(|metadata| is_ours(metadata.target()));
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_timer(LogTime { is_local: io::stderr().is_terminal() })
        .with_ansi(false)
        .with_target(false)
        .with_filter(wanted)
        .with_filter(ours);
    // If a log was started before, it stays in use.
    drop(tracing_subscriber::registry().with(lines).try_init());
    if shows_texts {
        tracing::warn!(target: HTTP, "the log contains the texts of messages: do not pass it on");
    }
    Ok(())
}

/// When a line was logged: for a person in local time, as everywhere else; for a file or a program exactly, in UTC.
struct LogTime {
    is_local: bool,
}

impl FormatTime for LogTime {
    fn format_time(&self, line: &mut Writer<'_>) -> fmt::Result {
        if self.is_local {
            write!(line, "{}", jiff::Zoned::now().strftime("%Y-%m-%d %H:%M:%S"))
        } else {
            SystemTime.format_time(line)
        }
    }
}

/// The target of the requests to the service and its responses.
const HTTP: &str = "http";

/// Reads a filter. The parser takes a word that is not a level as the name of a module, and an unknown module would turn off
/// the whole log.
fn log_filter(text: &str) -> Result<Targets, Problem> {
    let unusable = |why: String| {
        Problem::new("HANDOVER_LOG cannot be used", why)
            .kind(Kind::Usage)
            .hint("use error, warn, info, debug or trace, as in HANDOVER_LOG=debug")
    };
    let filter: Targets = text.parse().map_err(|error: filter::ParseError| unusable(error.to_string()))?;
    match filter.iter().find(|(target, _)| !target.is_empty() && !is_ours(target)) {
        Some((target, _)) => Err(unusable(format!("there is no level `{target}`"))),
        // It has to be asked for by its name, since it may show the texts of messages.
        None if filter.iter().any(|(target, _)| target == HTTP) => Ok(filter),
        None => Ok(filter.with_target(HTTP, LevelFilter::OFF)),
    }
}

/// Whether this is a module of this program.
fn is_ours(target: &str) -> bool {
    target == "handover" || target.starts_with("handover::") || target == HTTP
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_with_a_typo_is_an_error() {
        for filter in [
            "debug",
            "WARN",
            "off",
            "3",
            "handover::app=trace",
            "info,handover::app::hook=debug",
            "http=trace",
        ] {
            assert!(log_filter(filter).is_ok(), "{filter}");
        }
        for filter in ["debgu", "info,debgu", "handover::app=debgu", "x=y=z", "handovr=debug"] {
            assert!(log_filter(filter).is_err(), "{filter}");
        }
    }

    #[test]
    fn a_message_cannot_steer_the_terminal() {
        assert_eq!(harmless("a\u{1b}[31mb\r\nc\u{9b}d\u{202e}e\u{2028}f"), "a [31mb  c de f");
    }
}
