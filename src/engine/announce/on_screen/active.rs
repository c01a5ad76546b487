//! Which notification on the screen is about which messages.
//!
//! Invariant: each id is held once, and at most [`LIMIT`] ids are held; beyond that the one shown first is forgotten.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::domain::message::{Receipt, Seq};
use crate::domain::notification::NotificationId;

/// More than fit on any screen: a notification server that never reports what it closed must not fill the memory.
pub(in crate::engine::announce) const LIMIT: usize = 1_000;

/// The notifications on the screen, the one shown first in front.
#[derive(Clone, Debug, Default)]
pub(in crate::engine::announce) struct ActiveNotifications(VecDeque<Shown>);

#[derive(Clone, Debug)]
struct Shown {
    id: NotificationId,
    seqs: Vec<Seq>,
    receipt: Option<Receipt>,
    expires: Option<i64>,
}

impl ActiveNotifications {
    /// Adds a notification. If it replaces one about the same emergency under the same id, it takes over the messages of
    /// that one. `expires` is when it is to be closed, unix seconds.
    pub(in crate::engine::announce) fn put(
        &mut self,
        id: NotificationId,
        seqs: &[Seq],
        receipt: Option<&Receipt>,
        expires: Option<i64>,
    ) {
        let predecessor =
            self.remove(id).filter(|shown| receipt.is_some() && shown.receipt.as_ref() == receipt);
        let mut all = predecessor.map(|shown| shown.seqs).unwrap_or_default();
        all.extend_from_slice(seqs);
        all.sort_unstable();
        all.dedup();
        self.0.push_back(Shown { id, seqs: all, receipt: receipt.cloned(), expires });
        if self.0.len() > LIMIT {
            self.0.pop_front();
        }
    }

    /// Forgets a notification and returns the messages it was about, in ascending order.
    pub(in crate::engine::announce) fn take(&mut self, id: NotificationId) -> Vec<Seq> {
        self.remove(id).map(|shown| shown.seqs).unwrap_or_default()
    }

    /// The messages that a notification is about, in ascending order, and the emergency if it is about one.
    pub(in crate::engine::announce) fn get(&self, id: NotificationId) -> (&[Seq], Option<&Receipt>) {
        let found = self.0.iter().find(|shown| shown.id == id);
        found.map_or((&[], None), |shown| (&shown.seqs, shown.receipt.as_ref()))
    }

    /// Gives a notification another id.
    pub(in crate::engine::announce) fn rename(&mut self, before: NotificationId, now: NotificationId) {
        let Some(moved) = self.remove(before) else { return };
        match self.0.iter_mut().find(|shown| shown.id == now) {
            // It was put here before it was known that it took the place of the other.
            Some(shown) => {
                shown.seqs.extend(moved.seqs);
                shown.seqs.sort_unstable();
                shown.seqs.dedup();
            }
            None => self.0.push_back(Shown { id: now, ..moved }),
        }
    }

    /// Gives messages other numbers.
    pub(in crate::engine::announce) fn renumber(&mut self, numbers: &BTreeMap<Seq, Seq>) {
        for shown in &mut self.0 {
            for seq in &mut shown.seqs {
                *seq = numbers.get(seq).copied().unwrap_or(*seq);
            }
            shown.seqs.sort_unstable();
        }
    }

    /// The notifications that are about any of these messages, and perhaps about others.
    pub(in crate::engine::announce) fn of(&self, seqs: &BTreeSet<Seq>) -> Vec<NotificationId> {
        let is_of = |shown: &&Shown| shown.seqs.iter().any(|seq| seqs.contains(seq));
        self.0.iter().filter(is_of).map(|shown| shown.id).collect()
    }

    /// For each emergency on the screen the notification that was shown last.
    pub(in crate::engine::announce) fn receipts(&self) -> BTreeMap<&Receipt, NotificationId> {
        self.0.iter().filter_map(|shown| Some((shown.receipt.as_ref()?, shown.id))).collect()
    }

    /// All of them.
    pub(in crate::engine::announce) fn ids(&self) -> Vec<NotificationId> {
        self.0.iter().map(|shown| shown.id).collect()
    }

    /// Whether a notification is on the screen, as far as the notification server reported.
    pub(in crate::engine::announce) fn holds(&self, id: NotificationId) -> bool {
        self.0.iter().any(|shown| shown.id == id)
    }

    /// When the next of them expires, unix seconds.
    pub(in crate::engine::announce) fn next_expiry(&self) -> Option<i64> {
        self.0.iter().filter_map(|shown| shown.expires).min()
    }

    /// The notifications that are expired at this unix time.
    pub(in crate::engine::announce) fn expired(&self, unix: i64) -> Vec<NotificationId> {
        let is_expired = |shown: &&Shown| shown.expires.is_some_and(|expires| expires <= unix);
        self.0.iter().filter(is_expired).map(|shown| shown.id).collect()
    }

    fn remove(&mut self, id: NotificationId) -> Option<Shown> {
        let place = self.0.iter().position(|shown| shown.id == id)?;
        self.0.remove(place)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn receipt(name: &str) -> Receipt {
        Receipt::new(name).unwrap()
    }

    #[test]
    fn a_repeat_takes_over_the_messages_of_the_notification_it_replaces() {
        let mut active = ActiveNotifications::default();
        let (fire, flood) = (receipt("fire"), receipt("flood"));
        active.put(NotificationId(1), &[Seq(1)], Some(&fire), None);
        active.put(NotificationId(1), &[Seq(2), Seq(1)], Some(&fire), None);
        assert_eq!(active.get(NotificationId(1)), (&[Seq(1), Seq(2)][..], Some(&fire)));
        active.put(NotificationId(1), &[Seq(3)], Some(&flood), None);
        assert_eq!(active.get(NotificationId(1)), (&[Seq(3)][..], Some(&flood)));
        active.put(NotificationId(1), &[Seq(4)], None, None);
        active.put(NotificationId(1), &[Seq(5)], None, None);
        assert_eq!(active.get(NotificationId(1)), (&[Seq(5)][..], None));
        assert_eq!(active.take(NotificationId(1)), [Seq(5)]);
        assert_eq!(active.take(NotificationId(1)), []);
    }

    #[test]
    fn the_later_of_two_notifications_about_one_emergency_counts_while_it_is_there() {
        let mut active = ActiveNotifications::default();
        let fire = receipt("fire");
        active.put(NotificationId(9), &[Seq(1)], Some(&fire), None);
        active.put(NotificationId(2), &[Seq(2)], Some(&fire), None);
        assert_eq!(active.receipts(), BTreeMap::from([(&fire, NotificationId(2))]));
        active.take(NotificationId(2));
        assert_eq!(active.receipts(), BTreeMap::from([(&fire, NotificationId(9))]));
    }

    #[test]
    fn the_notifications_about_a_message_are_found() {
        let mut active = ActiveNotifications::default();
        active.put(NotificationId(1), &[Seq(1)], None, None);
        active.put(NotificationId(2), &[Seq(3), Seq(1), Seq(2)], None, None);
        assert_eq!(active.of(&BTreeSet::from([Seq(1)])), [NotificationId(1), NotificationId(2)]);
        assert_eq!(active.of(&BTreeSet::from([Seq(3)])), [NotificationId(2)]);
        assert_eq!(active.of(&BTreeSet::from([Seq(4)])), []);
    }

    #[test]
    fn the_oldest_notification_is_forgotten_at_the_limit() {
        let mut active = ActiveNotifications::default();
        let ids = || (0_u32..).map(NotificationId).take(LIMIT);
        for id in ids() {
            active.put(id, &[Seq(id.0.into())], None, None);
        }
        active.put(NotificationId(0), &[Seq(0)], None, None);
        active.put(NotificationId(u32::MAX), &[Seq(-1)], None, None);
        assert_eq!(active.take(NotificationId(1)), [], "it was the oldest: 0 was shown again");
        assert_eq!(active.take(NotificationId(0)), [Seq(0)]);
        assert_eq!(active.take(NotificationId(u32::MAX)), [Seq(-1)]);
        assert!(ids().skip(2).all(|id| active.take(id).len() == 1));
    }

    #[test]
    fn expiry_times_are_known_while_the_notification_is_on_the_screen() {
        let mut active = ActiveNotifications::default();
        assert_eq!((active.next_expiry(), active.expired(i64::MAX)), (None, vec![]));
        active.put(NotificationId(1), &[Seq(1)], None, Some(20));
        active.put(NotificationId(2), &[Seq(2)], None, Some(10));
        active.put(NotificationId(3), &[Seq(3)], None, None);
        assert_eq!(active.next_expiry(), Some(10));
        assert_eq!((active.expired(9), active.expired(10)), (vec![], vec![NotificationId(2)]));
        assert_eq!(active.expired(20), [NotificationId(1), NotificationId(2)]);
        active.put(NotificationId(2), &[Seq(4)], None, None);
        assert_eq!(active.next_expiry(), Some(20), "another one replaced it");
        assert!(active.holds(NotificationId(1)));
        active.take(NotificationId(1));
        assert!(!active.holds(NotificationId(1)));
        assert_eq!(active.next_expiry(), None);
    }

    #[test]
    fn a_notification_keeps_its_messages_under_another_id() {
        for is_known_first in [false, true] {
            let mut active = ActiveNotifications::default();
            let fire = receipt("fire");
            active.put(NotificationId(1), &[Seq(1)], Some(&fire), None);
            if is_known_first {
                active.put(NotificationId(2), &[Seq(2)], Some(&fire), None);
                active.rename(NotificationId(1), NotificationId(2));
            } else {
                active.rename(NotificationId(1), NotificationId(2));
                active.put(NotificationId(2), &[Seq(2)], Some(&fire), None);
            }
            assert_eq!(active.get(NotificationId(2)), (&[Seq(1), Seq(2)][..], Some(&fire)));
            assert!(!active.holds(NotificationId(1)));
        }
    }

    proptest! {
        #[test]
        fn every_notification_that_is_not_gone_is_known(steps in proptest::collection::vec((0_u32..6, any::<bool>()), 0..60)) {
            let mut active = ActiveNotifications::default();
            let mut model = BTreeMap::new();
            for (number, (id, put)) in (0_i64..).zip(steps) {
                if put {
                    active.put(NotificationId(id), &[Seq(number)], None, None);
                    model.insert(id, number);
                } else {
                    let expected: Vec<_> = model.remove(&id).into_iter().map(Seq).collect();
                    prop_assert_eq!(active.take(NotificationId(id)), expected);
                }
                for (id, number) in &model {
                    prop_assert_eq!(active.get(NotificationId(*id)).0, [Seq(*number)]);
                }
            }
        }
    }
}
