//! What logind tells of sleep.
//!
//! Invariant: each sleep is told of once, however often logind says that it is over, and not at all when the clocks
//! told of it already: logind speaks only after everything else that waits for the end of a sleep.
//!
//! The signal: <https://www.freedesktop.org/software/systemd/man/latest/org.freedesktop.login1.html>.

use zbus::Message;

use super::PowerEvent;

/// The name logind goes by.
pub(super) const NAME: &str = "org.freedesktop.login1";

/// What has to reach this program.
pub(super) const MATCH_RULE: &str = "type='signal',sender='org.freedesktop.login1',\
     interface='org.freedesktop.login1.Manager',path='/org/freedesktop/login1',member='PrepareForSleep'";

/// What is known of sleep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Logind {
    /// Nothing was said yet.
    #[default]
    Unknown,
    /// The computer is about to sleep.
    Asleep,
    /// It is awake, and that was told.
    Awake,
}

impl Logind {
    /// Reads a signal of logind.
    pub(super) fn hear(&mut self, signal: &Message) -> Option<PowerEvent> {
        let member = signal.header().member()?.to_owned();
        let about_to_sleep =
            (member == "PrepareForSleep").then(|| signal.body().deserialize::<bool>().ok()).flatten()?;
        self.prepare_for_sleep(about_to_sleep)
    }

    /// Takes note that the clocks showed a sleep, and that it was told.
    pub(super) fn slept(&mut self) {
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
    fn a_sleep_is_told_of_once() {
        let mut logind = Logind::default();
        let woke = Some(PowerEvent::Woke);
        // It may be met in the middle of a sleep.
        for (about_to_sleep, told) in
            [(false, woke), (false, None), (true, None), (false, woke), (false, None)]
        {
            assert_eq!(logind.prepare_for_sleep(about_to_sleep), told);
        }
        logind.prepare_for_sleep(true);
        logind.slept();
        assert_eq!(logind.prepare_for_sleep(false), None, "the clocks told already");
        logind.prepare_for_sleep(true);
        assert_eq!(logind.prepare_for_sleep(false), woke, "the next sleep is another");
    }
}
