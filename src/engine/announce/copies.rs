//! A message and what it stands in for: the earlier copies of an emergency, which is delivered once for each of its repeats, or
//! the earlier messages of a group that a rule makes.
//!
//! Invariant: every message is in exactly one of these, and the verdict on the newest one holds for all.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::acknowledged::{Acknowledged, say_acknowledged};
use super::plan::{Step, Tracking};
use super::wording;
use crate::domain::media::{Media, MediaName};
use crate::domain::message::{Entry, Message, Receipt, Seq};
use crate::domain::notification::{Notification, NotificationId, Urgency};
use crate::engine::policy::flood::Contribution;
use crate::engine::policy::sound::SoundChoice;
use crate::engine::policy::{Action, Circumstances, Verdict, backlog, decide, is_acknowledged_here};

/// A message to announce, together with the older copies of the same emergency, or the older messages of its group.
pub(super) struct Copies<'a> {
    pub(super) newest: &'a Entry,
    /// All of them, in ascending order.
    pub(super) seqs: Vec<Seq>,
    pub(super) verdict: Verdict,
}

/// Groups messages given in any order; the groups are in ascending order of the id of the newest copy.
pub(super) fn group<'a>(waiting: &'a [Entry], circumstances: &Circumstances<'_>) -> Vec<Copies<'a>> {
    let mut newest_first: Vec<_> = waiting.iter().collect();
    newest_first.sort_unstable_by_key(|entry| Reverse((entry.message.id, entry.seq)));

    let mut groups: Vec<Copies<'_>> = Vec::new();
    let (mut by_receipt, mut by_group) = (BTreeMap::new(), BTreeMap::new());
    for entry in newest_first {
        let receipt = entry.message.emergency_receipt();
        let index = receipt.map(|receipt| *by_receipt.entry(receipt).or_insert(groups.len()));
        if let Some(newer) = index.and_then(|index| groups.get_mut(index)) {
            newer.seqs.push(entry.seq);
            continue;
        }
        let verdict = decide(entry, circumstances);
        let key = group_key(entry, &verdict, circumstances);
        let index = key.map(|key| *by_group.entry(key).or_insert(groups.len()));
        if let Some(newer) = index.and_then(|index| groups.get_mut(index)) {
            newer.seqs.push(entry.seq);
        } else {
            groups.push(Copies { newest: entry, seqs: vec![entry.seq], verdict });
        }
    }
    groups.reverse();
    for copies in &mut groups {
        copies.seqs.sort_unstable();
    }
    groups
}

/// What the messages have in common that are shown as one because of a rule. Those that may be part of a summary are apart from
/// the others, so that a summary of many pages and the pages agree on each message.
fn group_key(entry: &Entry, verdict: &Verdict, circumstances: &Circumstances<'_>) -> Option<(String, bool)> {
    let group = verdict.group.clone().filter(|_| verdict.action == Action::Show)?;
    Some((group, backlog::may_be_summarised(entry, verdict.priority, circumstances)))
}

/// The notifications on the screen that a new one replaces.
#[derive(Default)]
pub(super) struct Replaceable<'a> {
    pub(super) receipts: BTreeMap<&'a Receipt, NotificationId>,
    pub(super) groups: Option<&'a BTreeMap<String, NotificationId>>,
}

impl Copies<'_> {
    /// Shows them as one notification, in the place of an older one about the same emergency or group.
    pub(super) fn into_step(
        self,
        on_screen: &Replaceable<'_>,
        contribution: Option<Contribution>,
        circumstances: &Circumstances<'_>,
    ) -> Step {
        let message = &self.newest.message;
        let receipt = message.emergency_receipt().cloned();
        let mut notification = wording::of_one(self.newest, &self.verdict, circumstances);
        let group = self.verdict.group;
        notification.replaces = match (&receipt, &group) {
            (Some(receipt), _) => on_screen.receipts.get(receipt).copied(),
            (None, Some(group)) => on_screen.groups.and_then(|groups| groups.get(group).copied()),
            (None, None) => None,
        };
        let stands = notification.urgency == Urgency::Critical;
        let tracking =
            Tracking { expires: message.worth_until(), stands, supersedes: Vec::new(), contribution, group };
        Step::Show {
            read: if self.verdict.read { self.seqs.clone() } else { Vec::new() },
            seqs: self.seqs,
            notification,
            media: Media { icon: icon_of(message), ..self.verdict.sound.into() },
            receipt,
            acknowledge: self.verdict.acknowledge,
            tracking,
        }
    }
}

/// The notification of an emergency that was acknowledged.
pub fn acknowledged(
    newest: &Entry,
    acknowledged: Acknowledged<'_>,
    circumstances: &Circumstances<'_>,
) -> (Notification, Media) {
    let verdict = Verdict { sound: SoundChoice::SILENT, ..decide(newest, circumstances) };
    let mut notification = wording::of_one(newest, &verdict, circumstances);
    say_acknowledged(&mut notification, acknowledged);
    (notification, Media { icon: icon_of(&newest.message), ..SoundChoice::SILENT.into() })
}

/// A notification that is on the screen, as it is shown once more in its place: silently, and without a banner unless it is an
/// emergency to be handled. `latest` are the latest of its `count` messages, the newest first.
pub fn in_place(
    latest: &[Entry],
    count: usize,
    circumstances: &Circumstances<'_>,
) -> Option<(Notification, Media)> {
    let newest = latest.first()?;
    let receipt = newest.message.emergency_receipt();
    let group = decide(newest, circumstances).group;
    let is_one = latest.iter().all(|entry| {
        (receipt.is_some() && entry.message.emergency_receipt() == receipt)
            || (group.is_some() && decide(entry, circumstances).group == group)
    });
    let (mut notification, icon) = if is_one || count == 1 {
        let verdict = Verdict { sound: SoundChoice::SILENT, ..decide(newest, circumstances) };
        let mut notification = wording::of_one(newest, &verdict, circumstances);
        if newest.message.acknowledged || is_acknowledged_here(newest) {
            say_acknowledged(&mut notification, Acknowledged::Somewhere);
        }
        (notification, icon_of(&newest.message))
    } else {
        (wording::of_earlier(latest, count, circumstances), None)
    };
    if notification.urgency != Urgency::Critical {
        notification.urgency = Urgency::Low;
    }
    notification.silent = true;
    Some((notification, Media { icon, ..SoundChoice::SILENT.into() }))
}

/// Shows the newest copy of an emergency once more, silently; in the place of a notification of it, if there is one.
pub(super) fn once_more(
    newest: &Entry,
    seqs: Vec<Seq>,
    supersedes: Option<NotificationId>,
    circumstances: &Circumstances<'_>,
) -> Step {
    let is_acknowledged = newest.message.acknowledged || is_acknowledged_here(newest);
    let verdict = Verdict {
        sound: SoundChoice::SILENT,
        acknowledge: false,
        read: false,
        ..decide(newest, circumstances)
    };
    let copies = Copies { newest, seqs, verdict };
    let mut step = copies.into_step(&Replaceable::default(), None, circumstances);
    if let Step::Show { tracking, notification, .. } = &mut step {
        tracking.supersedes = supersedes.into_iter().collect();
        if is_acknowledged {
            tracking.stands = false;
            say_acknowledged(notification, Acknowledged::Somewhere);
        }
    }
    step
}

/// The icon of the application that sent a message.
pub(super) fn icon_of(message: &Message) -> Option<MediaName> {
    message.icon.as_deref().and_then(MediaName::new)
}
