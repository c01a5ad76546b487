//! This program's banners that may be in front of an emergency, where a server shows one banner after the other.
//!
//! Such a server does not tell which banner it shows, and while nobody uses the computer the one that is there stays. So for
//! an emergency all of them are closed, and shown again as notifications that have no banner.
//!
//! Invariant: a notification has one id at a time, and what left the screen for another reason does not come back.

use std::collections::{BTreeMap, VecDeque};

use crate::domain::notification::{Notification, NotificationId, Urgency};

/// How many are remembered. Later ones do not wait for those long before them.
const LIMIT: usize = 32;
/// The first of them may be in front for as long as nobody uses the computer; beyond the limit, one behind them is forgotten.
const FIRST: usize = 8;

/// The banners, and the notifications that made way.
#[derive(Default)]
pub(super) struct Banners {
    /// Those that may be in front, the one shown first in front.
    in_front: VecDeque<(NotificationId, Box<Notification>)>,
    /// Those that were closed and have no new id yet; whether they are to be closed for good.
    making_way: BTreeMap<NotificationId, bool>,
    /// The new ids of those that made way.
    moved: BTreeMap<NotificationId, NotificationId>,
}

impl Banners {
    /// Whether a notification has a banner that others wait for.
    pub(super) fn has_one(notification: &Notification) -> bool {
        matches!(notification.urgency, Urgency::Normal | Urgency::High)
    }

    /// Adds a notification that was shown with a banner, as it is now.
    pub(super) fn add(&mut self, id: NotificationId, notification: Box<Notification>) {
        self.in_front.retain(|(other, _)| *other != id);
        self.in_front.push_back((id, notification));
        if self.in_front.len() > LIMIT {
            self.in_front.remove(FIRST);
        }
    }

    /// Forgets a notification that left the screen.
    pub(super) fn remove(&mut self, id: NotificationId) {
        self.forget_banner(id);
        self.moved.retain(|_, moved| *moved != id);
    }

    /// Takes note that a notification has no banner, or one that stays in front.
    pub(super) fn forget_banner(&mut self, id: NotificationId) {
        self.in_front.retain(|(other, _)| *other != id);
    }

    /// Takes note that a notification is closed, to be shown again under another id.
    pub(super) fn begin_move(&mut self, id: NotificationId) {
        self.forget_banner(id);
        self.making_way.insert(id, false);
    }

    /// Takes those that have to make way, as they are to be shown again.
    pub(super) fn make_way(&mut self) -> Vec<(NotificationId, Box<Notification>)> {
        let in_front = std::mem::take(&mut self.in_front);
        let again = in_front.into_iter().map(|(id, mut notification)| {
            self.making_way.insert(id, false);
            (notification.urgency, notification.silent, notification.sound) = (Urgency::Low, true, None);
            (id, notification)
        });
        again.collect()
    }

    /// Whether a notification is making way, so that the server reports that it is closed.
    pub(super) fn is_making_way(&self, id: NotificationId) -> bool {
        self.making_way.contains_key(&id)
    }

    /// Has a notification that is making way closed as soon as it has its new id.
    pub(super) fn close_later(&mut self, id: NotificationId) {
        if let Some(is_closed) = self.making_way.get_mut(&id) {
            *is_closed = true;
        }
    }

    /// Takes note that a notification made way and has this id now; whether it stays.
    pub(super) fn finish(&mut self, id: NotificationId, now: Option<NotificationId>) -> bool {
        let is_closed = self.making_way.remove(&id).unwrap_or(true);
        if let Some(now) = now.filter(|_| !is_closed) {
            self.moved.insert(id, now);
        }
        !is_closed
    }

    /// The id of a notification now, by one that it had before.
    pub(super) fn current(&self, mut id: NotificationId) -> NotificationId {
        while let Some(now) = self.moved.get(&id) {
            id = *now;
        }
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn banners(ids: impl IntoIterator<Item = u32>) -> Banners {
        let mut banners = Banners::default();
        for id in ids {
            banners.add(NotificationId(id), Box::new(Notification::about_handover("", "")));
        }
        banners
    }

    fn ids(again: &[(NotificationId, Box<Notification>)]) -> Vec<u32> {
        again.iter().map(|(id, _)| id.0).collect()
    }

    #[test]
    fn what_is_on_the_screen_makes_way_once() {
        let mut banners = banners([1, 2, 3, 1]);
        banners.remove(NotificationId(2));
        let again = banners.make_way();
        assert_eq!(ids(&again), [3, 1]);
        assert!(again.iter().all(|(_, again)| again.silent && again.urgency == Urgency::Low));
        assert!(banners.make_way().is_empty());
        assert!(banners.is_making_way(NotificationId(1)) && !banners.is_making_way(NotificationId(2)));
    }

    #[test]
    fn a_notification_is_found_by_every_id_it_had() {
        let mut banners = banners([1]);
        banners.make_way();
        assert!(banners.finish(NotificationId(1), Some(NotificationId(2))));
        banners.add(NotificationId(2), Box::new(Notification::about_handover("", "")));
        banners.make_way();
        assert!(banners.finish(NotificationId(2), Some(NotificationId(3))));
        assert_eq!(banners.current(NotificationId(1)), NotificationId(3));
        assert_eq!(banners.current(NotificationId(9)), NotificationId(9));
    }

    #[test]
    fn what_is_closed_while_it_makes_way_does_not_stay() {
        let mut banners = banners([1]);
        banners.make_way();
        banners.close_later(NotificationId(1));
        assert!(!banners.finish(NotificationId(1), Some(NotificationId(2))));
        assert_eq!(banners.current(NotificationId(1)), NotificationId(1));
    }

    #[test]
    fn the_first_and_the_latest_are_remembered() {
        let mut banners = banners(1..=40);
        let again = ids(&banners.make_way());
        assert_eq!(again.len(), LIMIT);
        assert_eq!(again[..FIRST], [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(again.last(), Some(&40));
    }
}
