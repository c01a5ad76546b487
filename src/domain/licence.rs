//! The licence that the service requires for desktop clients after a trial.
//!
//! Invariant: the sentence here is the only wording; everything that shows it uses it word for word.

use std::fmt;

/// How long a device works without the licence, in seconds: 30 days from its registration.
const TRIAL: i64 = 30 * DAY;
const DAY: i64 = 86_400;

/// The account has no licence for desktop clients. It restricts nothing here: the service decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoLicence {
    /// The days left of the trial, counting one that has begun; 0 when it is over.
    pub days_left: i64,
}

impl NoLicence {
    /// The trial at `now` of a device registered at `registered`, both in unix seconds.
    pub fn of_device(registered: i64, now: i64) -> Self {
        let left = registered.saturating_add(TRIAL).saturating_sub(now);
        // A clock that was wrong at either time must not make the trial longer.
        Self { days_left: left.clamp(0, TRIAL).saturating_add(DAY - 1) / DAY }
    }
}

/// One sentence, without its full stop.
impl fmt::Display for NoLicence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the account has no licence for Pushover for Desktop; ")?;
        match self.days_left {
            0 => f.write_str("the trial is over"),
            1 => f.write_str("1 day of the trial is left"),
            days => write!(f, "{days} days of the trial are left"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_days_are_counted_from_the_registration() {
        let registered = 1_764_000_000;
        for (seconds, days) in [
            (-86_400, 30),
            (0, 30),
            (1, 30),
            (86_399, 30),
            (86_400, 29),
            (18 * 86_400, 12),
            (29 * 86_400, 1),
            (30 * 86_400 - 1, 1),
            (30 * 86_400, 0),
            (300 * 86_400, 0),
        ] {
            assert_eq!(
                NoLicence::of_device(registered, registered + seconds).days_left,
                days,
                "after {seconds} s"
            );
        }
        for (registered, now) in [(i64::MAX, i64::MIN), (i64::MIN, i64::MAX), (i64::MAX, 0)] {
            assert!((0..=30).contains(&NoLicence::of_device(registered, now).days_left));
        }
    }

    #[test]
    fn the_licence_is_described_in_one_sentence() {
        for (days_left, rest) in [
            (12, "12 days of the trial are left"),
            (1, "1 day of the trial is left"),
            (0, "the trial is over"),
        ] {
            let sentence = format!("the account has no licence for Pushover for Desktop; {rest}");
            assert_eq!(NoLicence { days_left }.to_string(), sentence);
        }
    }
}
