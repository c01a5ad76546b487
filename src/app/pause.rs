//! Computes when a pause ends, and puts it into words.
//!
//! Invariant: every front end uses this module, so all of them agree.

use std::time::Duration;

use jiff::civil::Time;
use jiff::tz::TimeZone;

use super::problem::Kind;
use super::{Problem, time_format};
use crate::domain::pause::{PauseSpan, Paused, PausedUntil};
use crate::system::time_span;

/// The longest pause with an end; a longer one is [`PauseSpan::Forever`].
const LONGEST: Duration = Duration::from_hours(366 * 24);

/// The hour at which a pause until the morning ends.
const MORNING: i8 = 8;

/// Before this hour, "tomorrow" means the coming morning: at 01:30 the user has not slept yet.
const NIGHT_ENDS: i8 = 4;

/// What failed, for every error about a pause.
pub const NOT_PAUSED: &str = "not paused";

/// The hint for every error about a pause.
pub const EXAMPLES: &str = "for example `handover pause 45m` or `handover pause tomorrow`";

/// Reads how long to pause, as it is typed.
pub fn read_span(text: &str) -> Result<PauseSpan, Problem> {
    match text {
        "" | "forever" => Ok(PauseSpan::Forever),
        "tomorrow" => Ok(PauseSpan::TomorrowMorning),
        _ => time_span::parse(text).map(PauseSpan::For).ok_or_else(|| {
            Problem::new(NOT_PAUSED, format!("`{text}` is not a valid duration"))
                .kind(Kind::Usage)
                .hint("try 45m, 2h, 1h30m, 1d, tomorrow or forever")
        }),
    }
}

/// When a pause that begins at this unix time ends.
pub fn end_of(span: PauseSpan, unix: i64, zone: &TimeZone) -> Result<PausedUntil, Problem> {
    match span {
        PauseSpan::Forever => Ok(PausedUntil::Forever),
        PauseSpan::TomorrowMorning => next_morning(unix, zone)
            .map(PausedUntil::Time)
            .ok_or_else(|| Problem::new(NOT_PAUSED, "this computer's clock is wrong")),
        PauseSpan::For(span) if span.as_secs() == 0 => {
            Err(Problem::new(NOT_PAUSED, "a pause must last at least a second")
                .kind(Kind::Usage)
                .hint(EXAMPLES))
        }
        PauseSpan::For(span) if span > LONGEST => {
            Err(Problem::new(NOT_PAUSED, "a pause can last at most a year")
                .kind(Kind::Usage)
                .hint("`handover pause forever` lasts until you run `handover resume`"))
        }
        PauseSpan::For(span) => Ok(PausedUntil::Time(unix.saturating_add(span.as_secs().cast_signed()))),
    }
}

fn next_morning(unix: i64, zone: &TimeZone) -> Option<i64> {
    let now = time_format::local(unix, zone)?;
    let day = if now.hour() < NIGHT_ENDS { now.date() } else { now.date().tomorrow().ok()? };
    // If the clock skips this hour, the morning is that much later.
    let morning = day.to_datetime(Time::constant(MORNING, 0, 0, 0)).to_zoned(zone.clone()).ok()?;
    Some(morning.timestamp().as_second())
}

/// The pause, with its end in words that are right at this unix time.
pub fn paused(until: PausedUntil, unix: i64, zone: &TimeZone) -> Paused {
    Paused { until, words: words_of(until, unix, zone) }
}

/// The end of a pause in words that are right at this unix time.
pub fn words_of(until: PausedUntil, unix: i64, zone: &TimeZone) -> String {
    let PausedUntil::Time(end) = until else { return "until resumed".to_owned() };
    match time_format::words(end, unix, zone) {
        Some(words) => format!("until {words}"),
        None => "until a distant date".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::time_format::at;
    use super::*;

    fn berlin() -> TimeZone {
        TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
    }

    #[test]
    fn tomorrow_is_the_morning_after_the_next_sleep() {
        let skips_the_morning = TimeZone::posix("AAA0BBB,M3.5.0/7:30,M10.5.0/9").unwrap();
        for (zone, now, morning) in [
            (berlin(), "2026-07-14 13:45:20", "2026-07-15 08:00"),
            (berlin(), "2026-07-14 23:59:59", "2026-07-15 08:00"),
            (berlin(), "2026-07-15 00:00", "2026-07-15 08:00"),
            (berlin(), "2026-07-15 03:59:59", "2026-07-15 08:00"),
            (berlin(), "2026-07-15 04:00", "2026-07-16 08:00"),
            (berlin(), "2026-07-15 07:30", "2026-07-16 08:00"),
            (berlin(), "2026-12-31 22:00", "2027-01-01 08:00"),
            // The clocks go forward and back in these nights.
            (berlin(), "2026-03-28 22:00", "2026-03-29 08:00"),
            (berlin(), "2026-03-29 01:30", "2026-03-29 08:00"),
            (berlin(), "2026-10-24 22:00", "2026-10-25 08:00"),
            (berlin(), "2026-10-25 02:30", "2026-10-25 08:00"),
            (TimeZone::UTC, "2026-03-28 22:00", "2026-03-29 08:00"),
            // 08:00 is skipped there, so the morning is an hour later.
            (skips_the_morning, "2026-03-28 22:00", "2026-03-29 09:00"),
        ] {
            let until = end_of(PauseSpan::TomorrowMorning, at(now, &zone), &zone).unwrap();
            assert_eq!(until, PausedUntil::Time(at(morning, &zone)), "{now}");
        }
        let night = at("2026-03-28 22:00", &berlin());
        let PausedUntil::Time(morning) = end_of(PauseSpan::TomorrowMorning, night, &berlin()).unwrap() else {
            panic!("there is no end")
        };
        assert_eq!(morning - night, 9 * 3600, "the skipped hour does not count");
    }

    #[test]
    fn a_span_is_a_duration_or_a_word() {
        for text in ["", "forever"] {
            assert_eq!(read_span(text), Ok(PauseSpan::Forever));
        }
        assert_eq!(read_span("tomorrow"), Ok(PauseSpan::TomorrowMorning));
        assert_eq!(read_span("1h 30m"), Ok(PauseSpan::For(Duration::from_mins(90))));
        for text in [" ", "45", "soon", "-5m", "Forever"] {
            let problem = read_span(text).unwrap_err();
            assert_eq!(problem.message, format!("not paused: `{text}` is not a valid duration"));
            assert_eq!(problem.kind, Kind::Usage);
        }
    }

    #[test]
    fn a_span_counts_from_now() {
        let end = |span| end_of(PauseSpan::For(span), 1_000, &TimeZone::UTC);
        assert_eq!(end(Duration::from_mins(45)), Ok(PausedUntil::Time(3_700)));
        assert_eq!(end(LONGEST), Ok(PausedUntil::Time(1_000 + 366 * 86_400)));
        for (span, message) in [
            (Duration::ZERO, "not paused: a pause must last at least a second"),
            (Duration::from_millis(999), "not paused: a pause must last at least a second"),
            (LONGEST + Duration::from_secs(1), "not paused: a pause can last at most a year"),
            (Duration::MAX, "not paused: a pause can last at most a year"),
        ] {
            let problem = end(span).unwrap_err();
            assert_eq!((problem.message.as_str(), problem.kind), (message, Kind::Usage));
            assert!(problem.hint.is_some());
        }
        assert_eq!(end_of(PauseSpan::Forever, 1_000, &TimeZone::UTC), Ok(PausedUntil::Forever));
    }

    #[test]
    fn the_end_is_written_as_a_person_would_write_it() {
        let zone = berlin();
        for (now, end, words) in [
            ("2026-07-14 13:45", "2026-07-14 14:30", "until 14:30"),
            ("2026-07-14 23:50", "2026-07-15 00:05", "until tomorrow 00:05"),
            ("2026-07-14 13:45", "2026-07-15 08:00", "until tomorrow 08:00"),
            ("2026-07-15 00:00", "2026-07-15 08:00", "until 08:00"),
            ("2026-07-14 13:45", "2026-07-16 08:00", "until Thu 08:00"),
            ("2026-07-14 13:45", "2026-07-20 13:45", "until Mon 13:45"),
            ("2026-07-14 13:45", "2026-07-21 13:45", "until 2026-07-21 13:45"),
            ("2026-03-28 23:30", "2026-03-29 08:00", "until tomorrow 08:00"),
            ("2026-10-24 00:30", "2026-10-25 23:30", "until tomorrow 23:30"),
        ] {
            let until = PausedUntil::Time(at(end, &zone));
            assert_eq!(words_of(until, at(now, &zone), &zone), words);
        }
        assert_eq!(words_of(PausedUntil::Forever, 0, &zone), "until resumed");
        assert_eq!(words_of(PausedUntil::Time(i64::MAX), 0, &zone), "until a distant date");
    }
}
