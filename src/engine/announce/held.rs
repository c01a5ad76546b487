//! What a pause held back, as one notification at its end.
//!
//! Invariant: of any number of messages only the few that are named are kept: a pause may last for months.

use std::collections::{BTreeMap, BTreeSet};

use super::loudest::{Hearing, Loudest};
use super::wording::Summary;
use super::{Candidate, Circumstances, Step, Ticket, is_passed_over, is_settled, receipt_of, wording};
use crate::domain::media::Media;
use crate::domain::message::{Entry, Priority, Receipt, Seq};
use crate::domain::notification::NotificationId;

/// What was held back, taken in one by one, the message recorded last first.
#[derive(Clone, Debug)]
pub struct Held<'a> {
    circumstances: Circumstances<'a>,
    /// What is below it stays held back.
    still: Option<Priority>,
    passed_over: Vec<Seq>,
    shown: Vec<Seq>,
    summary: Summary,
    newest: Option<Box<Entry>>,
    emergencies: BTreeSet<Receipt>,
    loudest: Loudest,
}

impl<'a> Held<'a> {
    /// Nothing yet. What was held back did not wait for a connection, and comes after the first flush.
    pub fn new(circumstances: Circumstances<'a>) -> Self {
        Self {
            circumstances: Circumstances {
                backlog: false,
                first_flush: false,
                paused: None,
                ..circumstances
            },
            still: None,
            passed_over: Vec::new(),
            shown: Vec::new(),
            summary: Summary::new(),
            newest: None,
            emergencies: BTreeSet::new(),
            loudest: Loudest::default(),
        }
    }

    /// The same during a pause, which these circumstances tell of: only what breaks through it, since the user changed
    /// what does, is taken in.
    pub fn breaking_through(circumstances: Circumstances<'a>) -> Self {
        let held = Self::new(circumstances);
        Self { still: circumstances.paused, ..held }
    }

    /// Takes in a message that was recorded before all others so far.
    pub fn add(&mut self, entry: Entry) {
        if self.still.is_some_and(|lowest| wording::weight(&entry.message) < lowest) {
            return;
        }
        // Whoever read it in the tray or in the list meanwhile is not told of it again.
        let is_read = entry.read.is_some() && !entry.awaits_acknowledgement();
        if is_read || is_settled(&entry) || is_passed_over(&entry.message, &self.circumstances) {
            self.passed_over.push(entry.seq);
            return;
        }
        self.shown.push(entry.seq);
        let is_copy =
            receipt_of(&entry.message).is_some_and(|receipt| !self.emergencies.insert(receipt.clone()));
        if is_copy {
            return;
        }
        self.loudest.add(&entry.message);
        self.summary.add(&entry.message, &self.circumstances);
        self.newest.get_or_insert_with(|| Box::new(entry));
    }

    pub(super) fn into_steps(
        mut self,
        on_screen: &BTreeMap<&Receipt, NotificationId>,
        hearing: &Hearing,
    ) -> Vec<Step> {
        self.passed_over.reverse();
        self.shown.reverse();
        let mut steps = Vec::new();
        if !self.passed_over.is_empty() {
            steps.push(Step::PassOver { seqs: self.passed_over, read: false });
        }
        let Some(newest) = self.newest else { return steps };
        let mut step = if self.summary.count() == 1 {
            // One message reads better as itself.
            Candidate { newest: &newest, seqs: self.shown }.into_step(on_screen, None, &self.circumstances)
        } else {
            let notification = self.summary.into_notification("while paused");
            Step::Show {
                seqs: self.shown,
                notification,
                media: Media::default(),
                receipt: None,
                acknowledge: false,
                ticket: Ticket::default(),
            }
        };
        hearing.give(&mut step, &self.loudest, &self.circumstances);
        steps.push(step);
        steps
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Announcer;
    use super::super::tests::{KINDS, Kind, LIVE, entry, in_short};
    use super::*;
    use crate::domain::notification::Urgency;
    use crate::domain::settings::Backlog;

    /// What is done about messages of these kinds, recorded in this order.
    fn plan(kinds: &[Kind], circumstances: Circumstances<'_>) -> Vec<Step> {
        let mut held = Held::new(circumstances);
        let entries = (1..).zip(kinds).map(|(number, kind)| entry(number, *kind));
        entries.collect::<Vec<_>>().into_iter().rev().for_each(|entry| held.add(entry));
        Announcer::new().plan_held(held)
    }

    fn title_of_last(steps: &[Step]) -> Option<&str> {
        match steps.last()? {
            Step::Show { notification, .. } => Some(&notification.title),
            Step::PassOver { .. } | Step::Hold { .. } => None,
        }
    }

    #[test]
    fn what_was_held_back_is_one_notification() {
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
    fn what_was_read_meanwhile_is_not_told_of_again() {
        let mut held = Held::new(LIVE);
        for number in (1..=3).rev() {
            let read = (number == 2).then_some(5);
            held.add(Entry { read, ..entry(number, Kind::Of(Priority::Normal)) });
        }
        let steps = Announcer::new().plan_held(held);
        assert_eq!(in_short(&steps), "-2 +1,3");
    }

    #[test]
    fn what_breaks_through_by_now_does_not_wait_for_the_end() {
        use Priority::{High, Low, Normal};
        for (lowest, expected) in
            [(Priority::Emergency, ""), (High, "+2"), (Normal, "+1,2"), (Low, "-4 +1,2,3")]
        {
            let mut held = Held::breaking_through(Circumstances { paused: Some(lowest), ..LIVE });
            let kinds = [Kind::Of(Normal), Kind::Of(High), Kind::Of(Low), Kind::Expired(Low)];
            (1..).zip(kinds).for_each(|(number, kind)| held.add(entry(number, kind)));
            let mut steps = Announcer::new().plan_held(held);
            for step in &mut steps {
                let (Step::Show { seqs, .. } | Step::PassOver { seqs, .. } | Step::Hold { seqs }) = step;
                seqs.sort_unstable();
            }
            assert_eq!(in_short(&steps), expected, "{lowest:?}");
        }
    }

    #[test]
    fn what_waited_for_a_pause_did_not_wait_for_a_connection() {
        let kinds = [Kind::Of(Priority::Normal), Kind::Of(Priority::Low)];
        for circumstances in [
            Circumstances { backlog: true, backlog_policy: Backlog::Silent, ..LIVE },
            Circumstances { backlog: true, backlog_policy: Backlog::All, ..LIVE },
            Circumstances { first_flush: true, ..LIVE },
            Circumstances { paused: Some(Priority::Emergency), ..LIVE },
        ] {
            assert_eq!(in_short(&plan(&kinds, circumstances)), "+1,2", "{circumstances:?}");
        }
    }

    #[test]
    fn it_is_as_loud_as_the_loudest_and_does_not_stay() {
        for (kinds, urgency, silent) in [
            ([Priority::Low, Priority::Low], Urgency::Low, true),
            ([Priority::Low, Priority::Normal], Urgency::Normal, false),
            ([Priority::High, Priority::Low], Urgency::Critical, false),
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
        let (mut passed_over, mut shown) = (Vec::new(), Vec::new());
        for (seq, kind) in (1..).map(Seq).zip(kinds) {
            let is_passed_over = matches!(
                kind,
                Kind::Of(Priority::Lowest) | Kind::Expired(_) | Kind::Wanted | Kind::Confirmed
            );
            if is_passed_over { passed_over.push(seq) } else { shown.push(seq) }
        }
        let mut rest = steps.iter();
        if !passed_over.is_empty() {
            assert_eq!(rest.next(), Some(&Step::PassOver { seqs: passed_over, read: false }), "{}", case());
        }
        if !shown.is_empty() {
            let Some(Step::Show { seqs, .. }) = rest.next() else { panic!("{}", case()) };
            assert_eq!(*seqs, shown, "each once, in the order of recording: {}", case());
        }
        assert_eq!(rest.next(), None, "one notification at most: {}", case());
    }

    #[test]
    fn every_small_world_is_one_notification_at_most() {
        for length in 0..=4 {
            for number in 0..KINDS.len().pow(length) {
                let kind = |place| KINDS[number / KINDS.len().pow(place) % KINDS.len()];
                assert_plan(&(0..length).map(kind).collect::<Vec<_>>());
            }
        }
    }

    proptest! {
        #[test]
        fn any_world_is_one_notification_at_most(kinds in proptest::collection::vec(0..KINDS.len(), 0..60)) {
            assert_plan(&kinds.into_iter().map(|kind| KINDS[kind]).collect::<Vec<_>>());
        }
    }
}
