//! The messages that a pause or a rule held back, as one notification when that is over.
//!
//! Invariant: of any number of messages only the few that the notification names are kept in memory: a pause may last
//! for months.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use super::copies::{Copies, Replaceable};
use super::plan::{Step, Tracking};
use super::wording::Summary;
use crate::domain::message::{Entry, Receipt, Seq};
use crate::domain::settings::Backlog;
use crate::engine::policy::{Action, Circumstances, Verdict, decide};

/// The messages that were held back, added one by one, the one recorded last first.
#[derive(Clone, Debug)]
pub struct HeldMessages<'a> {
    circumstances: Circumstances<'a>,
    listed: BTreeSet<Seq>,
    skipped: Vec<Seq>,
    shown: Vec<Seq>,
    read: Vec<Seq>,
    summary: Summary,
    newest: Option<Box<(Entry, Verdict)>>,
    emergencies: BTreeSet<Receipt>,
    groups: BTreeSet<String>,
    /// When the latest pause began and ended, unix seconds, if there was one.
    pause: Option<RangeInclusive<i64>>,
    /// Whether one of them arrived during it.
    while_paused: bool,
    release: Option<i64>,
}

impl<'a> HeldMessages<'a> {
    /// No messages yet. During a pause only those are shown that break through it, since the user may have changed which ones
    /// do. The initial sync and the setting for the backlog were applied before messages were held back.
    pub fn new(circumstances: Circumstances<'a>) -> Self {
        Self {
            circumstances: Circumstances { initial_sync: false, backlog: Backlog::All, ..circumstances },
            listed: BTreeSet::new(),
            skipped: Vec::new(),
            shown: Vec::new(),
            read: Vec::new(),
            summary: Summary::new(),
            newest: None,
            emergencies: BTreeSet::new(),
            groups: BTreeSet::new(),
            pause: Some(i64::MIN..=i64::MAX),
            while_paused: false,
            release: None,
        }
    }

    /// The same, with the time of the latest pause: what was recorded before or after it was held back by a rule, which may be gone
    /// by now.
    #[must_use]
    pub fn after_pause(self, pause: Option<RangeInclusive<i64>>) -> Self {
        Self { pause, ..self }
    }

    /// The same, without a notification for the messages that a list named meanwhile.
    #[must_use]
    pub fn except_listed(self, listed: &BTreeSet<Seq>) -> Self {
        Self { listed: listed.clone(), ..self }
    }

    /// Adds a message that was recorded before all others so far.
    pub fn add(&mut self, entry: Entry) {
        // A message that the user read in the tray or in the list meanwhile needs no notification.
        let was_seen = entry.read.is_some() || self.listed.contains(&entry.seq);
        let is_read = was_seen && !entry.awaits_acknowledgement();
        let verdict = decide(&entry, &self.circumstances);
        match verdict.action {
            Action::Hold if !is_read => {
                self.release = earliest(self.release, verdict.held_until);
                return;
            }
            Action::Show if !is_read => self.shown.push(entry.seq),
            Action::Show | Action::Hold | Action::Skip { .. } => {
                self.skipped.push(entry.seq);
                return;
            }
        }
        self.read.extend(verdict.read.then_some(entry.seq));
        let was_paused = self.pause.as_ref().is_some_and(|pause| pause.contains(&entry.recorded));
        self.while_paused |= verdict.held_until.is_none() && was_paused;
        let receipt = entry.message.emergency_receipt();
        let is_copy = receipt.is_some_and(|receipt| !self.emergencies.insert(receipt.clone()))
            || verdict.group.as_ref().is_some_and(|group| !self.groups.insert(group.clone()));
        if is_copy {
            return;
        }
        self.summary.add(&entry.message, &verdict);
        self.newest.get_or_insert_with(|| Box::new((entry, verdict)));
    }

    /// When a rule lets the first of those that stay held back be shown, unix seconds.
    pub fn release(&self) -> Option<i64> {
        self.release
    }

    pub(super) fn into_steps(mut self, on_screen: &Replaceable<'_>) -> Vec<Step> {
        self.skipped.reverse();
        self.shown.reverse();
        self.read.reverse();
        let mut steps = Vec::new();
        if !self.skipped.is_empty() {
            steps.push(Step::Skip { seqs: self.skipped, read: false });
        }
        let Some((newest, verdict)) = self.newest.map(|newest| *newest) else { return steps };
        let mut step = if self.summary.count() == 1 {
            // A single message is shown as itself, not as a summary.
            let copies = Copies { newest: &newest, seqs: self.shown, verdict };
            copies.into_step(on_screen, None, &self.circumstances)
        } else {
            let (notification, sound) =
                self.summary.into_notification(if self.while_paused { "while paused" } else { "earlier" });
            Step::Show {
                seqs: self.shown,
                notification,
                media: sound.into(),
                receipt: None,
                acknowledge: false,
                read: Vec::new(),
                tracking: Tracking::default(),
            }
        };
        if let Step::Show { read, .. } = &mut step {
            *read = self.read;
        }
        steps.push(step);
        steps
    }
}

/// The earlier of two times, as far as they are known.
pub(super) fn earliest(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    one.into_iter().chain(other).min()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Announcer;
    use super::super::tests::{KINDS, in_short};
    use super::*;
    use crate::domain::message::{Arrival, Priority};
    use crate::domain::notification::Urgency;
    use crate::engine::policy::tests::{Kind, LIVE, entry};

    /// What is done about messages of these kinds, recorded in this order.
    fn plan(kinds: &[Kind], circumstances: Circumstances<'_>) -> Vec<Step> {
        let mut held = HeldMessages::new(circumstances);
        let entries = (1..).zip(kinds).map(|(number, kind)| entry(number, *kind));
        entries.collect::<Vec<_>>().into_iter().rev().for_each(|entry| held.add(entry));
        Announcer::new().plan_held(held)
    }

    fn title_of_last(steps: &[Step]) -> Option<&str> {
        match steps.last()? {
            Step::Show { notification, .. } => Some(&notification.title),
            Step::Skip { .. } | Step::Hold { .. } => None,
        }
    }

    #[test]
    fn messages_held_back_become_one_notification() {
        use Priority::{High, Low, Lowest, Normal};
        let (low, normal, high) = (Kind::Of(Low), Kind::Of(Normal), Kind::Of(High));
        for (kinds, expected, title) in [
            (vec![], "", None),
            (vec![normal], "+1", Some("App")),
            (vec![normal, low], "+1,2", Some("2 messages arrived while paused")),
            (vec![normal, high, low, normal], "+1,2,3,4", Some("4 messages arrived while paused")),
            (vec![Kind::Expired(Normal)], "-1", None),
            (vec![Kind::Expired(High), normal], "-1 +2", Some("App")),
            (
                vec![normal, Kind::Wanted, Kind::Confirmed, low],
                "-2,3 +1,4",
                Some("2 messages arrived while paused"),
            ),
            // Copies of one emergency that somebody else acknowledged are one message.
            (vec![Kind::Closed("a"), Kind::Closed("a")], "+1,2", Some("App")),
            (
                vec![Kind::Closed("a"), normal, Kind::Closed("a")],
                "+1,2,3",
                Some("2 messages arrived while paused"),
            ),
            (vec![Kind::Of(Lowest), normal], "-1 +2", Some("App")),
        ] {
            let steps = plan(&kinds, LIVE);
            assert_eq!((in_short(&steps).as_str(), title_of_last(&steps)), (expected, title), "{kinds:?}");
        }
    }

    #[test]
    fn a_message_that_was_read_during_the_pause_is_skipped() {
        let mut held = HeldMessages::new(LIVE);
        for number in (1..=3).rev() {
            let read = (number == 2).then_some(5);
            held.add(Entry { read, ..entry(number, Kind::Of(Priority::Normal)) });
        }
        let steps = Announcer::new().plan_held(held);
        assert_eq!(in_short(&steps), "-2 +1,3");
    }

    #[test]
    fn messages_that_break_through_by_now_are_shown_during_the_pause() {
        use Priority::{High, Low, Normal};
        for (lowest, expected) in
            [(Priority::Emergency, "-4"), (High, "-4 +2"), (Normal, "-4 +1,2"), (Low, "-4 +1,2,3")]
        {
            let mut held = HeldMessages::new(Circumstances { paused: Some(lowest), ..LIVE });
            let kinds = [Kind::Of(Normal), Kind::Of(High), Kind::Of(Low), Kind::Expired(Low)];
            (1..).zip(kinds).for_each(|(number, kind)| held.add(entry(number, kind)));
            let mut steps = Announcer::new().plan_held(held);
            for step in &mut steps {
                let (Step::Show { seqs, .. } | Step::Skip { seqs, .. } | Step::Hold { seqs, .. }) = step;
                seqs.sort_unstable();
            }
            assert_eq!(in_short(&steps), expected, "{lowest:?}");
        }
    }

    #[test]
    fn the_backlog_setting_and_the_initial_sync_do_not_apply_again() {
        for circumstances in [
            Circumstances { backlog: Backlog::Silent, ..LIVE },
            Circumstances { backlog: Backlog::All, ..LIVE },
            Circumstances { initial_sync: true, ..LIVE },
        ] {
            for arrival in [Arrival::Live, Arrival::Waited] {
                let mut held = HeldMessages::new(circumstances);
                for (number, priority) in [(2, Priority::Low), (1, Priority::Normal)] {
                    held.add(Entry { arrival, ..entry(number, Kind::Of(priority)) });
                }
                let steps = Announcer::new().plan_held(held);
                assert_eq!(in_short(&steps), "+1,2", "{circumstances:?}");
            }
        }
    }

    #[test]
    fn the_notification_is_as_urgent_as_its_most_urgent_message_and_does_not_stay() {
        for (kinds, urgency, silent) in [
            ([Priority::Low, Priority::Low], Urgency::Low, true),
            ([Priority::Low, Priority::Normal], Urgency::Normal, false),
            ([Priority::High, Priority::Low], Urgency::High, false),
        ] {
            let steps = plan(&kinds.map(Kind::Of), LIVE);
            let [Step::Show { notification, receipt: None, acknowledge: false, .. }] = &steps[..] else {
                panic!("{steps:?}")
            };
            assert_eq!(
                (notification.urgency, notification.silent, notification.resident),
                (urgency, silent, false)
            );
        }
    }

    /// Asserts everything that is promised, message by message.
    fn assert_plan(kinds: &[Kind]) {
        let steps = plan(kinds, LIVE);
        let case = || format!("{} of {kinds:?}", in_short(&steps));
        let (mut skipped, mut shown) = (Vec::new(), Vec::new());
        for (seq, kind) in (1..).map(Seq).zip(kinds) {
            let is_skipped = matches!(
                kind,
                Kind::Of(Priority::Lowest) | Kind::Expired(_) | Kind::Wanted | Kind::Confirmed
            );
            if is_skipped { skipped.push(seq) } else { shown.push(seq) }
        }
        let mut rest = steps.iter();
        if !skipped.is_empty() {
            assert_eq!(rest.next(), Some(&Step::Skip { seqs: skipped, read: false }), "{}", case());
        }
        if !shown.is_empty() {
            let Some(Step::Show { seqs, .. }) = rest.next() else { panic!("{}", case()) };
            assert_eq!(*seqs, shown, "each once, in the order of recording: {}", case());
        }
        assert_eq!(rest.next(), None, "one notification at most: {}", case());
    }

    #[test]
    fn any_four_kinds_of_messages_become_one_notification_at_most() {
        for length in 0..=4 {
            for number in 0..KINDS.len().pow(length) {
                let kind = |place| KINDS[number / KINDS.len().pow(place) % KINDS.len()];
                assert_plan(&(0..length).map(kind).collect::<Vec<_>>());
            }
        }
    }

    proptest! {
        #[test]
        fn any_number_of_messages_becomes_one_notification_at_most(kinds in proptest::collection::vec(0..KINDS.len(), 0..60)) {
            assert_plan(&kinds.into_iter().map(|kind| KINDS[kind]).collect::<Vec<_>>());
        }
    }
}
