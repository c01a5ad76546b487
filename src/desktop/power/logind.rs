//! Reads logind's signals about sleep.
//!
//! Invariant: each sleep is reported once, however often logind says that it is over, and not at all if the clocks have
//! already shown it, because logind's signal comes late.
//!
//! The signal: <https://www.freedesktop.org/software/systemd/man/latest/org.freedesktop.login1.html>.

use zbus::Message;

use super::event::PowerEvent;

/// The bus name of logind.
pub(super) const NAME: &str = "org.freedesktop.login1";

/// The signal to subscribe to.
pub(super) const MATCH_RULE: &str = "type='signal',sender='org.freedesktop.login1',\
     interface='org.freedesktop.login1.Manager',path='/org/freedesktop/login1',member='PrepareForSleep'";

/// Whether the computer sleeps, as far as logind has said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Logind {
    /// There was no signal yet.
    #[default]
    Unknown,
    /// The computer is about to sleep.
    Asleep,
    /// It is awake, which has been reported.
    Awake,
}

impl Logind {
    /// Reads a signal of logind.
    pub(super) fn read(&mut self, signal: &Message) -> Option<PowerEvent> {
        let member = signal.header().member()?.to_owned();
        let about_to_sleep =
            (member == "PrepareForSleep").then(|| signal.body().deserialize::<bool>().ok()).flatten()?;
        self.prepare_for_sleep(about_to_sleep)
    }

    /// Records that a sleep was reported because of the clocks.
    pub(super) fn note_sleep(&mut self) {
        *self = Self::Awake;
    }

    fn prepare_for_sleep(&mut self, about_to_sleep: bool) -> Option<PowerEvent> {
        let before = std::mem::replace(self, if about_to_sleep { Self::Asleep } else { Self::Awake });
        (!about_to_sleep && before != Self::Awake).then_some(PowerEvent::Woke)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleep_is_reported_once() {
        let mut logind = Logind::default();
        let woke = Some(PowerEvent::Woke);
        // The first signal may come in the middle of a sleep.
        for (about_to_sleep, expected) in
            [(false, woke), (false, None), (true, None), (false, woke), (false, None)]
        {
            assert_eq!(logind.prepare_for_sleep(about_to_sleep), expected);
        }
        logind.prepare_for_sleep(true);
        logind.note_sleep();
        assert_eq!(logind.prepare_for_sleep(false), None, "reported because of the clocks");
        logind.prepare_for_sleep(true);
        assert_eq!(logind.prepare_for_sleep(false), woke, "this is another sleep");
    }
}
