//! Plans what to do about messages, and remembers which notification on the screen is about which of them.
//!
//! Invariant: no open emergency is part of a summary or of the count of a flood; nothing of priority 1 is part of a summary of
//! the backlog, except of what waited when the device was registered.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::copies::{self, Copies, Replaceable, icon_of};
use super::held::{HeldMessages, earliest};
use super::on_screen::{ActiveNotifications, LostEmergencies, StandingEmergencies};
use super::plan::{Step, Tracking};
use super::waiting::WaitingMessages;
use super::wording;
use crate::domain::media::Media;
use crate::domain::message::{Entry, Priority, Receipt, Seq};
use crate::domain::notification::{LeftoverNotification, Notification, NotificationId};
use crate::engine::policy::flood::{self, Contribution, Flood, Floods, Source};
use crate::engine::policy::sound::GroupSound;
use crate::engine::policy::{Action, Circumstances, backlog, decide};

/// Decides what to show, and remembers which notification on the screen is about which messages.
#[derive(Clone, Debug, Default)]
pub struct Announcer {
    active: ActiveNotifications,
    standing: StandingEmergencies,
    lost: LostEmergencies,
    floods: Floods,
    /// The messages that notifications for reading show whole.
    read_in: BTreeMap<NotificationId, Vec<Seq>>,
    /// The messages that a list named before they had a notification.
    listed: BTreeSet<Seq>,
    /// The notification that shows the latest message of a group.
    groups: BTreeMap<String, NotificationId>,
    /// The ids that notifications on the screen had before.
    moved: BTreeMap<NotificationId, NotificationId>,
}

impl Announcer {
    /// An announcer for an empty screen.
    pub fn new() -> Self {
        Self::default()
    }

    /// What to do about the messages that are recorded and not announced, given in any order.
    ///
    /// First comes what is skipped, then what is held back, then the notifications of emergencies and those of other messages,
    /// each in ascending order of id, then for each application in a flood the notification that counts, then the summary of the backlog.
    pub fn plan(&self, waiting: &[Entry], circumstances: &Circumstances<'_>) -> Vec<Step> {
        let mut newest_first: Vec<_> = waiting.iter().collect();
        newest_first.sort_unstable_by_key(|entry| Reverse((entry.message.id, entry.seq)));
        let mut ordinary = WaitingMessages::default();
        for entry in newest_first {
            ordinary.add(entry, circumstances);
        }
        let mut steps = self.plan_page(waiting, &ordinary, circumstances);
        steps.extend(ordinary.into_step());
        steps
    }

    /// The same for some of the messages, without the summary: `ordinary` was given all of them. The pages are given
    /// in ascending order of id, each when the steps of the one before were carried out.
    pub fn plan_page(
        &self,
        page: &[Entry],
        ordinary: &WaitingMessages,
        circumstances: &Circumstances<'_>,
    ) -> Vec<Step> {
        let mut skipped: BTreeMap<bool, Vec<Seq>> = BTreeMap::new();
        let (mut held, mut shown, mut release) = (Vec::new(), Vec::new(), None);
        for copies in copies::group(page, circumstances) {
            match copies.verdict.action {
                Action::Skip { read } => skipped.entry(read).or_default().extend(copies.seqs),
                Action::Hold => {
                    held.extend(copies.seqs);
                    release = earliest(release, copies.verdict.held_until);
                }
                Action::Show => shown.push(copies),
            }
        }
        if ordinary.is_summarised() {
            shown.retain(|copies| {
                !backlog::may_be_summarised(copies.newest, copies.verdict.priority, circumstances)
            });
        }
        let (mut shown, floods) = self.split_off_floods(shown, circumstances.unix);
        // Some servers take a good part of a second for each notification.
        shown.sort_by_key(|copies| copies.verdict.priority != Priority::Emergency);

        let mut steps = Vec::new();
        steps.extend(skipped.into_iter().map(|(read, seqs)| Step::Skip { seqs: sorted(seqs), read }));
        if !held.is_empty() {
            steps.push(Step::Hold { seqs: sorted(held), until: release });
        }
        let on_screen = self.replaceable();
        for copies in shown {
            let may_be_counted = may_be_counted(&copies, circumstances.unix);
            let contribution =
                may_be_counted.then(|| Contribution::of_message(copies.newest, copies.verdict.priority));
            steps.push(copies.into_step(&on_screen, contribution, circumstances));
        }
        steps.extend(floods);
        steps
    }

    /// Separates the messages of floods, and makes one notification of them for each source.
    fn split_off_floods<'a>(&self, shown: Vec<Copies<'a>>, unix: i64) -> (Vec<Copies<'a>>, Vec<Step>) {
        let mut by_source = BTreeMap::<Source, Vec<Copies<'_>>>::new();
        let mut single = Vec::new();
        for copies in shown {
            if may_be_counted(&copies, unix) {
                let source = Source::of(copies.newest, copies.verdict.priority);
                by_source.entry(source).or_default().push(copies);
            } else {
                single.push(copies);
            }
        }
        let mut steps = Vec::new();
        for (source, new) in by_source {
            let counted: Vec<_> = new.iter().map(|copies| (copies.newest, copies.verdict.priority)).collect();
            match self.floods.flood_of(&counted, unix, |id| self.active.holds(id)) {
                Some(flood) => steps.push(count_of(&source.app, flood, &new)),
                None => single.extend(new),
            }
        }
        single.sort_by_key(|copies| (copies.newest.message.id, copies.newest.seq));
        (single, steps)
    }

    fn replaceable(&self) -> Replaceable<'_> {
        Replaceable { receipts: self.active.receipts(), groups: Some(&self.groups) }
    }

    /// What to do about the messages that a pause held back, now that it is over: first what is skipped, then one
    /// notification.
    pub fn plan_held(&self, held: HeldMessages<'_>) -> Vec<Step> {
        held.into_steps(&self.replaceable())
    }

    /// The emergencies that are to be shown again besides these steps, each by its newest message: those that were lost, and
    /// those that would hide a new emergency, where only `limit` can be seen at once.
    pub fn to_show_again(&self, steps: &[Step], limit: Option<usize>) -> Vec<Seq> {
        let in_the_way = self.standing.in_the_way_of(new_emergencies(steps), limit);
        let in_the_way = in_the_way.iter().filter_map(|(id, _)| self.active.get(*id).0.last());
        self.lost.due().into_iter().filter_map(|(_, seqs)| seqs.last()).chain(in_the_way).copied().collect()
    }

    /// Shows them again, silently, behind what the other steps show. `newest` are the messages of [`Self::to_show_again`].
    pub fn plan_again(
        &mut self,
        newest: &[Entry],
        steps: &[Step],
        limit: Option<usize>,
        circumstances: &Circumstances<'_>,
    ) -> Vec<Step> {
        let entry_of = |receipt: &Receipt| {
            newest.iter().find(|entry| entry.message.emergency_receipt() == Some(receipt))
        };
        let mut again = Vec::new();
        let due: Vec<Receipt> = self.lost.due().into_iter().map(|(receipt, _)| receipt.clone()).collect();
        for receipt in due {
            let is_shown = |entry: &Entry| decide(entry, circumstances).action == Action::Show;
            let open = entry_of(&receipt)
                .filter(|entry| is_open(entry, circumstances.service_unix) && is_shown(entry));
            let Some(entry) = open else {
                self.lost.forget(&receipt);
                continue;
            };
            let is_planned =
                steps.iter().any(|step| emergency_of(step).is_some_and(|(of, _)| *of == receipt));
            let seqs = self.lost.plan(&receipt, circumstances.unix).filter(|_| !is_planned);
            again.extend(seqs.map(|seqs| copies::once_more(entry, seqs, None, circumstances)));
        }
        for (id, receipt) in self.standing.in_the_way_of(new_emergencies(steps), limit) {
            let seqs = self.active.get(*id).0.to_vec();
            again.extend(
                entry_of(receipt).map(|entry| copies::once_more(entry, seqs, Some(*id), circumstances)),
            );
        }
        again
    }

    /// Remembers a notification that the notification server accepted at this unix time; returns the notifications
    /// to close, because it took over their messages.
    ///
    /// When it replaced a notification about the same emergency, it is about the messages of both.
    pub fn shown(
        &mut self,
        id: NotificationId,
        seqs: &[Seq],
        receipt: Option<&Receipt>,
        tracking: Tracking,
        unix: i64,
    ) -> Vec<NotificationId> {
        let Tracking { expires, stands, mut supersedes, contribution, group } = tracking;
        for superseded in &supersedes {
            self.gone(*superseded);
        }
        if let Some(receipt) = receipt {
            self.lost.note_shown(receipt, unix);
        }
        match receipt.filter(|_| stands) {
            Some(receipt) => self.standing.add(id, receipt),
            None => drop(self.standing.remove(id)),
        }
        // A click on a notification that counts is about all that it counts.
        let all = contribution.as_ref().map_or(seqs, |contribution| &contribution.messages().seqs);
        let mut all = all.to_vec();
        if let Some(group) = group {
            // The user who reads the latest message of a group needs none of the earlier ones.
            let earlier =
                self.groups.get(&group).copied().map(|earlier| self.gone(earlier)).unwrap_or_default();
            // What is not in the message log yet shares no notification with what is.
            let is_saved = |seqs: &[Seq]| seqs.iter().all(|seq| seq.0 > 0);
            all.extend(earlier.into_iter().filter(|seq| is_saved(&[*seq]) == is_saved(seqs)));
            self.groups.retain(|_, shown| *shown != id);
            self.groups.insert(group, id);
        } else {
            self.groups.retain(|_, shown| *shown != id);
        }
        self.active.put(id, &all, receipt, expires);
        if let Some(contribution) = contribution {
            self.floods.note_shown(id, contribution, unix);
        }
        supersedes.retain(|superseded| *superseded != id);
        supersedes
    }

    /// Remembers a notification in which the user reads these messages, and which of them it shows whole.
    pub fn shown_to_read(&mut self, id: NotificationId, seqs: &[Seq], whole: Vec<Seq>) {
        self.gone(id);
        self.active.put(id, seqs, None, None);
        self.read_in.insert(id, whole);
    }

    /// Takes note that a list names these messages: no count includes them from now on, and those that are held back need no
    /// notification of their own.
    pub fn note_listed(&mut self, entries: &[&Entry]) {
        self.floods.forget(&entries.iter().map(|entry| entry.seq).collect());
        let without_notification = entries.iter().filter(|entry| entry.announced.is_none());
        self.listed.extend(without_notification.map(|entry| entry.seq));
    }

    /// The messages that a list named before they had a notification.
    pub fn listed(&self) -> &BTreeSet<Seq> {
        &self.listed
    }

    /// The counts and summaries on the screen that are about any of these messages.
    pub fn notifications_of_several(&self, seqs: &BTreeSet<Seq>) -> Vec<NotificationId> {
        let mut notifications = self.active.of(seqs);
        notifications.retain(|id| {
            let (seqs, receipt) = self.active.get(*id);
            seqs.len() > 1 && receipt.is_none() && !self.read_in.contains_key(id) && !self.shows_latest(*id)
        });
        notifications
    }

    /// Takes note that a notification that an earlier process left shows the latest message of a group.
    pub fn restore_group(&mut self, id: NotificationId, group: String) {
        self.groups.insert(group, id);
    }

    /// Whether a notification shows the latest message of a group alone, although it is about the earlier ones too.
    pub fn shows_latest(&self, id: NotificationId) -> bool {
        self.groups.values().any(|shown| *shown == id)
    }

    /// The messages that a notification for reading shows whole; `None` for any other notification.
    pub fn shown_whole(&self, id: NotificationId) -> Option<&[Seq]> {
        self.read_in.get(&id).map(Vec::as_slice)
    }

    /// Gives a notification on the screen another id.
    pub fn moved(&mut self, before: NotificationId, now: NotificationId) {
        if let Some(whole) = self.read_in.remove(&before) {
            self.read_in.insert(now, whole);
        }
        for shown in self.groups.values_mut().filter(|shown| **shown == before) {
            *shown = now;
        }
        self.moved.insert(before, now);
        self.active.rename(before, now);
        self.standing.rename(before, now);
        self.floods.rename(before, now);
    }

    /// The id of a notification now, by one that it had before.
    pub fn current(&self, mut id: NotificationId) -> NotificationId {
        while let Some(now) = self.moved.get(&id) {
            id = *now;
        }
        id
    }

    /// Gives messages the numbers of their rows, once they have one.
    pub fn renumber(&mut self, numbers: &BTreeMap<Seq, Seq>) {
        self.active.renumber(numbers);
        self.floods.renumber(numbers);
    }

    /// Remembers the notifications that an earlier process left on the screen, in the order they were shown.
    pub fn restore(&mut self, left: Vec<LeftoverNotification>) {
        for LeftoverNotification { id, seqs, receipt, expires } in left {
            self.active.put(id, &seqs, receipt.as_ref(), expires);
            if let Some(receipt) = receipt {
                self.standing.add(id, &receipt);
            }
        }
    }

    /// When the next notification on the screen is no longer worth showing, unix seconds.
    pub fn next_expiry(&self) -> Option<i64> {
        self.active.next_expiry()
    }

    /// Forgets the notifications that are no longer worth showing, and returns them to be closed.
    pub fn expire(&mut self, unix: i64) -> Vec<NotificationId> {
        let expired = self.active.expired(unix);
        for id in &expired {
            self.gone(*id);
        }
        expired
    }

    /// The notifications on the screen.
    pub fn on_screen(&self) -> Vec<NotificationId> {
        self.active.ids()
    }

    /// Forgets a notification that left the screen; returns the messages it was about, none if it is unknown.
    pub fn gone(&mut self, id: NotificationId) -> Vec<Seq> {
        self.standing.remove(id);
        self.read_in.remove(&id);
        self.groups.retain(|_, shown| *shown != id);
        self.moved.retain(|_, now| *now != id);
        self.active.take(id)
    }

    /// Takes note of a notification that left the screen at this unix time although nobody closed it: an emergency is shown
    /// again.
    pub fn lost(&mut self, id: NotificationId, unix: i64) {
        let (seqs, receipt) = self.active.get(id);
        let (seqs, receipt) = (seqs.to_vec(), receipt.cloned());
        self.gone(id);
        if let Some(receipt) = receipt.filter(|receipt| self.notification_of(receipt).is_none()) {
            self.lost.add(receipt, seqs, unix);
        }
    }

    /// Takes note of an emergency that has no notification on the screen, although it was shown and is still open: it is
    /// shown again.
    pub fn note_missing(&mut self, receipt: &Receipt, seqs: Vec<Seq>, unix: i64) {
        if self.notification_of(receipt).is_none() {
            self.lost.add(receipt.clone(), seqs, unix);
        }
    }

    /// When [`Self::note_due`] is to be called, unix seconds.
    pub fn next_due(&self) -> Option<i64> {
        self.lost.next()
    }

    /// Notes which of the lost emergencies may be shown again by now; whether there are any that a plan has to show.
    pub fn note_due(&mut self, unix: i64) -> bool {
        self.lost.note_due(unix)
    }

    /// Takes note that a notification no longer stays in front of others; whether it did.
    pub fn step_back(&mut self, id: NotificationId) -> bool {
        self.standing.remove(id)
    }

    /// Whether a notification stays in front of others until it is handled.
    pub fn stands(&self, id: NotificationId) -> bool {
        self.standing.holds(id)
    }

    /// The messages a notification is about, and the emergency if it is about one.
    pub fn messages_for(&self, id: NotificationId) -> (&[Seq], Option<&Receipt>) {
        self.active.get(id)
    }

    /// The notifications on the screen that are about this message, alone or with others.
    pub fn notifications_with(&self, seqs: &BTreeSet<Seq>) -> Vec<NotificationId> {
        self.active.of(seqs)
    }

    /// The notification on the screen that is about this emergency.
    pub fn notification_of(&self, receipt: &Receipt) -> Option<NotificationId> {
        self.active.receipts().get(receipt).copied()
    }

    /// The emergencies that have a notification on the screen which can be seen, where only `limit` can at once.
    pub fn emergencies(&self, limit: Option<usize>) -> BTreeSet<Receipt> {
        let hidden = self.standing.hidden(limit);
        self.active.receipts().into_keys().filter(|receipt| !hidden.contains(receipt)).cloned().collect()
    }

    /// Forgets all notifications: the notification server restarted, and its ids are no longer valid. The emergencies among
    /// them are shown again.
    pub fn forget_all(&mut self, unix: i64) {
        let emergencies: Vec<_> = self.active.receipts().into_values().collect();
        for id in emergencies {
            self.lost(id, unix);
        }
        self.lost.note_new_server(unix);
        (self.active, self.floods) = (ActiveNotifications::default(), Floods::default());
        self.standing = StandingEmergencies::default();
        self.moved.clear();
        self.groups.clear();
        self.read_in.clear();
    }
}

/// The one notification for the new messages of a flood and those before them.
fn count_of(app: &str, flood: Flood, new: &[Copies<'_>]) -> Step {
    let Flood { contribution, supersedes, is_under_way } = flood;
    let mut sound = GroupSound::default();
    // Once a count is on the screen, the user has heard enough.
    for copies in new.iter().rev().filter(|_| !is_under_way) {
        sound.add(copies.verdict.priority, &copies.verdict.sound);
    }
    let sound = sound.into_choice();
    let mut notification = wording::of_flood(app, contribution.messages(), sound.is_silent());
    // It replaces the one shown first: in place of a later one, some servers would show it below the gaps that the
    // others leave.
    notification.replaces = supersedes.first().copied();
    let expires = contribution.messages().expires;
    Step::Show {
        seqs: sorted(new.iter().map(|copies| copies.newest.seq).collect()),
        notification,
        media: Media { icon: new.last().and_then(|newest| icon_of(&newest.newest.message)), ..sound.into() },
        receipt: None,
        acknowledge: false,
        read: sorted(
            new.iter().filter(|copies| copies.verdict.read).map(|copies| copies.newest.seq).collect(),
        ),
        tracking: Tracking { expires, supersedes, contribution: Some(contribution), ..Tracking::default() },
    }
}

/// Whether a message may be counted instead of shown on its own. The messages of a group replace each other anyway.
fn may_be_counted(copies: &Copies<'_>, unix: i64) -> bool {
    copies.verdict.group.is_none() && flood::may_be_counted(copies.newest, copies.verdict.priority, unix)
}

/// Whether no one acknowledged the emergency, and the service would still repeat it.
fn is_open(entry: &Entry, service_unix: i64) -> bool {
    entry.awaits_acknowledgement() && service_unix < entry.repeated_until()
}

/// How many of these steps show an emergency that has no notification yet.
fn new_emergencies(steps: &[Step]) -> usize {
    let emergencies = steps.iter().filter_map(emergency_of);
    emergencies.filter(|(_, notification)| notification.replaces.is_none()).count()
}

/// The emergency that a step shows, and how.
fn emergency_of(step: &Step) -> Option<(&Receipt, &Notification)> {
    match step {
        Step::Show {
            receipt: Some(receipt), notification, tracking: Tracking { stands: true, .. }, ..
        } => Some((receipt, notification)),
        Step::Show { .. } | Step::Skip { .. } | Step::Hold { .. } => None,
    }
}

fn sorted(mut seqs: Vec<Seq>) -> Vec<Seq> {
    seqs.sort_unstable();
    seqs
}
