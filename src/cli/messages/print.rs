//! A message as `handover messages` prints it.
//!
//! Invariant: it is whole, and its text cannot steer the terminal.

use std::io;

use anstyle::Style;

use crate::app::Problem;
use crate::app::message_report::MessageReport;
use crate::app::time_format;
use crate::cli::output::{self, Colours};
use crate::domain::message::{Acknowledgement, Entry, Priority};

/// A message as it is printed.
pub(super) fn printed(entry: &Entry, unix: i64, as_json: bool) -> Result<String, Problem> {
    if !as_json {
        return Ok(in_words(entry, unix, Colours::of(&io::stdout())));
    }
    output::json(&MessageReport::from(entry))
        .map_err(|error| Problem::new("the message cannot be printed", error))
}

/// The line for another copy of an emergency that was printed already.
pub(super) fn repeat(entry: &Entry) -> String {
    let heading = output::harmless(entry.message.heading());
    let colours = Colours::of(&io::stdout());
    let date = colours.paint(&output::local_time(time_of(entry)), output::MINOR);
    [date, heading, colours.paint("[emergency, repeated]", output::WARNING)].join("  ")
}

/// Says why encrypted messages cannot be read.
pub(super) fn show_problem(problem: Option<&Problem>) {
    if let Some(problem) = problem {
        output::aside(output::harmless(&problem.message));
    }
}

fn in_words(entry: &Entry, unix: i64, colours: Colours) -> String {
    let message = &entry.message;
    let heading = message.heading();
    let is_unread = entry.is_unread(unix);
    let date = output::local_time(time_of(entry));
    let shown = output::harmless(heading);
    let shown = if is_unread { colours.paint(&shown, output::NEW) } else { shown };
    let mut words = vec![colours.paint(&date, output::MINOR), shown];
    if heading != message.app && !message.app.is_empty() {
        words.push(format!("({})", output::harmless(&message.app)));
    }
    words.extend(is_unread.then(|| colours.paint("[unread]", output::NEW)));
    words.extend(weight(entry).map(|(text, style)| colours.paint(&text, style)));
    let repeats = time_format::repeats(entry, unix, &jiff::tz::TimeZone::system());
    words.extend(repeats.map(|repeats| format!("[{repeats}]")));
    if message.is_expired(unix) {
        words.push(colours.paint("[expired]", output::MINOR));
    }
    let mut lines = vec![words.join("  ")];
    lines.extend(message.words().lines().map(output::harmless));
    if message.encrypted {
        lines.extend(message.problem.as_deref().map(|why| format!("({})", output::harmless(why))));
        return lines.join("\n    ");
    }
    lines.extend(message.url.as_deref().map(output::harmless));
    lines.extend(
        message
            .problem
            .as_deref()
            .map(|why| format!("(could not be read completely: {})", output::harmless(why))),
    );
    lines.join("\n    ")
}

/// When a message was sent; if that is unknown, when it was recorded.
fn time_of(entry: &Entry) -> i64 {
    if entry.message.date > 0 { entry.message.date } else { entry.recorded }
}

/// What distinguishes a message from a normal one, and how that is shown.
fn weight(entry: &Entry) -> Option<(String, Style)> {
    match (entry.message.priority, entry.acknowledgement, entry.message.acknowledged) {
        (Priority::Emergency, Acknowledgement::Confirmed, _) | (Priority::Emergency, _, true) => {
            Some(("[emergency, acknowledged]".to_owned(), output::MINOR))
        }
        (Priority::Emergency, Acknowledgement::Wanted, false) => {
            Some(("[emergency, acknowledgement waiting]".to_owned(), output::WARNING))
        }
        (Priority::Emergency, Acknowledgement::NotWanted | Acknowledgement::GivenUp, false) => {
            let how = format!("[emergency, acknowledge with `handover acknowledge {}`]", entry.message.id);
            Some((how, output::ALERT))
        }
        (Priority::High, _, _) => Some(("[high]".to_owned(), output::WARNING)),
        (Priority::Lowest | Priority::Low | Priority::Normal, _, _) => None,
    }
}
