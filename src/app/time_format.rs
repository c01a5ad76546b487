//! Formats and parses times for the user.
//!
//! Invariant: times are local, and a date is written only if it is not today's. The text stays correct until midnight,
//! however long it is on a screen.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::domain::message::Entry;
use crate::system::time_span;

/// `14:30`, `tomorrow 08:00`, `yesterday 22:15`, `Thu 08:00`, `2026-07-21 13:45`: how the time `then` is written at the
/// time `unix`, both unix seconds; `None` outside of the calendar.
pub fn words(then: i64, unix: i64, zone: &TimeZone) -> Option<String> {
    let (now, then) = (local(unix, zone)?, local(then, zone)?);
    Some(format!("{}{}", day(now.date(), then.date()), then.strftime("%H:%M")))
}

/// `repeated 5 times, last 12:18`: how often an emergency was repeated; `None` if it was not.
pub fn repeats(entry: &Entry, unix: i64, zone: &TimeZone) -> Option<String> {
    let last = words(entry.last_repeat()?, unix, zone)?;
    let times = if entry.repeats == 1 { "once".to_owned() } else { format!("{} times", entry.repeats) };
    Some(format!("repeated {times}, last {last}"))
}

/// Parses a time in the past: a span before now, or a date with or without a time of day. Returns unix seconds.
pub fn read_since(text: &str, unix: i64, zone: &TimeZone) -> Option<i64> {
    if let Some(span) = time_span::parse(text) {
        return Some(unix.saturating_sub(i64::try_from(span.as_secs()).ok()?));
    }
    let timestamp = text.parse::<Timestamp>().ok().or_else(|| {
        let local: DateTime = text.parse().ok()?;
        Some(local.to_zoned(zone.clone()).ok()?.timestamp())
    });
    timestamp.map(Timestamp::as_second)
}

/// Reads a span like `5m`, in seconds.
pub fn read_span(text: &str) -> Option<u32> {
    u32::try_from(time_span::parse(text)?.as_secs()).ok()
}

/// How far this computer's clock is ahead of UTC now, in seconds.
pub fn utc_offset() -> i32 {
    TimeZone::system().to_offset(Timestamp::now()).seconds()
}

/// The day to write before a time; empty for today.
fn day(today: Date, day: Date) -> String {
    match day.duration_since(today).as_hours() / 24 {
        0 => String::new(),
        1 => "tomorrow ".to_owned(),
        -1 => "yesterday ".to_owned(),
        2..7 | -6..-1 => day.strftime("%a ").to_string(),
        _ => day.strftime("%Y-%m-%d ").to_string(),
    }
}

/// Unix seconds in this zone; `None` if they are outside the calendar.
pub(super) fn local(unix: i64, zone: &TimeZone) -> Option<Zoned> {
    Some(Timestamp::from_second(unix).ok()?.to_zoned(zone.clone()))
}

/// A local time like `2026-07-14 13:45` in unix seconds.
#[cfg(test)]
pub(super) fn at(time: &str, zone: &TimeZone) -> i64 {
    let time: DateTime = time.parse().unwrap();
    time.to_zoned(zone.clone()).unwrap().timestamp().as_second()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_in_the_past_is_a_span_or_a_date() {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let now = at("2026-07-14 13:45", &zone);
        for (text, then) in [
            ("1h", "2026-07-14 12:45"),
            ("3d", "2026-07-11 13:45"),
            ("2w", "2026-06-30 13:45"),
            ("90 minutes", "2026-07-14 12:15"),
            ("2026-07-01", "2026-07-01 00:00"),
            ("2026-07-01T08:30", "2026-07-01 08:30"),
            ("2026-07-01 08:30", "2026-07-01 08:30"),
            ("2026-07-01T08:30Z", "2026-07-01 10:30"),
        ] {
            assert_eq!(read_since(text, now, &zone), Some(at(then, &zone)), "{text}");
        }
        for text in ["", "yesterday", "12345x", "2026-13-01", "-1h"] {
            assert_eq!(read_since(text, now, &zone), None, "{text}");
        }
    }

    #[test]
    fn a_day_is_named_only_as_precisely_as_needed() {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        for (now, then, said) in [
            ("2026-07-14 13:45:59", "2026-07-14 13:45:58", "13:45"),
            ("2026-07-14 23:59:59", "2026-07-14 00:00:00", "00:00"),
            ("2026-07-15 00:00:00", "2026-07-14 23:59:59", "yesterday 23:59"),
            ("2026-07-14 13:45", "2026-07-13 00:00", "yesterday 00:00"),
            ("2026-07-14 13:45", "2026-07-12 23:59", "Sun 23:59"),
            ("2026-07-14 13:45", "2026-07-08 00:00", "Wed 00:00"),
            ("2026-07-14 13:45", "2026-07-07 23:59", "2026-07-07 23:59"),
            ("2026-07-14 13:45", "2026-07-15 08:00", "tomorrow 08:00"),
            ("2026-07-14 13:45", "2026-07-20 08:00", "Mon 08:00"),
            ("2026-07-14 13:45", "2026-07-21 08:00", "2026-07-21 08:00"),
            // Nights of 23 and of 25 hours.
            ("2026-03-29 23:30", "2026-03-28 00:30", "yesterday 00:30"),
            ("2026-10-25 00:30", "2026-10-24 23:30", "yesterday 23:30"),
            ("2026-01-01 00:10", "2025-12-31 23:50", "yesterday 23:50"),
        ] {
            assert_eq!(words(at(then, &zone), at(now, &zone), &zone).unwrap(), said, "{then} at {now}");
        }
        assert_eq!(words(i64::MAX, 0, &zone), None);
        assert_eq!(words(0, i64::MIN, &zone), None);
    }
}
