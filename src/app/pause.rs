//! Pausing: when it ends, in words too, and how the commands, the tray and the log hear of it.
//!
//! Invariant: a pause is on disk before anybody is told that there is one, and off it before anybody is told
//! that there is none. The commands and the tray ask here, and nowhere else.

use std::time::{Duration, Instant};

use jiff::civil::Time;
use jiff::tz::TimeZone;
use tokio::sync::oneshot;

use super::problem::Kind;
use super::{Problem, Shared, clock, moment, walks};
use crate::domain::pause::{PauseSpan, Paused, PausedUntil};
use crate::engine::pause::{Input, Pause, is_over};
use crate::ports::{Notifier, SecretStore};

/// The longest pause with an end; whoever wants more means [`PauseSpan::Forever`].
const LONGEST: Duration = Duration::from_hours(366 * 24);

/// The hour at which a morning begins for a pause until then.
const MORNING: i8 = 8;

/// Until this hour it is still the evening before: who pauses at 01:30 until tomorrow means after some sleep.
const NIGHT_ENDS: i8 = 4;

/// What failed, in every sentence about it.
const NOT_PAUSED: &str = "not paused";

/// What to do about it.
const EXAMPLES: &str = "write for example `handover pause 45m`, or `handover pause tomorrow`";

/// Pauses, in place of a pause before; a sentence that says until when.
pub(super) async fn pause<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    span: PauseSpan,
) -> Result<String, Problem> {
    pause_until(shared, end_of(span, clock::unix(), &TimeZone::system())?).await
}

/// The same, until this moment.
pub(super) async fn pause_until<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    until: PausedUntil,
) -> Result<String, Problem> {
    let (told, answer) = oneshot::channel();
    shared.want(walks::Wanted::Pause(until, told)).await;
    answer.await.unwrap_or_else(|_dropped| Err(stopping(NOT_PAUSED)))
}

/// Ends the pause and has what was held back shown; a sentence that says how much that is.
pub(super) async fn resume<N: Notifier, S: SecretStore>(shared: &Shared<N, S>) -> Result<String, Problem> {
    let (told, answer) = oneshot::channel();
    shared.want(walks::Wanted::Resume(told)).await;
    answer.await.unwrap_or_else(|_dropped| Err(stopping("not resumed")))
}

fn stopping(what: &str) -> Problem {
    Problem::new(what, "the daemon is stopping")
}

/// When a pause that begins at this unix time ends.
pub fn end_of(span: PauseSpan, unix: i64, zone: &TimeZone) -> Result<PausedUntil, Problem> {
    match span {
        PauseSpan::Forever => Ok(PausedUntil::Forever),
        PauseSpan::TomorrowMorning => next_morning(unix, zone)
            .map(PausedUntil::Time)
            .ok_or_else(|| Problem::new(NOT_PAUSED, "this computer's clock is far off")),
        PauseSpan::For(span) if span.as_secs() == 0 => {
            Err(Problem::new(NOT_PAUSED, "a pause lasts a second at least").kind(Kind::Usage).hint(EXAMPLES))
        }
        PauseSpan::For(span) if span > LONGEST => {
            Err(Problem::new(NOT_PAUSED, "a pause with an end lasts a year at most")
                .kind(Kind::Usage)
                .hint("`handover pause forever` lasts until `handover resume`"))
        }
        PauseSpan::For(span) => Ok(PausedUntil::Time(unix.saturating_add(span.as_secs().cast_signed()))),
    }
}

fn next_morning(unix: i64, zone: &TimeZone) -> Option<i64> {
    let now = moment::local(unix, zone)?;
    let day = if now.hour() < NIGHT_ENDS { now.date() } else { now.date().tomorrow().ok()? };
    // A morning that the clocks skip comes as much later.
    let morning = day.to_datetime(Time::constant(MORNING, 0, 0, 0)).to_zoned(zone.clone()).ok()?;
    Some(morning.timestamp().as_second())
}

/// Until when, as it is said at this unix time.
pub(super) fn paused(until: PausedUntil, unix: i64, zone: &TimeZone) -> Paused {
    Paused { until, words: words_of(until, unix, zone) }
}

fn words_of(until: PausedUntil, unix: i64, zone: &TimeZone) -> String {
    let PausedUntil::Time(end) = until else { return "until resumed".to_owned() };
    match moment::words(end, unix, zone) {
        Some(words) => format!("until {words}"),
        None => "until a time far off".to_owned(),
    }
}

/// The part of the task that walks the path: it keeps the log, the status and the clock of a pause in step.
#[derive(Default)]
pub(super) struct Pausing {
    /// Whether the log was read; until then nothing is announced either, since that reads it too.
    is_known: bool,
    pause: Pause,
}

impl Pausing {
    /// Looks at the log, once, and at the clock; whether a pause is over.
    pub(super) fn look<N: Notifier, S: SecretStore>(&mut self, shared: &Shared<N, S>) -> bool {
        if !self.is_known {
            match shared.store().pause() {
                Ok(until) => (self.is_known, self.pause) = (true, Pause::new(until)),
                Err(error) => tracing::warn!("whether there is a pause cannot be read: {error}"),
            }
        }
        let is_over = self.pause.handle_timeout(clock::unix()).is_some();
        // Now: a clock that is set back before the next announcement is not to bring it back to life.
        if is_over && let Err(error) = shared.store().end_pause() {
            tracing::warn!("the end of the pause is kept later: {error}");
        }
        self.tell(shared);
        is_over
    }

    /// When to look again, if the time matters.
    pub(super) fn next_look(&self) -> Option<Instant> {
        self.pause.poll_timeout().map(clock::look_for)
    }

    /// Begins a pause; until when, in a sentence.
    pub(super) fn begin<N: Notifier, S: SecretStore>(
        &mut self,
        shared: &Shared<N, S>,
        until: PausedUntil,
    ) -> Result<String, Problem> {
        let unix = clock::unix();
        if is_over(until, unix) {
            return Err(Problem::new(NOT_PAUSED, "that time is past").hint(EXAMPLES));
        }
        shared.store().keep_pause(until)?;
        self.is_known = true;
        self.pause.handle_input(Input::Paused(until), unix);
        self.tell(shared);
        Ok(format!("paused {}", words_of(until, unix, &TimeZone::system())))
    }

    /// Ends the pause; how much it held back, in a sentence.
    pub(super) fn end<N: Notifier, S: SecretStore>(
        &mut self,
        shared: &Shared<N, S>,
    ) -> Result<String, Problem> {
        let was_paused = self.pause.until().is_some();
        let held = shared.store().held()?;
        shared.store().end_pause()?;
        self.is_known = true;
        self.pause.handle_input(Input::Resumed, clock::unix());
        self.tell(shared);
        Ok(match held {
            _ if !was_paused => "there was no pause".to_owned(),
            0 => "resumed".to_owned(),
            1 => "resumed, 1 message was held back".to_owned(),
            _ => format!("resumed, {held} messages were held back"),
        })
    }

    /// Says in the status what there is; the words change at midnight, and with the time zone.
    fn tell<N: Notifier, S: SecretStore>(&self, shared: &Shared<N, S>) {
        let paused = self.pause.until().map(|until| paused(until, clock::unix(), &TimeZone::system()));
        shared.status.send_if_modified(|status| {
            let is_changed = status.paused != paused;
            status.paused = paused;
            is_changed
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::moment::at;
    use super::*;

    fn berlin() -> TimeZone {
        TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
    }

    #[test]
    fn tomorrow_is_the_next_morning_that_a_person_means() {
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
        assert_eq!(morning - night, 9 * 3600, "the hour that is skipped is not slept");
    }

    #[test]
    fn a_span_counts_from_now() {
        let end = |span| end_of(PauseSpan::For(span), 1_000, &TimeZone::UTC);
        assert_eq!(end(Duration::from_mins(45)), Ok(PausedUntil::Time(3_700)));
        assert_eq!(end(LONGEST), Ok(PausedUntil::Time(1_000 + 366 * 86_400)));
        for (span, message) in [
            (Duration::ZERO, "not paused: a pause lasts a second at least"),
            (Duration::from_millis(999), "not paused: a pause lasts a second at least"),
            (LONGEST + Duration::from_secs(1), "not paused: a pause with an end lasts a year at most"),
            (Duration::MAX, "not paused: a pause with an end lasts a year at most"),
        ] {
            let problem = end(span).unwrap_err();
            assert_eq!((problem.message.as_str(), problem.kind), (message, Kind::Usage));
            assert!(problem.hint.is_some());
        }
        assert_eq!(end_of(PauseSpan::Forever, 1_000, &TimeZone::UTC), Ok(PausedUntil::Forever));
    }

    #[test]
    fn the_end_is_said_as_a_person_would() {
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
        assert_eq!(words_of(PausedUntil::Time(i64::MAX), 0, &zone), "until a time far off");
    }

    #[test]
    fn the_clock_is_looked_at_once_a_minute_however_far_the_end_is() {
        let looks_after = |until| {
            let pausing = Pausing { is_known: true, pause: Pause::new(until) };
            pausing.next_look().map(|look| look.duration_since(clock::instant()).as_secs_f64().round())
        };
        assert_eq!(looks_after(None), None);
        assert_eq!(looks_after(Some(PausedUntil::Forever)), None);
        assert_eq!(looks_after(Some(PausedUntil::Time(i64::MAX))), Some(60.0));
        assert_eq!(looks_after(Some(PausedUntil::Time(clock::unix() + 3_600))), Some(60.0));
        assert!(looks_after(Some(PausedUntil::Time(clock::unix() + 10))).is_some_and(|wait| wait <= 10.0));
        assert_eq!(looks_after(Some(PausedUntil::Time(5))), Some(0.0), "the computer slept through the end");
    }
}
