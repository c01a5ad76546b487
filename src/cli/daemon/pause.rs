//! `handover pause [DURATION]`: show nothing but what is urgent for a while.
//!
//! Invariant: it reads the same times as the tray offers; what it cannot read it does not guess.

use std::time::Duration;

use clap::Args;

use crate::app::problem::Kind;
use crate::app::{Problem, pause};
use crate::cli::{environment, output};
use crate::control::Command;
use crate::domain::pause::PauseSpan;
use crate::system::clock;

#[derive(Args)]
pub(in crate::cli) struct Arguments {
    /// How long: 45m, 2h, 1h30m, 1d, 2 hours; tomorrow (until 08:00); forever, the default (until `handover resume`)
    #[arg(value_name = "DURATION")]
    words: Vec<String>,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> Result<(), Problem> {
    let span = span(&arguments.words.join(" "))?;
    let until = pause::end_of(span, clock::unix(), &jiff::tz::TimeZone::system())?;
    let context = environment::context()?;
    environment::block_on(async {
        let request = Command::Pause { until: until.into() };
        output::line(environment::ask_daemon(&context, &request).await?);
        Ok(())
    })
}

/// A span as it is typed.
fn span(text: &str) -> Result<PauseSpan, Problem> {
    match text {
        "" | "forever" => Ok(PauseSpan::Forever),
        "tomorrow" => Ok(PauseSpan::TomorrowMorning),
        _ => duration(text).map(PauseSpan::For).ok_or_else(|| {
            Problem::new("not paused", format!("`{text}` is no length of time"))
                .kind(Kind::Usage)
                .hint("write for example 45m, 2h, 1h30m or 1d, or tomorrow, or forever")
        }),
    }
}

/// The units, the largest first, with their worth in seconds.
const UNITS: [(&[&str], u64); 4] = [
    (&["d", "day", "days"], 86_400),
    (&["h", "hour", "hours"], 3_600),
    (&["m", "min", "mins", "minute", "minutes"], 60),
    (&["s", "sec", "secs", "second", "seconds"], 1),
];

/// Whole numbers, each with its unit, the largest unit first, each once; spaces may stand between.
fn duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut seconds = 0_u64;
    let mut units = UNITS.iter();
    while !rest.is_empty() {
        let (number, after) = split(rest, |letter| letter.is_ascii_digit())?;
        let (unit, after) = split(after, |letter| letter.is_ascii_alphabetic())?;
        // What is larger than this one may not follow any more.
        let (_, worth) = units.find(|(names, _)| names.contains(&unit))?;
        seconds = seconds.checked_add(number.parse::<u64>().ok()?.checked_mul(*worth)?)?;
        rest = after;
    }
    Some(Duration::from_secs(seconds))
}

/// The letters of one kind that a text begins with, at least one, and what follows after spaces.
fn split(text: &str, is_kind: fn(char) -> bool) -> Option<(&str, &str)> {
    let end = text.find(|letter| !is_kind(letter)).unwrap_or(text.len());
    let (start, rest) = text.split_at_checked(end)?;
    (!start.is_empty()).then_some((start, rest.trim_start_matches(' ')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_people_write_them() {
        for (text, seconds) in [
            ("45m", 2_700),
            ("2h", 7_200),
            ("1h30m", 5_400),
            ("1d", 86_400),
            ("1d2h3m4s", 93_784),
            ("90m", 5_400),
            ("0m", 0),
            ("007m", 420),
            ("45min", 2_700),
            ("45 mins", 2_700),
            ("2hours", 7_200),
            ("1 hour", 3_600),
            ("1h 30m", 5_400),
            ("1 day 2 hours 3 minutes 4 seconds", 93_784),
        ] {
            assert_eq!(span(text), Ok(PauseSpan::For(Duration::from_secs(seconds))), "{text}");
        }
        assert_eq!(span("forever"), Ok(PauseSpan::Forever));
        assert_eq!(span(""), Ok(PauseSpan::Forever));
        assert_eq!(span("tomorrow"), Ok(PauseSpan::TomorrowMorning));
    }

    #[test]
    fn what_is_no_span_is_refused() {
        for text in [
            " ",
            "45",
            "m",
            "hm",
            "1h and 30m",
            "45 miles",
            "1h--help",
            "-5m",
            "+5m",
            "1.5h",
            "30m1h",
            "1h1h",
            "2w",
            "soon",
            "5M",
            "14:30",
            "1h30",
            "٣m",
            "99999999999999999999m",
            "18446744073709551615d",
            "m5",
            "1h\n",
        ] {
            let said = span(text);
            let hint = said.as_ref().err().and_then(|problem| problem.hint.as_deref());
            assert!(hint.is_some_and(|hint| hint.contains("1h30m")), "{text:?}: {said:?}");
        }
    }
}
