//! Reads spans of time as people write them: `45m`, `1h30m`, `3 days`, `2w`.
//!
//! Invariant: every span on the command line and in the settings is read here.

use std::time::Duration;

use jiff::{Span, SpanRelativeTo};

/// Reads a span; days have 24 hours. `None` for anything else, also for months and years, whose length differs.
pub fn parse(text: &str) -> Option<Duration> {
    let span: Span = text.parse().ok()?;
    span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?.try_into().ok()
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
            ("1.5h", 5_400),
            ("2w", 1_209_600),
            ("90 days", 7_776_000),
            ("1 day 2 hours 3 minutes 4 seconds", 93_784),
        ] {
            assert_eq!(parse(text), Some(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_not_a_span() {
        for text in [
            "",
            " ",
            "45",
            "m",
            "hm",
            "1h and 30m",
            "45 miles",
            "1h--help",
            "-5m",
            "5m ago",
            "30m1h",
            "1h1h",
            "2 months",
            "1y",
            "soon",
            "14:30",
            "1h30",
            "\u{663}m",
            "99999999999999999999m",
            "18446744073709551615d",
            "m5",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
