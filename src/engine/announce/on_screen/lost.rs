//! Emergencies whose notification left the screen although nobody closed it, so that they are shown again.
//!
//! Invariant: for its losses an emergency is shown again at most once in [`INTERVAL`], so a notification server that drops
//! everything at once is no loop; or at most once in [`INTERVAL_OF_SERVERS`] if each time there is another server.

use std::collections::BTreeMap;

use crate::domain::message::{Receipt, Seq};

/// The shortest time between two times that an emergency is shown again, in seconds.
const INTERVAL: i64 = 60;

/// The same after another notification server has started. It has shown nothing yet, but it may be one that an emergency makes
/// crash.
const INTERVAL_OF_SERVERS: i64 = 10;

/// The emergencies that were lost, and when each was last shown again.
#[derive(Clone, Debug, Default)]
pub(in crate::engine::announce) struct LostEmergencies {
    lost: BTreeMap<Receipt, Lost>,
    /// When an emergency was last shown again, unix seconds; only of the last [`INTERVAL`].
    shown_again: BTreeMap<Receipt, i64>,
}

#[derive(Clone, Debug)]
struct Lost {
    /// The messages that its notification was about, in ascending order.
    seqs: Vec<Seq>,
    /// When it may be shown again, unix seconds.
    again_at: i64,
    /// Whether that time has come, so that the next plan shows it.
    is_due: bool,
}

impl LostEmergencies {
    /// Takes note of an emergency whose notification was lost at this unix time.
    pub(in crate::engine::announce) fn add(&mut self, receipt: Receipt, seqs: Vec<Seq>, unix: i64) {
        // After the clock was set back, a time in the future says nothing.
        self.shown_again.retain(|_, at| (0..INTERVAL).contains(&unix.saturating_sub(*at)));
        let again_at = self.shown_again.get(&receipt).map_or(unix, |at| at.saturating_add(INTERVAL));
        self.lost.insert(receipt, Lost { seqs, again_at, is_due: false });
    }

    /// Takes note that another notification server runs. What the one before dropped or refused no longer matters.
    pub(in crate::engine::announce) fn note_new_server(&mut self, unix: i64) {
        for (receipt, lost) in &mut self.lost {
            let shown_again =
                self.shown_again.get(receipt).filter(|at| (0..INTERVAL).contains(&(unix - **at)));
            let allowed_at = shown_again.map_or(unix, |at| at.saturating_add(INTERVAL_OF_SERVERS));
            lost.again_at = lost.again_at.min(allowed_at);
        }
    }

    /// Takes note of an emergency that is on the screen, and of when it got there.
    pub(in crate::engine::announce) fn note_shown(&mut self, receipt: &Receipt, unix: i64) {
        if self.lost.remove(receipt).is_some() {
            self.shown_again.insert(receipt.clone(), unix);
        }
    }

    /// When [`Self::note_due`] is to be called, unix seconds.
    pub(in crate::engine::announce) fn next(&self) -> Option<i64> {
        self.lost.values().filter(|lost| !lost.is_due).map(|lost| lost.again_at).min()
    }

    /// Notes that emergencies may be shown again by now; whether there are any that a plan has to show.
    pub(in crate::engine::announce) fn note_due(&mut self, unix: i64) -> bool {
        let mut is_any = false;
        // A time that is further ahead than any interval is from before the clock was set back.
        let has_come = |at: i64| at <= unix || at.saturating_sub(unix) > INTERVAL;
        for lost in self.lost.values_mut().filter(|lost| !lost.is_due && has_come(lost.again_at)) {
            (lost.is_due, is_any) = (true, true);
        }
        is_any
    }

    /// The emergencies that the next plan shows, with their messages.
    pub(in crate::engine::announce) fn due(&self) -> Vec<(&Receipt, &[Seq])> {
        let due = self.lost.iter().filter(|(_, lost)| lost.is_due);
        due.map(|(receipt, lost)| (receipt, lost.seqs.as_slice())).collect()
    }

    /// The messages of an emergency that is planned to be shown again; when that fails, it is due again after the interval.
    pub(in crate::engine::announce) fn plan(&mut self, receipt: &Receipt, unix: i64) -> Option<Vec<Seq>> {
        let lost = self.lost.get_mut(receipt)?;
        (lost.is_due, lost.again_at) = (false, unix.saturating_add(INTERVAL));
        Some(lost.seqs.clone())
    }

    /// Forgets an emergency that is over.
    pub(in crate::engine::announce) fn forget(&mut self, receipt: &Receipt) {
        self.lost.remove(receipt);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emergency_that_is_lost_again_and_again_is_shown_once_a_minute() {
        let fire = Receipt::new("fire").unwrap();
        let mut lost = LostEmergencies::default();
        let mut shown = Vec::new();
        for unix in 1_000..1_200 {
            lost.add(fire.clone(), vec![Seq(1)], unix);
            if lost.note_due(unix) {
                assert_eq!(lost.plan(&fire, unix), Some(vec![Seq(1)]));
                lost.note_shown(&fire, unix);
                shown.push(unix);
            }
        }
        assert_eq!(shown, [1_000, 1_060, 1_120, 1_180]);
    }

    #[test]
    fn it_is_due_once_until_it_is_planned_and_again_later_if_showing_it_fails() {
        let fire = Receipt::new("fire").unwrap();
        let mut lost = LostEmergencies::default();
        lost.add(fire.clone(), vec![Seq(1)], 1_000);
        assert_eq!((lost.next(), lost.due().len()), (Some(1_000), 0));
        assert!(!lost.note_due(999) && lost.note_due(1_000) && !lost.note_due(1_001));
        assert_eq!((lost.next(), lost.due().len()), (None, 1));
        lost.plan(&fire, 1_001);
        assert_eq!((lost.next(), lost.due().len()), (Some(1_061), 0));
        lost.forget(&fire);
        assert_eq!((lost.next(), lost.plan(&fire, 1_061)), (None, None));
    }

    #[test]
    fn a_clock_that_is_set_back_delays_nothing() {
        let fire = Receipt::new("fire").unwrap();
        let mut lost = LostEmergencies::default();
        lost.add(fire, vec![Seq(1)], 1_000_000);
        assert!(lost.note_due(1_000));
    }

    #[test]
    fn another_server_shows_it_at_once_but_not_in_a_fast_loop() {
        let fire = Receipt::new("fire").unwrap();
        let mut lost = LostEmergencies::default();
        let mut shown = Vec::new();
        // Every second a server ends, so that showing it fails, and the next one starts.
        for unix in 1_000..1_030 {
            lost.add(fire.clone(), vec![Seq(1)], unix);
            if lost.note_due(unix) {
                lost.plan(&fire, unix);
            }
            lost.note_new_server(unix);
            if lost.note_due(unix) {
                lost.plan(&fire, unix);
                lost.note_shown(&fire, unix);
                shown.push(unix);
            }
        }
        assert_eq!(shown, [1_000, 1_010, 1_020]);
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_keep_an_emergency_from_the_screen() {
        let fire = Receipt::new("fire").unwrap();
        let mut lost = LostEmergencies::default();
        lost.add(fire.clone(), vec![Seq(1)], 9_000);
        lost.note_shown(&fire, 9_000);
        lost.add(fire, vec![Seq(1)], 1_000);
        assert_eq!(lost.next(), Some(1_000));
    }
}
