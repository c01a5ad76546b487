//! `handover pause [DURATION]`: show nothing but what is urgent for a while.
//!
//! Invariant: it reads the same times as the tray offers; what it cannot read it does not guess.

use std::time::Duration;

use clap::Args;

use super::{environment, output};
use crate::app::{Problem, clock, pause};
use crate::control::Request;
use crate::domain::pause::PauseSpan;

#[derive(Args)]
pub(super) struct Arguments {
    /// How long: 45m, 2h, 1h30m, 1d; tomorrow (until 08:00); forever, the default (until `handover resume`)
    #[arg(value_name = "DURATION", value_parser = span, default_value = "forever", hide_default_value = true)]
    span: PauseSpan,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Problem> {
    let until = pause::end_of(arguments.span, clock::unix(), &jiff::tz::TimeZone::system())?;
    let surroundings = environment::surroundings()?;
    environment::block_on(async {
        let request = Request::Pause { until: until.into() };
        output::line(environment::ask_daemon(&surroundings, &request).await?);
        Ok(())
    })
}

/// A span as it is typed.
fn span(text: &str) -> Result<PauseSpan, String> {
    match text {
        "forever" => Ok(PauseSpan::Forever),
        "tomorrow" => Ok(PauseSpan::TomorrowMorning),
        _ => duration(text)
            .map(PauseSpan::For)
            .ok_or_else(|| "write for example 45m, 2h, 1h30m or 1d, or tomorrow, or forever".to_owned()),
    }
}

/// Whole numbers, each with its unit, the largest unit first, each once.
fn duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut seconds = 0_u64;
    for (unit, worth) in [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)] {
        let Some((number, after)) = rest.split_once(unit) else { continue };
        if !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        seconds = seconds.checked_add(number.parse::<u64>().ok()?.checked_mul(worth)?)?;
        rest = after;
    }
    (rest.is_empty() && !text.is_empty()).then_some(Duration::from_secs(seconds))
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
        ] {
            assert_eq!(span(text), Ok(PauseSpan::For(Duration::from_secs(seconds))), "{text}");
        }
        assert_eq!(span("forever"), Ok(PauseSpan::Forever));
        assert_eq!(span("tomorrow"), Ok(PauseSpan::TomorrowMorning));
    }

    #[test]
    fn what_is_no_span_is_refused() {
        for text in [
            "",
            "45",
            "m",
            "hm",
            "45 m",
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
            assert!(said.as_ref().is_err_and(|hint| hint.contains("1h30m")), "{text:?}: {said:?}");
        }
    }
}
