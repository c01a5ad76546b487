//! What to show of the messages that wait to be announced, what to pass over, and what is on the screen.
//!
//! Invariant: a plan accounts for every waiting message exactly once; an emergency nobody acknowledged is always
//! shown, also during a pause, and nothing of priority 1 or 2 is hidden in a summary of what waited, or in the count
//! of a flood. What a pause held back is one notification at its end.

mod actions;
mod active;
mod flood;
mod held;
mod loudest;
mod wording;

use std::collections::{BTreeMap, BTreeSet};

pub use self::actions::{any_link_of, is_to_acknowledge, link_of, own_link_of};
use self::active::ActiveNotifications;
use self::flood::{Floods, Share};
pub use self::held::Held;
pub use self::loudest::Hearing;
use self::wording::Summary;
use crate::domain::media::{Media, MediaName};
use crate::domain::message::{Acknowledgement, Entry, Message, Priority, Receipt, Seq};
use crate::domain::notification::{LeftoverNotification, Notification, NotificationId};
use crate::domain::settings::{Backlog, Emergency};

/// How many messages that waited are shown each on their own before they become one summary.
const EACH_ON_ITS_OWN: usize = 3;

/// One step of a plan; the steps are taken in order.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "a plan is short, and most of its steps are the large one")]
pub enum Step {
    /// Show a notification, and mark its messages as announced when the notification server took it.
    Show {
        /// What it stands for.
        seqs: Vec<Seq>,
        /// What to show.
        notification: Notification,
        /// The icon and the sound that go with it, still to be fetched.
        media: Media,
        /// The emergency it is about, if it is about one.
        receipt: Option<Receipt>,
        /// Whether to record the request to acknowledge together with the mark; where it waits until somebody is at the
        /// computer, `engine::presence` decides.
        acknowledge: bool,
        /// To be handed back once it is shown.
        ticket: Ticket,
    },
    /// Mark messages as announced without showing them.
    PassOver {
        /// Which.
        seqs: Vec<Seq>,
        /// Whether they also count as seen to.
        read: bool,
    },
    /// Mark messages as held back until the pause is over.
    Hold {
        /// Which.
        seqs: Vec<Seq>,
    },
}

/// What the [`Announcer`] wants to know again of a notification that is on the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ticket {
    /// When it is not worth showing any more, unix seconds.
    expires: Option<i64>,
    /// The notifications whose place it takes.
    gathers: Vec<NotificationId>,
    /// What it adds to a flood.
    share: Option<Share>,
}

/// What a plan depends on besides the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Circumstances<'a> {
    /// The time, unix seconds.
    pub unix: i64,
    /// Whether the messages waited: for a start, a connection, or the return of the notification server.
    pub backlog: bool,
    /// Whether this is the first download after registering.
    pub first_flush: bool,
    /// Whether the user's quiet hours are on.
    pub quiet_hours: bool,
    /// What to show of messages that waited.
    pub backlog_policy: Backlog,
    /// When an emergency is acknowledged.
    pub emergency: Emergency,
    /// During a pause, the lowest priority that is shown all the same.
    pub paused: Option<Priority>,
    /// The schemes of links that may be opened, in lower case.
    pub open_links: &'a [&'a str],
}

/// Decides what to show, and remembers which notification on the screen stands for what.
#[derive(Clone, Debug, Default)]
pub struct Announcer {
    active: ActiveNotifications,
    hearing: Hearing,
    floods: Floods,
}

impl Announcer {
    /// Nothing is on the screen.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes note of what the user wants to hear from now on.
    pub fn listen(&mut self, hearing: Hearing) {
        self.hearing = hearing;
    }

    /// What to do about the messages that are recorded and not announced, given in any order.
    ///
    /// First comes what is passed over, then what is held back, then the notifications in
    /// ascending order of id, then the summary, or for each application in a flood the notification that counts.
    pub fn plan(&self, waiting: &[Entry], circumstances: &Circumstances<'_>) -> Vec<Step> {
        let (settled, candidates) = each_emergency_once(waiting);
        let (passed_over, shown): (Vec<_>, Vec<_>) = candidates
            .into_iter()
            .partition(|candidate| is_passed_over(&candidate.newest.message, circumstances));
        let (held, shown): (Vec<_>, Vec<_>) =
            shown.into_iter().partition(|candidate| is_held(&candidate.newest.message, circumstances));
        let (on_their_own, summarised) = summarise(shown, circumstances);

        let mut steps = Vec::new();
        let seqs = sorted(settled.into_iter().chain(seqs_of(passed_over)));
        if !seqs.is_empty() {
            steps.push(Step::PassOver { seqs, read: circumstances.first_flush });
        }
        let seqs = sorted(seqs_of(held));
        if !seqs.is_empty() {
            steps.push(Step::Hold { seqs });
        }
        let on_screen = self.active.receipts();
        let (on_their_own, counts) = self.count_floods(on_their_own, circumstances);
        steps.extend(on_their_own.into_iter().map(|candidate| {
            let share = Share::of_one(candidate.newest, circumstances);
            candidate.into_step(&on_screen, share, circumstances)
        }));
        steps.extend(counts);
        if !summarised.is_empty() {
            let mut summary = Summary::new();
            summarised
                .iter()
                .rev()
                .for_each(|candidate| summary.add(&candidate.newest.message, circumstances));
            let notification = summary.into_notification("while you were away");
            let seqs = seqs_of(summarised).collect();
            steps.push(Step::Show {
                seqs,
                notification,
                media: Media::default(),
                receipt: None,
                acknowledge: false,
                ticket: Ticket::default(),
            });
        }
        self.hearing.give_each(&mut steps, waiting, circumstances);
        steps
    }

    /// Takes out what is counted, and makes one notification of it for each application.
    fn count_floods<'a>(
        &self,
        shown: Vec<Candidate<'a>>,
        circumstances: &Circumstances<'_>,
    ) -> (Vec<Candidate<'a>>, Vec<Step>) {
        if !flood::is_watched(circumstances) {
            return (shown, Vec::new());
        }
        let mut by_app = BTreeMap::<&str, Vec<&Entry>>::new();
        for entry in
            shown.iter().map(|candidate| candidate.newest).filter(|entry| flood::may_be_counted(entry))
        {
            by_app.entry(&entry.message.app).or_default().push(entry);
        }
        let mut counts = Vec::new();
        by_app.retain(|_app, new| {
            let count = self.floods.count(new, circumstances, |id| self.active.holds(id));
            let Some(count) = count else { return false };
            counts.push(Step::Show {
                seqs: sorted(new.iter().map(|entry| entry.seq)),
                notification: count.notification,
                media: new.last().map(|newest| media_of(&newest.message)).unwrap_or_default(),
                receipt: None,
                acknowledge: false,
                ticket: Ticket { expires: count.expires, gathers: count.gathers, share: Some(count.share) },
            });
            true
        });
        let is_counted = |candidate: &Candidate<'_>| {
            flood::may_be_counted(candidate.newest)
                && by_app.contains_key(candidate.newest.message.app.as_str())
        };
        (shown.into_iter().filter(|candidate| !is_counted(candidate)).collect(), counts)
    }

    /// What to do about the messages that a pause held back, now that it is over: first what is passed over, then
    /// one notification.
    pub fn plan_held(&self, held: Held<'_>) -> Vec<Step> {
        held.into_steps(&self.active.receipts(), &self.hearing)
    }

    /// Remembers a notification that the notification server took at this unix time; the notifications that are to be closed,
    /// because it stands for their messages now.
    ///
    /// When it took the place of a notification about the same emergency it stands for the messages of both.
    pub fn shown(
        &mut self,
        id: NotificationId,
        seqs: &[Seq],
        receipt: Option<&Receipt>,
        ticket: Ticket,
        unix: i64,
    ) -> Vec<NotificationId> {
        let Ticket { expires, mut gathers, share } = ticket;
        for gathered in &gathers {
            self.active.take(*gathered);
        }
        // A click on a notification that counts is about all that it counts.
        let all = share.as_ref().map_or(seqs, Share::seqs);
        self.active.put(id, all, receipt, expires);
        if let Some(share) = share {
            self.floods.put(id, share, unix);
        }
        gathers.retain(|gathered| *gathered != id);
        gathers
    }

    /// Remembers the notifications that an earlier process left on the screen, in the order they were shown.
    pub fn restore(&mut self, left: Vec<LeftoverNotification>) {
        for LeftoverNotification { id, seqs, receipt, expires } in left {
            self.active.put(id, &seqs, receipt.as_ref(), expires);
        }
    }

    /// When the next notification on the screen is not worth showing any more, unix seconds.
    pub fn next_expiry(&self) -> Option<i64> {
        self.active.next_expiry()
    }

    /// Forgets the notifications that are not worth showing any more, which are to be closed.
    pub fn expire(&mut self, unix: i64) -> Vec<NotificationId> {
        let expired = self.active.expired(unix);
        for id in &expired {
            self.active.take(*id);
        }
        expired
    }

    /// Forgets a notification that left the screen; the messages it stood for, none if it is unknown.
    pub fn gone(&mut self, id: NotificationId) -> Vec<Seq> {
        self.active.take(id)
    }

    /// The messages a notification stands for, and the emergency it is about.
    pub fn messages_for(&self, id: NotificationId) -> (&[Seq], Option<&Receipt>) {
        self.active.get(id)
    }

    /// The notifications on the screen that stand for this message, alone or with others.
    pub fn notifications_with(&self, seq: Seq) -> Vec<NotificationId> {
        self.active.of(seq)
    }

    /// The notification on the screen that is about this emergency.
    pub fn notification_of(&self, receipt: &Receipt) -> Option<NotificationId> {
        self.active.receipts().get(receipt).copied()
    }

    /// The emergencies that have a notification on the screen.
    pub fn emergencies(&self) -> BTreeSet<Receipt> {
        self.active.receipts().into_keys().cloned().collect()
    }

    /// Forgets all notifications: the notification server restarted, and its ids mean nothing any more.
    pub fn forget_all(&mut self) {
        (self.active, self.floods) = (ActiveNotifications::default(), Floods::default());
    }
}

/// A message to announce, together with the older copies of the same emergency.
struct Candidate<'a> {
    newest: &'a Entry,
    seqs: Vec<Seq>,
}

impl Candidate<'_> {
    fn into_step(
        self,
        on_screen: &BTreeMap<&Receipt, NotificationId>,
        share: Option<Share>,
        circumstances: &Circumstances<'_>,
    ) -> Step {
        let receipt = receipt_of(&self.newest.message).cloned();
        let mut notification = wording::of_one(self.newest, circumstances);
        notification.replaces = receipt.as_ref().and_then(|receipt| on_screen.get(receipt).copied());
        let acknowledge =
            circumstances.emergency == Emergency::Always && self.newest.awaits_acknowledgement();
        let message = &self.newest.message;
        let ticket = Ticket { expires: message.worth_until(), gathers: Vec::new(), share };
        Step::Show { seqs: self.seqs, notification, media: media_of(message), receipt, acknowledge, ticket }
    }
}

/// What goes with a notification of this message.
fn media_of(message: &Message) -> Media {
    Media { icon: message.icon.as_deref().and_then(MediaName::new), ..Media::default() }
}

/// The messages whose acknowledgement is on its way or done, and of the others one candidate for each message,
/// but one only for all copies of an emergency; ascending by id, copies by the id of the newest.
fn each_emergency_once(waiting: &[Entry]) -> (Vec<Seq>, Vec<Candidate<'_>>) {
    let mut newest_first: Vec<_> = waiting.iter().collect();
    newest_first.sort_unstable_by_key(|entry| std::cmp::Reverse((entry.message.id, entry.seq)));

    let mut settled = Vec::new();
    let mut candidates: Vec<Candidate<'_>> = Vec::new();
    let mut place_of = BTreeMap::new();
    for entry in newest_first {
        if is_settled(entry) {
            settled.push(entry.seq);
            continue;
        }
        let place =
            receipt_of(&entry.message).map(|receipt| *place_of.entry(receipt).or_insert(candidates.len()));
        if let Some(newer) = place.and_then(|place| candidates.get_mut(place)) {
            newer.seqs.push(entry.seq);
        } else {
            candidates.push(Candidate { newest: entry, seqs: vec![entry.seq] });
        }
    }
    candidates.reverse();
    for candidate in &mut candidates {
        candidate.seqs.sort_unstable();
    }
    (settled, candidates)
}

/// Whether the emergency was seen to from here: the request is recorded together with the mark of having been shown,
/// so a copy of it that waits is one that came later.
fn is_settled(entry: &Entry) -> bool {
    match entry.acknowledgement {
        Acknowledgement::Wanted | Acknowledgement::Confirmed => true,
        Acknowledgement::NotWanted | Acknowledgement::GivenUp => false,
    }
}

fn seqs_of(candidates: Vec<Candidate<'_>>) -> impl Iterator<Item = Seq> {
    candidates.into_iter().flat_map(|candidate| candidate.seqs)
}

fn sorted(seqs: impl Iterator<Item = Seq>) -> Vec<Seq> {
    let mut seqs: Vec<_> = seqs.collect();
    seqs.sort_unstable();
    seqs
}

/// Whether the pause, if there is one, is not to be broken for this. No setting is above an emergency that nobody
/// acknowledged.
fn is_held(message: &Message, circumstances: &Circumstances<'_>) -> bool {
    circumstances.paused.is_some_and(|lowest| wording::weight(message) < lowest)
}

fn is_passed_over(message: &Message, circumstances: &Circumstances<'_>) -> bool {
    if circumstances.first_flush {
        return !message.is_open_emergency();
    }
    match message.priority {
        Priority::Lowest => true,
        Priority::Low | Priority::Normal | Priority::High => {
            message.is_expired(circumstances.unix)
                || (circumstances.backlog && circumstances.backlog_policy == Backlog::Silent)
        }
        Priority::Emergency => false,
    }
}

/// Parts what is shown on its own from what goes into the summary; both keep their order.
fn summarise<'a>(
    shown: Vec<Candidate<'a>>,
    circumstances: &Circumstances<'_>,
) -> (Vec<Candidate<'a>>, Vec<Candidate<'a>>) {
    let is_ordinary = |candidate: &Candidate<'_>| candidate.newest.message.priority < Priority::High;
    let may_summarise = circumstances.backlog && circumstances.backlog_policy == Backlog::Summary;
    if may_summarise && shown.iter().filter(|candidate| is_ordinary(candidate)).count() > EACH_ON_ITS_OWN {
        shown.into_iter().partition(|candidate| !is_ordinary(candidate))
    } else {
        (shown, Vec::new())
    }
}

/// The emergency a message is a copy of.
fn receipt_of(message: &Message) -> Option<&Receipt> {
    message.receipt.as_ref().filter(|_| message.priority == Priority::Emergency)
}

#[cfg(test)]
mod tests;
