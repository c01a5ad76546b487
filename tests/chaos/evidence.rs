//! What was seen from outside of the program in a run: the input of the oracle.
//!
//! Invariant: nothing here was said by the daemon about itself, except the message log that the user gets to see.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::readers::Read;

/// All of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evidence {
    /// What the sandbox accepted.
    pub(crate) sent: Vec<Sent>,
    /// How many messages the sandbox still has in the end.
    pub(crate) left: usize,
    /// The message log in the end.
    pub(crate) log: Vec<Logged>,
    /// What the notification server was sent.
    pub(crate) shown: Vec<Showing>,
    /// The titles of notifications of several messages, and the lives they were shown in.
    pub(crate) lists: Vec<(usize, String)>,
    /// Requests to acknowledge that reached the sandbox: the receipt, and when.
    pub(crate) acknowledgements: Vec<(String, Instant)>,
    /// The receipts that the sandbox refused to acknowledge, as a fault.
    pub(crate) refused: BTreeSet<String>,
    /// The texts of emergencies that the user acknowledged.
    pub(crate) by_user: BTreeSet<String>,
    /// The receipts of emergencies that are acknowledged in the end.
    pub(crate) acknowledged: BTreeSet<String>,
    /// What a subscriber that always reconnects saw.
    pub(crate) followed: Followed,
    /// The texts that `handover listen` printed.
    pub(crate) listened: Vec<String>,
    pub(crate) lives: Vec<LifeSeen>,
    /// When a pause may have been in effect.
    pub(crate) pauses: Vec<(Instant, Instant)>,
    /// When nobody was at the computer: from before the start of a daemon until the user returned.
    pub(crate) absences: Vec<(Instant, Instant)>,
    /// When nothing on the buses said whether somebody was at the computer.
    pub(crate) presence_gaps: Vec<(Instant, Instant)>,
    /// What the readers of the message log saw.
    pub(crate) reads: Vec<Read>,
    /// How often this computer's clock was set to another day.
    pub(crate) clock_jumps: usize,
    /// How long the daemon took after the end of each series of faults, and in which life.
    pub(crate) recoveries: Vec<(Duration, usize)>,
    /// When such a series had ended and nothing waited any more.
    pub(crate) recovered: Vec<Instant>,
    /// What the daemon logged in lives whose recovery was slow.
    pub(crate) slow: Vec<String>,
    /// How many panics the script asked for, and how many of them the daemon logged. Not every task runs in every life.
    pub(crate) panics: (usize, usize),
    /// Anything else that must not happen, a sentence each.
    pub(crate) incidents: Vec<String>,
    /// The kinds of faults that this machine does not allow.
    pub(crate) left_out: BTreeSet<&'static str>,
}

/// A message that the sandbox accepted.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) text: String,
    pub(crate) priority: i8,
    pub(crate) receipt: Option<String>,
    pub(crate) at: Instant,
    /// Whether it has to be shown on its own.
    pub(crate) is_single: bool,
}

/// A line of `handover messages --json`.
#[derive(Clone, Debug)]
pub(crate) struct Logged {
    pub(crate) text: String,
    pub(crate) id: String,
    pub(crate) is_announced: bool,
    /// Whether the time at which it was announced is of another day.
    pub(crate) has_wrong_time: bool,
}

/// A notification of one message.
#[derive(Clone, Debug)]
pub(crate) struct Showing {
    pub(crate) text: String,
    pub(crate) at: Instant,
    pub(crate) life: usize,
    /// Counts the notification servers.
    pub(crate) server: usize,
    /// Whether it only changed the notification of the same message.
    pub(crate) is_update: bool,
    /// Whether it said that the message could not be saved.
    pub(crate) is_unsaved: bool,
}

/// What happened in a life of the daemon.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LifeSeen {
    /// How often it was killed or panicked.
    pub(crate) crashes: usize,
    /// How often the notification server went away or did not answer.
    pub(crate) server_faults: usize,
    /// How often the message log could not be written.
    pub(crate) disk_faults: usize,
}

/// What a subscriber saw.
#[derive(Clone, Debug, Default)]
pub(crate) struct Followed {
    /// The number of the last event.
    pub(crate) last: Option<i64>,
    /// Events that were missing without a word: the numbers before and after the gap.
    pub(crate) gaps: Vec<(i64, i64)>,
    /// Events that were delivered more than once.
    pub(crate) repeats: Vec<i64>,
    /// How many events it was told that it missed.
    pub(crate) missed: usize,
    /// How often each message was said to be recorded, by id.
    pub(crate) recorded: BTreeMap<String, usize>,
}

impl Followed {
    /// An event with this number.
    pub(crate) fn note(&mut self, number: i64, was_missed: bool) {
        if let Some(last) = self.last {
            if number <= last {
                self.repeats.push(number);
            } else if was_missed {
                self.missed += usize::try_from(number - last).unwrap_or_default();
            } else if number != last + 1 {
                self.gaps.push((last, number));
            }
        }
        self.last = self.last.max(Some(number));
    }
}
