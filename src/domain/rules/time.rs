//! Times of day and days of the week, by this computer's clock.
//!
//! Invariant: a time of day is 00:00 to 23:59; time zones come in as the distance from UTC, in seconds.

use std::fmt;

const MINUTE: i64 = 60;
const DAY: i64 = 86_400;

/// The short names of the days, as in the settings.
const DAY_NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// A time of day, in minutes after midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay(i64);

impl TimeOfDay {
    /// Reads `08:00`.
    pub fn parse(text: &str) -> Option<Self> {
        let (hour, minute) = text.split_once(':')?;
        let number = |digits: &str, below: i64| {
            let is_number = matches!(digits.len(), 1 | 2) && digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse::<i64>().ok().filter(|number| is_number && *number < below)
        };
        (minute.len() == 2).then_some(())?;
        Some(Self(number(hour, 24)? * 60 + number(minute, 60)?))
    }

    /// The time of day of a unix time.
    pub fn of(unix: i64, utc_offset: i32) -> Self {
        Self(local(unix, utc_offset).rem_euclid(DAY) / MINUTE)
    }

    /// The first unix time after another at which it is this time of day.
    pub fn next_after(self, unix: i64, utc_offset: i32) -> i64 {
        let local = local(unix, utc_offset);
        let today = local.div_euclid(DAY).saturating_mul(DAY).saturating_add(self.0 * MINUTE);
        let next = if today > local { today } else { today.saturating_add(DAY) };
        next.saturating_sub(utc_offset.into())
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// A part of the day; one that ends before it begins goes past midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    from: TimeOfDay,
    to: TimeOfDay,
}

impl Hours {
    /// Reads `22:00-07:00`; the end does not belong to it.
    pub fn parse(text: &str) -> Option<Self> {
        let (from, to) = text.split_once('-')?;
        let (from, to) = (TimeOfDay::parse(from.trim())?, TimeOfDay::parse(to.trim())?);
        (from != to).then_some(Self { from, to })
    }

    /// Whether a time of day is in it.
    pub fn contain(self, time: TimeOfDay) -> bool {
        if self.from < self.to {
            (self.from..self.to).contains(&time)
        } else {
            time >= self.from || time < self.to
        }
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.from, self.to)
    }
}

/// Days of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days([bool; 7]);

impl Days {
    /// Reads `mon-fri`, `sat,sun` or `fri-mon`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut days = [false; 7];
        let number = |name: &str| DAY_NAMES.iter().position(|day| name.trim().eq_ignore_ascii_case(day));
        for part in text.split(',') {
            let (from, to) = part.split_once('-').unwrap_or((part, part));
            let (mut day, last) = (number(from)?, number(to)?);
            loop {
                *days.get_mut(day)? = true;
                if day == last {
                    break;
                }
                day = (day + 1) % 7;
            }
        }
        Some(Self(days))
    }

    /// Whether the day of a unix time is one of them.
    pub fn contain(self, unix: i64, utc_offset: i32) -> bool {
        usize::try_from(weekday(unix, utc_offset)).is_ok_and(|day| self.0.get(day) == Some(&true))
    }
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> =
            DAY_NAMES.iter().zip(self.0).filter(|(_, is_one)| *is_one).map(|(day, _)| *day).collect();
        f.write_str(&names.join(","))
    }
}

/// The short name of the day of a unix time.
pub fn day_name(unix: i64, utc_offset: i32) -> &'static str {
    let day = usize::try_from(weekday(unix, utc_offset)).ok();
    day.and_then(|day| DAY_NAMES.get(day)).copied().unwrap_or_default()
}

/// 0 is a Monday.
fn weekday(unix: i64, utc_offset: i32) -> i64 {
    // The first day of unix time was a Thursday.
    (local(unix, utc_offset).div_euclid(DAY) + 3).rem_euclid(7)
}

fn local(unix: i64, utc_offset: i32) -> i64 {
    unix.saturating_add(utc_offset.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-27 01:30:00 UTC, a Friday.
    const FRIDAY: i64 = 1_795_743_000;
    const HOUR: i32 = 3_600;

    fn time(text: &str) -> TimeOfDay {
        TimeOfDay::parse(text).unwrap()
    }

    #[test]
    fn times_of_day_are_read_and_found() {
        assert_eq!(TimeOfDay::of(FRIDAY, 0), time("1:30"));
        assert_eq!(TimeOfDay::of(FRIDAY, -2 * HOUR), time("23:30"));
        assert_eq!(time("07:05").to_string(), "07:05");
        for wrong in ["", "7", "24:00", "7:60", "7:5", "07:00:00", "+7:00", "7:+1", "a:bc"] {
            assert_eq!(TimeOfDay::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_next_time_of_day_is_within_a_day() {
        for (clock, offset, expected) in [
            ("01:31", 0, FRIDAY + 60),
            ("01:30", 0, FRIDAY + DAY),
            ("01:29", 0, FRIDAY + DAY - 60),
            ("08:00", 0, FRIDAY + 23_400),
            ("08:00", HOUR, FRIDAY + 19_800),
            ("23:31", -2 * HOUR, FRIDAY + 60),
        ] {
            assert_eq!(time(clock).next_after(FRIDAY, offset), expected, "{clock} {offset}");
        }
    }

    #[test]
    fn hours_may_go_past_midnight() {
        for (hours, inside, outside) in [
            ("08:00-17:00", &["08:00", "16:59"][..], &["17:00", "07:59"][..]),
            ("22:00-07:00", &["22:00", "00:00", "06:59"], &["07:00", "21:59"]),
            ("22:00 - 0:00", &["22:00", "23:59"], &["00:00", "21:59"]),
        ] {
            let read = Hours::parse(hours).unwrap();
            assert!(inside.iter().all(|clock| read.contain(time(clock))), "{hours}");
            assert!(!outside.iter().any(|clock| read.contain(time(clock))), "{hours}");
        }
        for wrong in ["", "08:00", "08:00-08:00", "08:00-", "8-17"] {
            assert_eq!(Hours::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn days_are_ranges_and_lists() {
        for (days, expected) in [
            ("mon-fri", "mon,tue,wed,thu,fri"),
            ("sat,sun", "sat,sun"),
            ("Fri-Mon", "mon,fri,sat,sun"),
            ("wed", "wed"),
            ("mon - tue, thu", "mon,tue,thu"),
        ] {
            assert_eq!(Days::parse(days).unwrap().to_string(), expected);
        }
        for wrong in ["", "monday", "mon-", "mon;tue", "1-5"] {
            assert_eq!(Days::parse(wrong), None, "{wrong}");
        }
        assert_eq!([0, -2 * HOUR].map(|offset| day_name(FRIDAY, offset)), ["fri", "thu"]);
        let fridays = Days::parse("fri").unwrap();
        assert_eq!(
            [0, -2 * HOUR, 23 * HOUR].map(|offset| fridays.contain(FRIDAY, offset)),
            [true, false, false]
        );
    }
}
