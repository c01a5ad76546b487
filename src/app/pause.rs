//! Pausing: when it ends, in words too, and how the commands, the tray and the log hear of it.
//!
//! Invariant: a pause is on disk before anybody is told that there is one, and off it before anybody is told
//! that there is none. The commands and the tray ask here, and nowhere else.

use std::time::{Duration, Instant};

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use tokio::sync::oneshot;

use super::{Problem, Shared, clock, walks};
use crate::domain::pause::{PauseSpan, Paused, PausedUntil};
use crate::engine::pause::{Input, Pause, is_over};
use crate::ports::{Notifier, SecretStore};

/// The longest pause with an end; whoever wants more means [`PauseSpan::Forever`].
const LONGEST: Duration = Duration::from_hours(366 * 24);

/// The hour at which a morning begins for a pause until then.
const MORNING: i8 = 8;

/// Until this hour it is still the evening before: who pauses at 01:30 until tomorrow means after some sleep.
const NIGHT_ENDS: i8 = 4;

/// The longest wait for the end without a look at the clock: timers stand still while the computer sleeps, and
/// nobody has to tell that it woke. The keep-alives of the connection wake this program twice as often.
const LOOK: Duration = Duration::from_mins(1);

/// What failed, in every sentence about it.
const NOT_PAUSED: &str = "not paused";

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
            Err(Problem::new(NOT_PAUSED, "a pause lasts a second at least").kind(super::problem::Kind::Usage))
        }
        PauseSpan::For(span) if span > LONGEST => {
            Err(Problem::new(NOT_PAUSED, "a pause with an end lasts a year at most")
                .kind(super::problem::Kind::Usage)
                .hint("`handover pause forever` lasts until `handover resume`"))
        }
        PauseSpan::For(span) => Ok(PausedUntil::Time(unix.saturating_add(span.as_secs().cast_signed()))),
    }
}

fn next_morning(unix: i64, zone: &TimeZone) -> Option<i64> {
    let now = local(unix, zone)?;
    let day = if now.hour() < NIGHT_ENDS { now.date() } else { now.date().tomorrow().ok()? };
    // A morning that the clocks skip comes as much later.
    let morning = day.to_datetime(Time::constant(MORNING, 0, 0, 0)).to_zoned(zone.clone()).ok()?;
    Some(morning.timestamp().as_second())
}

/// Until when, as it is said at this unix time.
pub(super) fn paused(until: PausedUntil, unix: i64, zone: &TimeZone) -> Paused {
    Paused { until, words: words(until, unix, zone) }
}

fn words(until: PausedUntil, unix: i64, zone: &TimeZone) -> String {
    let PausedUntil::Time(end) = until else { return "until resumed".to_owned() };
    let (Some(now), Some(end)) = (local(unix, zone), local(end, zone)) else {
        return "until a time far off".to_owned();
    };
    format!("until {}{}", day(now.date(), end.date()), end.strftime("%H:%M"))
}

/// The day that goes before a time, unless it is today.
fn day(today: Date, day: Date) -> String {
    match day.duration_since(today).as_hours() / 24 {
        0 => String::new(),
        1 => "tomorrow ".to_owned(),
        2..7 => day.strftime("%a ").to_string(),
        _ => day.strftime("%Y-%m-%d ").to_string(),
    }
}

fn local(unix: i64, zone: &TimeZone) -> Option<Zoned> {
    Some(Timestamp::from_second(unix).ok()?.to_zoned(zone.clone()))
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
        self.tell(shared);
        is_over
    }

    /// When to look again, if the time matters.
    pub(super) fn next_look(&self) -> Option<Instant> {
        let left = self.pause.poll_timeout()?.saturating_sub(clock::unix());
        let left = Duration::from_secs(u64::try_from(left).unwrap_or_default());
        Some(clock::instant() + left.min(LOOK))
    }

    /// Begins a pause; until when, in a sentence.
    pub(super) fn begin<N: Notifier, S: SecretStore>(
        &mut self,
        shared: &Shared<N, S>,
        until: PausedUntil,
    ) -> Result<String, Problem> {
        let unix = clock::unix();
        if is_over(until, unix) {
            return Err(
                Problem::new(NOT_PAUSED, "that time is past").hint("`handover pause 45m` is 45 minutes")
            );
        }
        shared.store().keep_pause(until)?;
        self.is_known = true;
        self.pause.handle_input(Input::Paused(until), unix);
        self.tell(shared);
        Ok(format!("paused {}", words(until, unix, &TimeZone::system())))
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
