//! When many messages of one application within seconds become one notification that counts them.
//!
//! Invariant: an emergency is never counted, and messages of priority 1 are counted apart from the others, from a higher number
//! on; every message that is counted was shown or is shown by the count, and an application that was quiet for [`WINDOW`]
//! starts from zero.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::backlog;
use crate::domain::message::{Entry, Priority, Seq};
use crate::domain::name::Name;
use crate::domain::notification::NotificationId;

/// How many messages of one application are shown each on their own within [`WINDOW`].
pub const SHOWN_EACH: usize = 5;
/// The same of messages of priority 1.
pub const URGENT_SHOWN_EACH: usize = 12;
/// In seconds.
pub const WINDOW: i64 = 10;
/// How many messages a count names.
const NAMED: usize = 5;
/// The longest name of a message, in characters.
const NAME_LIMIT: usize = 100;

/// What every application sent recently.
#[derive(Clone, Debug, Default)]
pub struct Floods(BTreeMap<Source, Recent>);

/// The messages of an application that are counted together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// The name of the application.
    pub app: String,
    /// Whether they have priority 1.
    pub is_urgent: bool,
}

impl Source {
    /// The source of a message that is shown with this priority.
    pub fn of(entry: &Entry, priority: Priority) -> Self {
        Self { app: entry.message.app.clone(), is_urgent: priority >= Priority::High }
    }

    fn shown_each(&self) -> usize {
        if self.is_urgent { URGENT_SHOWN_EACH } else { SHOWN_EACH }
    }
}

/// What one application sent recently.
#[derive(Clone, Debug)]
enum Recent {
    /// The notifications of the last seconds, the one shown first in front; at most as many as are shown each.
    Single(VecDeque<Shown>),
    /// The notification that counts.
    Counted(Shown),
}

#[derive(Clone, Debug)]
struct Shown {
    id: NotificationId,
    /// Unix seconds.
    at: i64,
    messages: CountedMessages,
}

/// What a notification adds to a flood; [`Floods::note_shown`] takes it once the notification is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contribution {
    source: Source,
    messages: CountedMessages,
    is_count: bool,
}

impl Contribution {
    /// The contribution of a message that is shown on its own with this priority.
    pub fn of_message(entry: &Entry, priority: Priority) -> Self {
        let messages = CountedMessages::of_message(entry, priority);
        Self { source: Source::of(entry, priority), messages, is_count: false }
    }

    /// All messages it is about, including those whose notifications left the screen before they were counted.
    pub fn messages(&self) -> &CountedMessages {
        &self.messages
    }
}

/// A flood that is to be shown as one notification.
#[derive(Debug)]
pub struct Flood {
    /// The messages it counts.
    pub contribution: Contribution,
    /// The notifications on the screen that it supersedes, the one shown first in front.
    pub supersedes: Vec<NotificationId>,
    /// Whether a notification counted them before, so that the user has heard enough of it.
    pub is_under_way: bool,
}

/// Whether a message that is shown with this priority may be counted instead of shown on its own. Messages that
/// waited say nothing about how fast they were sent; but those of priority 1 are never part of a summary, so only a count
/// keeps very many of them from filling the screen.
pub fn may_be_counted(entry: &Entry, priority: Priority, unix: i64) -> bool {
    match priority {
        Priority::Lowest | Priority::Low | Priority::Normal => !backlog::has_waited(entry, unix),
        // An emergency that is over is shown with priority 1.
        Priority::High => entry.message.priority < Priority::Emergency,
        Priority::Emergency => false,
    }
}

impl Floods {
    /// The flood that these new messages of one source belong to, in the order they came; `None` when each is to be
    /// shown on its own.
    pub fn flood_of(
        &self,
        new: &[(&Entry, Priority)],
        unix: i64,
        is_on_screen: impl Fn(NotificationId) -> bool,
    ) -> Option<Flood> {
        let (newest, priority) = new.first()?;
        let source = Source::of(newest, *priority);
        let (recent, is_under_way) = self.recent(&source, unix);
        if !is_under_way && recent.len() + new.len() <= source.shown_each() {
            return None;
        }
        let mut messages = CountedMessages::NONE;
        for shown in &recent {
            messages.append(&shown.messages);
        }
        for (entry, priority) in new {
            messages.append(&CountedMessages::of_message(entry, *priority));
        }
        let supersedes = recent.iter().map(|shown| shown.id).filter(|id| is_on_screen(*id)).collect();
        let contribution = Contribution { source, messages, is_count: true };
        Some(Flood { contribution, supersedes, is_under_way })
    }

    /// Remembers a notification that is on the screen now.
    pub fn note_shown(&mut self, id: NotificationId, contribution: Contribution, unix: i64) {
        self.0.retain(|_, recent| match recent {
            Recent::Single(few) => few.iter().any(|shown| is_recent(shown.at, unix)),
            Recent::Counted(count) => is_recent(count.at, unix),
        });
        let Contribution { source, messages, is_count } = contribution;
        let shown = Shown { id, at: unix, messages };
        match self.0.get_mut(&source) {
            Some(Recent::Single(few)) if !is_count => {
                few.push_back(shown);
                few.retain(|shown| is_recent(shown.at, unix));
                if few.len() > source.shown_each() {
                    few.pop_front();
                }
            }
            Some(_) | None => {
                let recent =
                    if is_count { Recent::Counted(shown) } else { Recent::Single(VecDeque::from([shown])) };
                self.0.insert(source, recent);
            }
        }
    }

    /// Forgets the notifications that are about any of these messages, so that no later count repeats them.
    pub fn forget(&mut self, seqs: &BTreeSet<Seq>) {
        let is_kept = |shown: &Shown| !shown.messages.seqs.iter().any(|seq| seqs.contains(seq));
        self.0.retain(|_, recent| match recent {
            Recent::Single(few) => {
                few.retain(is_kept);
                !few.is_empty()
            }
            Recent::Counted(count) => is_kept(count),
        });
    }

    /// Gives messages other numbers.
    pub fn renumber(&mut self, numbers: &BTreeMap<Seq, Seq>) {
        self.for_each(|shown| {
            for seq in &mut shown.messages.seqs {
                *seq = numbers.get(seq).copied().unwrap_or(*seq);
            }
        });
    }

    /// Gives a notification another id.
    pub fn rename(&mut self, before: NotificationId, now: NotificationId) {
        self.for_each(|shown| {
            if shown.id == before {
                shown.id = now;
            }
        });
    }

    fn for_each(&mut self, mut change: impl FnMut(&mut Shown)) {
        for recent in self.0.values_mut() {
            match recent {
                Recent::Single(few) => few.iter_mut().for_each(&mut change),
                Recent::Counted(count) => change(count),
            }
        }
    }

    /// The recent notifications of a source, and whether one of them counts already.
    fn recent(&self, source: &Source, unix: i64) -> (Vec<&Shown>, bool) {
        match self.0.get(source) {
            Some(Recent::Single(few)) => {
                (few.iter().filter(|shown| is_recent(shown.at, unix)).collect(), false)
            }
            Some(Recent::Counted(count)) if is_recent(count.at, unix) => (vec![count], true),
            Some(Recent::Counted(_)) | None => (Vec::new(), false),
        }
    }
}

/// Whether this was within the window; a time in the future was noted before the clock was set back.
fn is_recent(at: i64, unix: i64) -> bool {
    at <= unix && unix.saturating_sub(at) < WINDOW
}

/// What a count says about its messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountedMessages {
    /// The messages, in the order they came.
    pub seqs: Vec<Seq>,
    /// The names of the newest few, the oldest of them in front.
    pub names: VecDeque<String>,
    /// The highest of their priorities.
    pub priority: Priority,
    /// When the last of them expires; `None` when one never does.
    pub expires: Option<i64>,
}

impl CountedMessages {
    const NONE: Self = Self {
        seqs: Vec::new(),
        names: VecDeque::new(),
        priority: Priority::Lowest,
        expires: Some(i64::MIN),
    };

    fn of_message(entry: &Entry, priority: Priority) -> Self {
        Self {
            seqs: vec![entry.seq],
            names: VecDeque::from([Name::of(&entry.message).alone(NAME_LIMIT)]),
            priority,
            expires: entry.message.expires,
        }
    }

    fn append(&mut self, later: &Self) {
        self.seqs.extend_from_slice(&later.seqs);
        self.names.extend(later.names.iter().cloned());
        self.names.drain(..self.names.len().saturating_sub(NAMED));
        self.priority = self.priority.max(later.priority);
        self.expires = self.expires.zip(later.expires).map(|(one, other)| one.max(other));
    }
}
