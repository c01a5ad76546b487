//! Pausing: how a pause begins and ends, for the commands and the tray.
//!
//! Invariant: a pause is saved on disk before it is reported, and removed from disk before its end is reported. The commands
//! and the tray pause and resume only through this module.

use std::time::Instant;

use jiff::tz::TimeZone;
use tokio::sync::oneshot;

use super::shared::Shared;
use super::shared::channels::SyncCommand;
use crate::app::Problem;
use crate::app::pause::{EXAMPLES, NOT_PAUSED, paused, words_of};
use crate::domain::pause::PausedUntil;
use crate::engine::pause::{Input, Pause, is_over};
use crate::ports::{Notifier, SecretStore};
use crate::store::{self, Store};
use crate::system::clock;

/// Pauses until a time, in place of an earlier pause; returns a sentence that says until when.
pub(super) async fn pause_until<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    until: PausedUntil,
) -> Result<String, Problem> {
    let (caller, reply) = oneshot::channel();
    shared.to.sync(SyncCommand::Pause(until, caller)).await;
    reply.await.unwrap_or_else(|_dropped| Err(stopping(NOT_PAUSED)))
}

/// Ends the pause and shows the messages it held back; returns a sentence with their number.
pub(super) async fn resume<N: Notifier, S: SecretStore>(shared: &Shared<N, S>) -> Result<String, Problem> {
    let (caller, reply) = oneshot::channel();
    shared.to.sync(SyncCommand::Resume(caller)).await;
    reply.await.unwrap_or_else(|_dropped| Err(stopping("not resumed")))
}

fn stopping(what: &str) -> Problem {
    Problem::new(what, "the daemon is stopping")
}

/// The current pause. If its time is over, it is ended here, before the messages it held back are shown.
pub(super) fn current_pause(log: &Store) -> Result<Option<PausedUntil>, store::Error> {
    let pause = log.pause()?;
    if pause.is_some_and(|until| is_over(until, clock::unix())) {
        log.end_pause(clock::unix())?;
        return Ok(None);
    }
    Ok(pause)
}

/// The pause as the sync task knows it: keeps the message log, the status and the clock of a pause in step.
#[derive(Default)]
pub(super) struct Pausing {
    /// Whether the pause has been read from the message log. Until then nothing is announced, since announcing reads it
    /// too.
    is_known: bool,
    pause: Pause,
}

impl Pausing {
    /// Reads the message log, once, and the clock; returns whether a pause just ended.
    pub(super) async fn check<N: Notifier, S: SecretStore>(&mut self, shared: &Shared<N, S>) -> bool {
        if !self.is_known {
            match shared.log(Store::pause).await {
                Ok(until) => (self.is_known, self.pause) = (true, Pause::new(until)),
                Err(error) => tracing::warn!("the pause cannot be read: {error}"),
            }
        }
        let is_over = self.pause.handle_timeout(clock::unix()).is_some();
        // Removed at once: otherwise the pause would come back if the clock were set back before the next announcement.
        if is_over && let Err(error) = shared.log(|log| log.end_pause(clock::unix())).await {
            tracing::warn!("the end of the pause could not be saved yet: {error}");
        }
        self.publish(shared);
        is_over
    }

    /// When to check again, if the time matters.
    pub(super) fn next_check(&self) -> Option<Instant> {
        self.pause.poll_timeout().map(|end| clock::next_check(end, clock::unix()))
    }

    /// Begins a pause; returns a sentence that says until when.
    pub(super) async fn begin<N: Notifier, S: SecretStore>(
        &mut self,
        shared: &Shared<N, S>,
        until: PausedUntil,
    ) -> Result<String, Problem> {
        let unix = clock::unix();
        if is_over(until, unix) {
            return Err(Problem::new(NOT_PAUSED, "that time has passed").hint(EXAMPLES));
        }
        shared.log(move |log| log.keep_pause(until, unix)).await?;
        shared.pause_changed.send_replace(());
        self.is_known = true;
        self.pause.handle_input(Input::Paused(until), unix);
        self.publish(shared);
        Ok(format!("paused {}", words_of(until, unix, &TimeZone::system())))
    }

    /// Ends the pause; returns a sentence with the number of messages it held back.
    pub(super) async fn end<N: Notifier, S: SecretStore>(
        &mut self,
        shared: &Shared<N, S>,
    ) -> Result<String, Problem> {
        let was_paused = self.pause.until().is_some();
        let held =
            shared.log(|log| log.held().and_then(|held| log.end_pause(clock::unix()).map(|()| held))).await?;
        shared.pause_changed.send_replace(());
        self.is_known = true;
        self.pause.handle_input(Input::Resumed, clock::unix());
        self.publish(shared);
        Ok(match held {
            _ if !was_paused => "there was no pause".to_owned(),
            0 => "resumed".to_owned(),
            1 => "resumed, 1 message was held back".to_owned(),
            _ => format!("resumed, {held} messages were held back"),
        })
    }

    /// Shows the pause in the status. The wording changes at midnight, and with the time zone.
    fn publish<N: Notifier, S: SecretStore>(&self, shared: &Shared<N, S>) {
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
    fn the_clock_is_checked_once_a_minute_however_far_off_the_end_is() {
        let check_after = |until| {
            let pausing = Pausing { is_known: true, pause: Pause::new(until) };
            pausing.next_check().map(|check| check.duration_since(clock::instant()).as_secs_f64().round())
        };
        assert_eq!(check_after(None), None);
        assert_eq!(check_after(Some(PausedUntil::Forever)), None);
        assert_eq!(check_after(Some(PausedUntil::Time(i64::MAX))), Some(60.0));
        assert_eq!(check_after(Some(PausedUntil::Time(clock::unix() + 3_600))), Some(60.0));
        assert!(check_after(Some(PausedUntil::Time(clock::unix() + 10))).is_some_and(|wait| wait <= 10.0));
        assert_eq!(check_after(Some(PausedUntil::Time(5))), Some(0.0), "the computer slept through the end");
    }
}
