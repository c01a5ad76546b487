//! How many messages may be sent in a month.
//!
//! Invariant: the count begins anew when the month ends in US Central time, whatever the time zone here.

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;

/// How many messages were sent in the month that ends at this time, unix seconds.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::sandbox) struct Quota {
    pub(super) used: u64,
    pub(in crate::sandbox) ends: i64,
}

impl Quota {
    /// The quota at a time: a new one if the month of this one has ended.
    pub(super) fn at(self, now: i64) -> Self {
        if now < self.ends { self } else { Self { used: 0, ends: next_month(now) } }
    }
}

/// When the quota is reset: midnight in US Central time on the first of the next month.
fn next_month(now: i64) -> i64 {
    let zone = TimeZone::get("America/Chicago").unwrap_or_else(|_| TimeZone::fixed(jiff::tz::offset(-6)));
    let next = Timestamp::from_second(now).ok().and_then(|now| {
        let next = now.to_zoned(zone.clone()).date().last_of_month().tomorrow().ok()?;
        next.to_datetime(Time::midnight()).to_zoned(zone).ok()
    });
    next.map_or(now, |next| next.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quota_is_reset_at_midnight_in_chicago() {
        // 2026-11-21T12:00:00Z -> 2026-12-01T00:00:00-06:00.
        assert_eq!(next_month(1_795_262_400), 1_796_104_800);
        // Already December in London, still November in Chicago: 2026-12-01T01:00:00Z.
        assert_eq!(next_month(1_796_086_800), 1_796_104_800);
    }
}
