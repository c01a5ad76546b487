//! The emergencies that stand on the screen, where a notification server shows only some of them at once.
//!
//! Invariant: those in front can be seen, as far as the server says; the others wait behind them.

use std::collections::BTreeSet;

use crate::domain::message::Receipt;
use crate::domain::notification::NotificationId;

/// The notifications of emergencies that stay until they are handled, in the order in which they came to the screen.
#[derive(Clone, Debug, Default)]
pub(in crate::engine::announce) struct StandingEmergencies(Vec<(NotificationId, Receipt)>);

impl StandingEmergencies {
    /// Adds a notification at the end; one that is replaced keeps its place.
    pub(in crate::engine::announce) fn add(&mut self, id: NotificationId, receipt: &Receipt) {
        match self.0.iter_mut().find(|(standing, _)| *standing == id) {
            Some((_, of)) => *of = receipt.clone(),
            None => self.0.push((id, receipt.clone())),
        }
    }

    /// Removes a notification; whether it was there.
    pub(in crate::engine::announce) fn remove(&mut self, id: NotificationId) -> bool {
        let before = self.0.len();
        self.0.retain(|(standing, _)| *standing != id);
        self.0.len() < before
    }

    /// Gives a notification another id.
    pub(in crate::engine::announce) fn rename(&mut self, before: NotificationId, now: NotificationId) {
        if self.holds(now) {
            self.remove(before);
        }
        if let Some((standing, _)) = self.0.iter_mut().find(|(standing, _)| *standing == before) {
            *standing = now;
        }
    }

    /// Whether a notification is among them.
    pub(in crate::engine::announce) fn holds(&self, id: NotificationId) -> bool {
        self.0.iter().any(|(standing, _)| *standing == id)
    }

    /// The emergencies that cannot be seen where only `limit` stand at once.
    pub(in crate::engine::announce) fn hidden(&self, limit: Option<usize>) -> BTreeSet<&Receipt> {
        let seen: BTreeSet<_> = self.0.iter().take(limit.unwrap_or(usize::MAX)).map(|(_, it)| it).collect();
        let behind = self.0.iter().skip(limit.unwrap_or(usize::MAX)).map(|(_, it)| it);
        behind.filter(|receipt| !seen.contains(receipt)).collect()
    }

    /// The notifications that have to go behind `new` ones, so that those can be seen: the ones that were seen longest, and
    /// all that wait already.
    pub(in crate::engine::announce) fn in_the_way_of(
        &self,
        new: usize,
        limit: Option<usize>,
    ) -> &[(NotificationId, Receipt)] {
        let Some(limit) = limit.filter(|limit| new > 0 && self.0.len() + new > *limit) else { return &[] };
        // The order of those that stay would not change what can be seen, so none stays that waits.
        if self.0.len() > limit {
            &self.0
        } else {
            self.0.get(..self.0.len() + new - limit).unwrap_or(&self.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(ids: impl IntoIterator<Item = u32>) -> StandingEmergencies {
        let mut standing = StandingEmergencies::default();
        for id in ids {
            standing.add(NotificationId(id), &Receipt::new(&format!("r{id}")).unwrap());
        }
        standing
    }

    #[test]
    fn what_comes_later_is_hidden_behind_what_stands_in_front() {
        let mut line = standing([1, 2, 3]);
        let hidden = |line: &StandingEmergencies, limit| {
            line.hidden(limit).into_iter().map(|receipt| receipt.as_str().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(hidden(&line, None), [""; 0]);
        assert_eq!(hidden(&line, Some(3)), [""; 0]);
        assert_eq!(hidden(&line, Some(1)), ["r2", "r3"]);
        line.add(NotificationId(1), &Receipt::new("r1").unwrap());
        assert_eq!(hidden(&line, Some(1)), ["r2", "r3"], "a repeat keeps its place");
        assert!(line.remove(NotificationId(1)) && !line.remove(NotificationId(1)));
        assert_eq!(hidden(&line, Some(1)), ["r3"]);
    }

    #[test]
    fn what_stands_makes_way_for_what_is_new() {
        for (there, new, limit, moved) in [
            (1, 1, None, &[][..]),
            (0, 1, Some(1), &[]),
            (1, 0, Some(1), &[]),
            (1, 1, Some(1), &[1]),
            (3, 1, Some(1), &[1, 2, 3]),
            (2, 1, Some(3), &[]),
            (3, 1, Some(3), &[1]),
            (3, 2, Some(3), &[1, 2]),
            (2, 9, Some(3), &[1, 2]),
        ] {
            let line = standing(1..=there);
            let ids: Vec<_> = line.in_the_way_of(new, limit).iter().map(|(id, _)| id.0).collect();
            assert_eq!(ids, moved, "{there} {new} {limit:?}");
        }
    }
}
