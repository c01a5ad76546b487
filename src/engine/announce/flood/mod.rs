//! Many notifications from one application within seconds become one that counts.
//!
//! Invariant: only what is news and of no more than ordinary priority is counted, every message counted was shown
//! or is shown by the count, and an application that was quiet for [`WINDOW`] is as if it had never sent anything.

use std::collections::{BTreeMap, VecDeque};

use super::Circumstances;
use super::wording::{self, Loudness};
use crate::domain::message::{Entry, Priority, Seq};
use crate::domain::name::Name;
use crate::domain::notification::{Notification, NotificationId};

/// How many notifications of one application are shown each on their own within [`WINDOW`].
pub(super) const EACH_ON_ITS_OWN: usize = 5;
/// Seconds.
pub(super) const WINDOW: i64 = 10;
/// How many messages a count names.
const NAMED: usize = 5;
/// Of what each is called, in characters.
const NAME_LIMIT: usize = 100;

/// What every application sent lately, by its name.
#[derive(Clone, Debug, Default)]
pub(super) struct Floods(BTreeMap<String, Lately>);

/// What one application sent lately.
#[derive(Clone, Debug)]
enum Lately {
    /// The notifications of the last seconds, the one shown first in front; at most [`EACH_ON_ITS_OWN`].
    Few(VecDeque<Shown>),
    /// The notification that counts.
    Many(Shown),
}

#[derive(Clone, Debug)]
struct Shown {
    id: NotificationId,
    /// Unix seconds.
    at: i64,
    tally: Tally,
}

/// What is to be remembered of a notification once it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Share {
    app: String,
    tally: Tally,
    counts: bool,
}

impl Share {
    /// Of a message that is shown on its own; `None` when it may not be counted later on.
    pub(super) fn of_one(entry: &Entry, circumstances: &Circumstances<'_>) -> Option<Self> {
        if !may_be_counted(entry) || !is_watched(circumstances) {
            return None;
        }
        let mut tally = Tally::NONE;
        tally.add(entry, circumstances);
        Some(Self { app: entry.message.app.clone(), tally, counts: false })
    }

    /// All the messages it is about, also those whose notifications left the screen before they were counted.
    pub(super) fn seqs(&self) -> &[Seq] {
        &self.tally.seqs
    }
}

/// One notification for many messages of an application.
#[derive(Debug)]
pub(super) struct Count {
    pub(super) notification: Notification,
    /// The notifications on the screen whose place it takes.
    pub(super) gathers: Vec<NotificationId>,
    /// When the last of its messages is not worth showing any more, unix seconds.
    pub(super) expires: Option<i64>,
    pub(super) share: Share,
}

/// Whether a message may be counted instead of shown on its own.
pub(super) fn may_be_counted(entry: &Entry) -> bool {
    entry.message.priority < Priority::High
}

/// Whether this is news: what waited has a summary of its own, and says nothing of how fast it came.
pub(super) fn is_watched(circumstances: &Circumstances<'_>) -> bool {
    !circumstances.backlog && !circumstances.first_flush
}

impl Floods {
    /// The one notification for these new messages of one application, in order; `None` when each is to be shown on its
    /// own. `is_standing` says whether a notification is still on the screen.
    pub(super) fn count(
        &self,
        new: &[&Entry],
        circumstances: &Circumstances<'_>,
        is_standing: impl Fn(NotificationId) -> bool,
    ) -> Option<Count> {
        let app = &new.first()?.message.app;
        let mut tally = Tally::NONE;
        let (recent, is_under_way) = self.recent(app, circumstances.unix);
        if !is_under_way && recent.len() + new.len() <= EACH_ON_ITS_OWN {
            return None;
        }
        for shown in &recent {
            tally.append(&shown.tally);
        }
        for entry in new {
            tally.add(entry, circumstances);
        }
        let gathers: Vec<_> = recent.iter().map(|shown| shown.id).filter(|id| is_standing(*id)).collect();
        let mut notification = tally.to_notification(app);
        // The one in front: servers that leave the others where they are would show it below the gaps.
        notification.replaces = gathers.first().copied();
        // The first few were heard.
        notification.silent |= is_under_way;
        let expires = tally.expires;
        Some(Count { notification, gathers, expires, share: Share { app: app.clone(), tally, counts: true } })
    }

    /// Remembers a notification that is on the screen now.
    pub(super) fn put(&mut self, id: NotificationId, share: Share, unix: i64) {
        self.0.retain(|_, lately| match lately {
            Lately::Few(few) => few.iter().any(|shown| is_recent(shown.at, unix)),
            Lately::Many(count) => is_recent(count.at, unix),
        });
        let Share { app, tally, counts } = share;
        let shown = Shown { id, at: unix, tally };
        match self.0.get_mut(&app) {
            Some(Lately::Few(few)) if !counts => {
                few.push_back(shown);
                few.retain(|shown| is_recent(shown.at, unix));
                if few.len() > EACH_ON_ITS_OWN {
                    few.pop_front();
                }
            }
            Some(_) | None => {
                let lately = if counts { Lately::Many(shown) } else { Lately::Few(VecDeque::from([shown])) };
                self.0.insert(app, lately);
            }
        }
    }

    /// The notifications of an application that count for a flood now, and whether it is one already.
    fn recent(&self, app: &str, unix: i64) -> (Vec<&Shown>, bool) {
        match self.0.get(app) {
            Some(Lately::Few(few)) => (few.iter().filter(|one| is_recent(one.at, unix)).collect(), false),
            Some(Lately::Many(count)) if is_recent(count.at, unix) => (vec![count], true),
            Some(Lately::Many(_)) | None => (Vec::new(), false),
        }
    }
}

/// Whether this was within the window; what lies ahead was noted before somebody set the clock back.
fn is_recent(at: i64, unix: i64) -> bool {
    at <= unix && unix.saturating_sub(at) < WINDOW
}

/// What a count says of its messages.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Tally {
    /// Its messages, in the order they came.
    seqs: Vec<Seq>,
    /// The newest few, the oldest of them in front.
    named: VecDeque<String>,
    loudness: Loudness,
    /// When the last of them expires; `None` when one never does.
    expires: Option<i64>,
}

impl Tally {
    const NONE: Self =
        Self { seqs: Vec::new(), named: VecDeque::new(), loudness: Loudness::NONE, expires: Some(i64::MIN) };

    fn add(&mut self, entry: &Entry, circumstances: &Circumstances<'_>) {
        let message = &entry.message;
        self.append(&Self {
            seqs: vec![entry.seq],
            named: VecDeque::from([Name::of(message).alone(NAME_LIMIT)]),
            loudness: Loudness::of(message, circumstances.quiet_hours),
            expires: message.expires,
        });
    }

    /// Takes in what came later.
    fn append(&mut self, later: &Self) {
        self.seqs.extend_from_slice(&later.seqs);
        self.named.extend(later.named.iter().cloned());
        self.named.drain(..self.named.len().saturating_sub(NAMED));
        self.loudness = self.loudness.or(later.loudness);
        self.expires = self.expires.zip(later.expires).map(|(one, other)| one.max(other));
    }

    fn to_notification(&self, app: &str) -> Notification {
        let (count, lines) = (self.seqs.len(), self.named.iter().rev().cloned().collect());
        wording::of_many(wording::count_title(count, app), lines, count, self.loudness)
    }
}

#[cfg(test)]
mod tests;
