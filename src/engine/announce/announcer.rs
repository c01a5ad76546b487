//! Plans what to do about messages, and remembers which notification on the screen is about which of them.
//!
//! Invariant: nothing of priority 1 or 2 is part of a summary of the backlog or of the count of a flood.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::active::ActiveNotifications;
use super::copies::{self, Copies, icon_of};
use super::held::HeldMessages;
use super::plan::{Step, Tracking};
use super::waiting::WaitingMessages;
use super::wording;
use crate::domain::media::Media;
use crate::domain::message::{Entry, Receipt, Seq};
use crate::domain::notification::{LeftoverNotification, NotificationId};
use crate::engine::policy::flood::{self, Contribution, Flood, Floods};
use crate::engine::policy::sound::GroupSound;
use crate::engine::policy::{Action, Circumstances, backlog};

/// Decides what to show, and remembers which notification on the screen is about which messages.
#[derive(Clone, Debug, Default)]
pub struct Announcer {
    active: ActiveNotifications,
    floods: Floods,
}

impl Announcer {
    /// An announcer for an empty screen.
    pub fn new() -> Self {
        Self::default()
    }

    /// What to do about the messages that are recorded and not announced, given in any order.
    ///
    /// First comes what is skipped, then what is held back, then the notifications in ascending order of id, then for
    /// each application in a flood the notification that counts, then the summary of the backlog.
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
        let (mut held, mut shown) = (Vec::new(), Vec::new());
        for copies in copies::group(page, circumstances) {
            match copies.verdict.action {
                Action::Skip { read } => skipped.entry(read).or_default().extend(copies.seqs),
                Action::Hold => held.extend(copies.seqs),
                Action::Show => shown.push(copies),
            }
        }
        if ordinary.is_summarised() {
            shown.retain(|copies| {
                !backlog::may_be_summarised(copies.newest, copies.verdict.priority, circumstances)
            });
        }
        let (shown, floods) = self.split_off_floods(shown, circumstances.unix);

        let mut steps = Vec::new();
        steps.extend(skipped.into_iter().map(|(read, seqs)| Step::Skip { seqs: sorted(seqs), read }));
        if !held.is_empty() {
            steps.push(Step::Hold { seqs: sorted(held) });
        }
        let on_screen = self.active.receipts();
        for copies in shown {
            let may_be_counted =
                flood::may_be_counted(copies.newest, copies.verdict.priority, circumstances.unix);
            let contribution =
                may_be_counted.then(|| Contribution::of_message(copies.newest, copies.verdict.priority));
            steps.push(copies.into_step(&on_screen, contribution, circumstances));
        }
        steps.extend(floods);
        steps
    }

    /// Separates the messages of floods, and makes one notification of them for each application.
    fn split_off_floods<'a>(&self, shown: Vec<Copies<'a>>, unix: i64) -> (Vec<Copies<'a>>, Vec<Step>) {
        let mut by_app = BTreeMap::<&str, Vec<Copies<'_>>>::new();
        let mut single = Vec::new();
        for copies in shown {
            if flood::may_be_counted(copies.newest, copies.verdict.priority, unix) {
                by_app.entry(&copies.newest.message.app).or_default().push(copies);
            } else {
                single.push(copies);
            }
        }
        let mut steps = Vec::new();
        for (app, new) in by_app {
            let counted: Vec<_> = new.iter().map(|copies| (copies.newest, copies.verdict.priority)).collect();
            match self.floods.flood_of(&counted, unix, |id| self.active.holds(id)) {
                Some(flood) => steps.push(count_of(app, flood, &new)),
                None => single.extend(new),
            }
        }
        single.sort_by_key(|copies| (copies.newest.message.id, copies.newest.seq));
        (single, steps)
    }

    /// What to do about the messages that a pause held back, now that it is over: first what is skipped, then one
    /// notification.
    pub fn plan_held(&self, held: HeldMessages<'_>) -> Vec<Step> {
        held.into_steps(&self.active.receipts())
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
        let Tracking { expires, mut supersedes, contribution } = tracking;
        for superseded in &supersedes {
            self.active.take(*superseded);
        }
        // A click on a notification that counts is about all that it counts.
        let all = contribution.as_ref().map_or(seqs, |contribution| &contribution.messages().seqs);
        self.active.put(id, all, receipt, expires);
        if let Some(contribution) = contribution {
            self.floods.note_shown(id, contribution, unix);
        }
        supersedes.retain(|superseded| *superseded != id);
        supersedes
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
            self.active.take(*id);
        }
        expired
    }

    /// Forgets a notification that left the screen; returns the messages it was about, none if it is unknown.
    pub fn gone(&mut self, id: NotificationId) -> Vec<Seq> {
        self.active.take(id)
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

    /// The emergencies that have a notification on the screen.
    pub fn emergencies(&self) -> BTreeSet<Receipt> {
        self.active.receipts().into_keys().cloned().collect()
    }

    /// Forgets all notifications: the notification server restarted, and its ids are no longer valid.
    pub fn forget_all(&mut self) {
        (self.active, self.floods) = (ActiveNotifications::default(), Floods::default());
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
        tracking: Tracking { expires, supersedes, contribution: Some(contribution) },
    }
}

fn sorted(mut seqs: Vec<Seq>) -> Vec<Seq> {
    seqs.sort_unstable();
    seqs
}
