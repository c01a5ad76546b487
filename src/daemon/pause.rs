//! Pausing: when it ends, in words too, and how the commands, the tray and the log hear of it.
//!
//! Invariant: a pause is on disk before anybody is told that there is one, and off it before anybody is told
//! that there is none. The commands and the tray ask here, and nowhere else.

use std::time::Instant;

use jiff::tz::TimeZone;
use tokio::sync::oneshot;

use super::{Shared, sync};
use crate::app::Problem;
use crate::app::pause::{EXAMPLES, NOT_PAUSED, end_of, paused, words_of};
use crate::domain::pause::{PauseSpan, PausedUntil};
use crate::engine::pause::{Input, Pause, is_over};
use crate::ports::{Notifier, SecretStore};
use crate::system::clock;

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
    shared.want(sync::SyncCommand::Pause(until, told)).await;
    answer.await.unwrap_or_else(|_dropped| Err(stopping(NOT_PAUSED)))
}

/// Ends the pause and has what was held back shown; a sentence that says how much that is.
pub(super) async fn resume<N: Notifier, S: SecretStore>(shared: &Shared<N, S>) -> Result<String, Problem> {
    let (told, answer) = oneshot::channel();
    shared.want(sync::SyncCommand::Resume(told)).await;
    answer.await.unwrap_or_else(|_dropped| Err(stopping("not resumed")))
}

fn stopping(what: &str) -> Problem {
    Problem::new(what, "the daemon is stopping")
}

/// The part of the task that sync the path: it keeps the log, the status and the clock of a pause in step.
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
    use super::*;

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
