//! The notifications of this program on a server that shows only the newest ones, whatever their urgency.
//!
//! Invariant: an emergency is in the order in which it was last shown anew; the others in that in which they were last shown.

use crate::domain::notification::{Notification, NotificationId, Urgency};

/// More than any server shows. Some servers never report that a notification was closed.
const LIMIT: usize = 64;

/// The notifications, the oldest first; those of emergencies as they are now.
#[derive(Default)]
pub(super) struct Column(Vec<(NotificationId, Option<Box<Notification>>)>);

impl Column {
    /// Adds a notification, or takes note of how it is now.
    pub(super) fn add(&mut self, id: NotificationId, notification: &Notification) {
        let is_emergency = notification.urgency == Urgency::Critical;
        let emergency = is_emergency.then(|| Box::new(notification.clone()));
        match self.0.iter_mut().find(|(other, _)| *other == id) {
            Some((_, known)) if known.is_some() && is_emergency => *known = emergency,
            _ => {
                self.remove(id);
                self.0.push((id, emergency));
            }
        }
        if self.0.len() > LIMIT {
            let oldest = self.0.iter().position(|(_, emergency)| emergency.is_none()).unwrap_or_default();
            self.0.remove(oldest);
        }
    }

    /// Forgets a notification that left the screen.
    pub(super) fn remove(&mut self, id: NotificationId) {
        self.0.retain(|(other, _)| *other != id);
    }

    /// Takes the emergencies that are hidden where only the newest `limit` notifications are shown, as they are to be shown
    /// again; none if there are so many that they would only hide each other.
    pub(super) fn take_hidden(&mut self, limit: usize) -> Vec<(NotificationId, Box<Notification>)> {
        let emergencies = self.0.iter().filter(|(_, emergency)| emergency.is_some()).count();
        if emergencies >= limit {
            return Vec::new();
        }
        let behind = self.0.len().saturating_sub(limit);
        let mut hidden = Vec::new();
        for (id, emergency) in self.0.iter_mut().take(behind) {
            if let Some(mut again) = emergency.take() {
                (again.silent, again.sound) = (true, None);
                hidden.push((*id, again));
            }
        }
        self.0.retain(|(id, _)| hidden.iter().all(|(hidden, _)| hidden != id));
        hidden
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(urgency: Urgency) -> Notification {
        Notification { urgency, ..Notification::about_handover("", "") }
    }

    fn column(emergencies: &[u32], others: impl IntoIterator<Item = u32>) -> Column {
        let mut column = Column::default();
        for id in emergencies {
            column.add(NotificationId(*id), &of(Urgency::Critical));
        }
        for id in others {
            column.add(NotificationId(id), &of(Urgency::High));
        }
        column
    }

    fn hidden(column: &mut Column) -> Vec<u32> {
        column.take_hidden(5).into_iter().map(|(id, _)| id.0).collect()
    }

    #[test]
    fn an_emergency_is_hidden_behind_five_newer_ones() {
        let mut column = column(&[1], 2..6);
        assert_eq!(hidden(&mut column), [0; 0]);
        column.add(NotificationId(1), &of(Urgency::Critical));
        column.add(NotificationId(6), &of(Urgency::Low));
        assert_eq!(hidden(&mut column), [1]);
        assert_eq!(hidden(&mut column), [0; 0], "it is being shown again");
    }

    #[test]
    fn what_left_the_screen_or_is_over_does_not_count() {
        let mut gone = column(&[1], 2..7);
        gone.remove(NotificationId(4));
        assert_eq!(hidden(&mut gone), [0; 0]);
        let mut over = column(&[1], 2..7);
        over.add(NotificationId(1), &of(Urgency::High));
        assert_eq!(hidden(&mut over), [0; 0]);
    }

    #[test]
    fn emergencies_do_not_take_turns() {
        assert_eq!(hidden(&mut column(&[1, 2, 3, 4, 5, 6], [])), [0; 0]);
        assert_eq!(hidden(&mut column(&[1, 2, 3], 4..7)), [1]);
    }

    #[test]
    fn an_emergency_is_remembered_whatever_comes_after_it() {
        assert_eq!(hidden(&mut column(&[1], 2..200)), [1]);
    }
}
