//! The script of a seed: what is sent and what goes wrong in each life of the daemon, and how the life ends.
//!
//! Invariant: a script depends on its seed and its size alone, and printing it shows all of it.

use std::fmt;
use std::time::Duration;

use fastrand::Rng;
use handover::daemon::Task;
use handover::sandbox::{FrameKind, Order};

use crate::action::{Action, Burst};
use crate::support::kill_point::KillPoint;
use crate::support::notification_server::Trigger;

/// The longest time between an event and the kill that follows, in microseconds: a whole sync takes about 20 ms.
const LONGEST_DELAY: u64 = 40_000;

/// How large a script is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// How often the daemon is started.
    pub(crate) lives: usize,
    /// How many messages are sent in a life, on average.
    pub(crate) messages: usize,
    /// After how many lives the faults end and the daemon has to recover without being restarted.
    pub(crate) recovery_every: usize,
    /// Whether one of the recoveries is from a connection that is silent, which takes at least 90 s to notice.
    pub(crate) silence: bool,
}

/// The lives of a seed, in order.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) seed: u64,
    pub(crate) service: Service,
    pub(crate) lives: Vec<Life>,
}

/// What differs between services, or is not known of the real one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Service {
    pub(crate) order: Order,
    pub(crate) frames: FrameKind,
    pub(crate) small_ids: bool,
    pub(crate) id_strings: bool,
    pub(crate) umid_as_string: bool,
    pub(crate) signal_at_login: bool,
    pub(crate) unknown_keys: bool,
    /// Whether the login is in a keyring, not in a file.
    pub(crate) keyring: bool,
}

impl Service {
    fn random(dice: &mut Rng) -> Self {
        Self {
            order: [Order::Sent, Order::Reversed, Order::Shuffled][dice.usize(..3)],
            frames: if dice.bool() { FrameKind::Binary } else { FrameKind::Text },
            small_ids: dice.bool(),
            id_strings: dice.bool(),
            umid_as_string: dice.bool(),
            signal_at_login: dice.bool(),
            unknown_keys: dice.bool(),
            keyring: dice.bool(),
        }
    }
}

/// What happens from one start of the daemon to the next.
#[derive(Clone, Debug)]
pub(crate) struct Life {
    /// Before the start.
    pub(crate) before: Vec<Action>,
    /// At these times after the start.
    pub(crate) during: Vec<(Duration, Action)>,
    pub(crate) end: End,
}

/// How a life ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    /// A kill, this long after an event.
    Kill(KillPoint, Duration),
    /// A kill while the notification server has a notification.
    KillAtNotification(Trigger),
    /// A panic in a task, which makes the program execute itself again, and a kill after the second delay.
    Panic(Task, Duration, Duration),
    /// SIGTERM.
    Stop(Duration),
    /// All faults end, the daemon has to recover, and then gets SIGTERM.
    Recover,
    /// The same, but the websocket stays silent until the daemon has made a new one.
    RecoverFromSilence,
}

impl End {
    /// How often the daemon is killed or panics.
    pub(crate) fn crashes(self) -> usize {
        match self {
            Self::Kill(..) | Self::KillAtNotification(_) => 1,
            Self::Panic(..) => 2,
            Self::Stop(_) | Self::Recover | Self::RecoverFromSilence => 0,
        }
    }
}

impl Script {
    pub(crate) fn of(seed: u64, size: Size) -> Self {
        let mut dice = Rng::with_seed(seed);
        let (service, mut persistent) = (Service::random(&mut dice), Persistent::default());
        let lives = (1..=size.lives).map(|number| persistent.life(number, size, &mut dice)).collect();
        Self { seed, service, lives }
    }
}

/// What lasts for more than one life.
#[derive(Default)]
struct Persistent {
    is_paused: bool,
    is_away: bool,
}

impl Persistent {
    fn life(&mut self, number: usize, size: Size, dice: &mut Rng) -> Life {
        let end = end(number, size, dice);
        let (mut before, mut during) = (Vec::new(), Vec::new());
        self.change(&mut before, &mut during, dice);
        // Half of the lives have one fault, and a quarter each none or several.
        let faults = [0, 1, 1, 2 + dice.usize(..4)][dice.usize(..4)];
        for _ in 0..faults {
            let fault = Action::fault(dice, end.crashes() > 0);
            if dice.u8(..4) == 0 { before.push(fault) } else { during.push((moment(dice), fault)) }
        }
        if dice.u8(..4) == 0 {
            during.push((moment(dice), Action::visit(dice)));
        }
        if dice.u8(..3) == 0 {
            let read = Action::read(dice);
            if dice.u8(..4) == 0 { before.push(read) } else { during.push((moment(dice), read)) }
        }
        let mut left = dice.usize(..=2 * size.messages);
        while left > 0 {
            let burst = Burst::random(dice, left);
            left -= burst.count();
            let action = Action::Send(burst);
            if dice.u8(..4) == 0 { before.push(action) } else { during.push((moment(dice), action)) }
        }
        during.sort_by_key(|(at, _)| *at);
        Life { before, during, end }
    }

    /// An absence begins and ends between two lives, so that the daemon knows of it before anything is sent.
    fn change(&mut self, before: &mut Vec<Action>, during: &mut Vec<(Duration, Action)>, dice: &mut Rng) {
        if dice.u8(..if self.is_away { 4 } else { 12 }) == 0 {
            self.is_away = !self.is_away;
            before.push(if self.is_away { Action::Leave } else { Action::Return });
        }
        if self.is_paused {
            self.is_paused = false;
            during.push((moment(dice), Action::Resume));
        } else if dice.u8(..25) == 0 {
            self.is_paused = true;
            during.push((moment(dice), Action::Pause));
        }
    }
}

fn end(number: usize, size: Size, dice: &mut Rng) -> End {
    if number.is_multiple_of(size.recovery_every) {
        let is_silent = size.silence && number == size.recovery_every;
        return if is_silent { End::RecoverFromSilence } else { End::Recover };
    }
    let delay = Duration::from_micros(dice.u64(..LONGEST_DELAY));
    match dice.u8(..20) {
        0 => {
            let tasks = Task::ALL;
            End::Panic(tasks[dice.usize(..tasks.len())], delay, 3 * delay)
        }
        1 => End::Stop(delay),
        2 | 3 => End::KillAtNotification(Trigger::BeforeAnswer),
        4 => End::KillAtNotification(Trigger::AfterAnswer),
        _ => End::Kill(KillPoint::ALL[dice.usize(..KillPoint::ALL.len())], delay),
    }
}

/// A time in a life; a start takes about 40 ms.
fn moment(dice: &mut Rng) -> Duration {
    Duration::from_micros(dice.u64(..120_000))
}

impl fmt::Display for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for action in &self.before {
            writeln!(f, "    before    {action:?}")?;
        }
        for (at, action) in &self.during {
            writeln!(f, "    {:>6.1} ms {action:?}", at.as_secs_f64() * 1e3)?;
        }
        writeln!(f, "    end       {:?}", self.end)
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the script of seed {}, with {:?}:", self.seed, self.service)?;
        for (index, life) in self.lives.iter().enumerate() {
            write!(f, "  life {}\n{life}", index + 1)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_always_has_the_same_script() {
        let size = Size { lives: 50, messages: 10, recovery_every: 20, silence: false };
        let text = |seed| Script::of(seed, size).to_string();
        assert_eq!(text(7), text(7));
        assert_ne!(text(7), text(8));
    }

    #[test]
    fn every_kind_of_fault_and_end_occurs() {
        let size = Size { lives: 1_000, messages: 1, recovery_every: 20, silence: true };
        let text = Script::of(1, size).to_string();
        for name in Action::NAMES {
            assert!(text.contains(&format!(" {name}")), "{name}");
        }
        for end in ["Kill(", "KillAtNotification", "Panic(", "Stop(", "Recover\n", "RecoverFromSilence"] {
            assert!(text.contains(end), "{end}");
        }
    }
}
