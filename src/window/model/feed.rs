//! The list of messages: which rows it has, and those that are in memory.
//!
//! Invariant: it holds one number for each row that was reached, the newest first, and a bounded number of rows; every change
//! says which positions it affects.

use std::collections::{BTreeMap, BTreeSet};

use super::row::Row;
use crate::domain::message::Seq;

/// The rows that are kept in memory, at most.
const KEPT: usize = 2_000;

/// Positions of the list that changed: at `position`, `removed` rows gave way to `added`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Splice {
    /// The first position.
    pub position: usize,
    /// How many rows are gone.
    pub removed: usize,
    /// How many rows are new.
    pub added: usize,
}

/// The list.
#[derive(Debug, Default)]
pub struct Feed {
    /// In descending order.
    seqs: Vec<Seq>,
    rows: BTreeMap<Seq, Row>,
    /// Rows that are about to be deleted, which the user can still undo.
    hidden: BTreeSet<Seq>,
    /// The oldest row that was reached, even if it is hidden.
    reached: Option<Seq>,
    is_complete: bool,
}

/// Rows that were taken out of the list, to be put back or forgotten.
#[derive(Debug, Default)]
pub struct Hidden {
    seqs: Vec<Seq>,
    /// Those that were in memory.
    rows: Vec<Row>,
}

impl Feed {
    /// How many rows were reached.
    pub fn len(&self) -> usize {
        self.seqs.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.seqs.is_empty()
    }

    /// Whether no older row follows the last one.
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// The row at a position, by its number.
    pub fn seq_at(&self, position: usize) -> Option<Seq> {
        self.seqs.get(position).copied()
    }

    /// The row with this number, if it is in memory.
    pub fn row(&self, seq: Seq) -> Option<&Row> {
        self.rows.get(&seq)
    }

    /// Where a row is.
    pub fn position(&self, seq: Seq) -> Option<usize> {
        self.seqs.binary_search_by(|other| seq.cmp(other)).ok()
    }

    /// The last row that was reached: the next page begins before it.
    pub fn last(&self) -> Option<Seq> {
        self.reached
    }

    /// Replaces everything by the first page.
    pub fn replace(&mut self, page: Vec<Row>, is_complete: bool) -> Splice {
        let removed = self.seqs.len();
        self.seqs.clear();
        self.rows.clear();
        self.reached = None;
        self.is_complete = false;
        let Splice { added, .. } = self.append(page, is_complete);
        Splice { position: 0, removed, added }
    }

    /// Adds the next page.
    pub fn append(&mut self, page: Vec<Row>, is_complete: bool) -> Splice {
        let position = self.seqs.len();
        let last = self.last();
        for row in page {
            if last.is_some_and(|last| row.seq >= last) {
                continue;
            }
            self.reached = Some(row.seq);
            if !self.hidden.contains(&row.seq) {
                self.seqs.push(row.seq);
                self.keep(row);
            }
        }
        self.is_complete = is_complete;
        Splice { position, removed: 0, added: self.seqs.len() - position }
    }

    /// Adds all rows that follow, newest first, without taking them into memory.
    pub fn reach(&mut self, seqs: Vec<Seq>) -> Splice {
        let (position, last) = (self.seqs.len(), self.last());
        let follows = |seq: &Seq| last.is_none_or(|last| *seq < last);
        let seqs: Vec<Seq> = seqs.into_iter().filter(follows).collect();
        self.reached = seqs.last().copied().or(last);
        self.seqs.extend(seqs.into_iter().filter(|seq| !self.hidden.contains(seq)));
        self.is_complete = true;
        Splice { position, removed: 0, added: self.seqs.len() - position }
    }

    /// Brings the newest rows up to date with a first page that was read again.
    pub fn merge(&mut self, page: Vec<Row>, is_complete: bool) -> Vec<Splice> {
        let end = page.last().map_or(Seq(i64::MIN), |row| row.seq);
        let end = if is_complete { Seq(i64::MIN) } else { end };
        let there: BTreeSet<Seq> = page.iter().map(|row| row.seq).collect();
        let gone = self.seqs.iter().copied().filter(|seq| *seq >= end && !there.contains(seq));
        let gone: Vec<Seq> = gone.collect();
        let mut splices: Vec<Splice> = gone.into_iter().filter_map(|seq| self.remove(seq)).collect();
        self.is_complete |= is_complete;
        self.reached = page.last().map(|row| row.seq).into_iter().chain(self.reached).min();
        for row in page {
            splices.extend(self.insert(row));
        }
        splices
    }

    /// Takes rows into memory that were dropped; the list stays as it is.
    pub fn refill(&mut self, page: Vec<Row>) {
        for row in page {
            if self.position(row.seq).is_some() {
                self.keep(row);
            }
        }
    }

    /// Adds a row where it belongs; a copy of the same emergency gives way to it.
    pub fn insert(&mut self, row: Row) -> Vec<Splice> {
        let mut splices = Vec::new();
        if self.hidden.contains(&row.seq) || self.position(row.seq).is_some() {
            self.update(row);
            return splices;
        }
        let is_copy = |other: &&Row| row.receipt.is_some() && other.receipt == row.receipt;
        if let Some(copy) = self.rows.values().find(is_copy).map(|copy| copy.seq) {
            splices.extend(self.remove(copy));
        }
        let Err(position) = self.seqs.binary_search_by(|other| row.seq.cmp(other)) else { return splices };
        // What is older than the last row that was reached comes with its page.
        if !self.is_complete && self.reached.is_some_and(|reached| row.seq < reached) {
            return splices;
        }
        self.seqs.insert(position, row.seq);
        self.keep(row);
        splices.push(Splice { position, removed: 0, added: 1 });
        splices
    }

    /// Replaces a row that is in memory; whether something changed.
    pub fn update(&mut self, row: Row) -> bool {
        match self.rows.get_mut(&row.seq) {
            Some(known) if *known != row => {
                *known = row;
                true
            }
            _ => false,
        }
    }

    /// Removes a row.
    pub fn remove(&mut self, seq: Seq) -> Option<Splice> {
        self.hidden.remove(&seq);
        self.rows.remove(&seq);
        let position = self.position(seq)?;
        self.seqs.remove(position);
        Some(Splice { position, removed: 1, added: 0 })
    }

    /// Takes rows out of the list, however many they are.
    pub fn hide(&mut self, seqs: &[Seq]) -> (Hidden, Option<Splice>) {
        let rows = seqs.iter().filter_map(|seq| self.rows.remove(seq)).collect();
        self.hidden.extend(seqs);
        let is_hidden = |seq: &Seq| self.hidden.contains(seq);
        let (first, last) = (self.seqs.iter().position(is_hidden), self.seqs.iter().rposition(is_hidden));
        let hidden = self.seqs.iter().copied().filter(is_hidden).collect();
        let splice = first.zip(last).map(|(first, last)| {
            let (before, removed) = (self.seqs.len(), last - first + 1);
            self.seqs.retain(|seq| !self.hidden.contains(seq));
            Splice { position: first, removed, added: removed - (before - self.seqs.len()) }
        });
        (Hidden { seqs: hidden, rows }, splice)
    }

    /// Puts rows back.
    pub fn unhide(&mut self, hidden: Hidden) -> Option<Splice> {
        let Hidden { seqs, rows } = hidden;
        // What was deleted meanwhile is not hidden any more.
        let mut back: Vec<Seq> = seqs.into_iter().filter(|seq| self.hidden.remove(seq)).collect();
        back.retain(|seq| self.position(*seq).is_none());
        let (newest, oldest) = (back.first()?, back.last()?);
        let first = self.seqs.partition_point(|seq| seq > newest);
        let end = self.seqs.partition_point(|seq| seq > oldest);
        let (removed, added) = (end - first, end - first + back.len());
        self.seqs.append(&mut back);
        self.seqs.sort_unstable_by(|one, other| other.cmp(one));
        self.refill(rows);
        Some(Splice { position: first, removed, added })
    }

    /// No longer hides rows, which come back when they are read again.
    pub fn forget(&mut self, hidden: &Hidden) {
        for seq in &hidden.seqs {
            self.hidden.remove(seq);
        }
    }

    fn keep(&mut self, row: Row) {
        let near = row.seq;
        self.rows.insert(near, row);
        if self.rows.len() <= KEPT {
            return;
        }
        // What is farther away is less likely to be shown next.
        let first = self.rows.first_key_value().map(|(seq, _)| *seq);
        let last = self.rows.last_key_value().map(|(seq, _)| *seq);
        let (Some(first), Some(last)) = (first, last) else { return };
        if near.0.abs_diff(first.0) > near.0.abs_diff(last.0) {
            self.rows.pop_first();
        } else {
            self.rows.pop_last();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::row::tests::entry;
    use super::*;
    use crate::domain::message::{Priority, Receipt};

    fn row(seq: i64) -> Row {
        Row::of(&entry(seq, "t", "b"), 0)
    }

    fn rows(seqs: impl IntoIterator<Item = i64>) -> Vec<Row> {
        seqs.into_iter().map(row).collect()
    }

    fn seqs(feed: &Feed) -> Vec<i64> {
        (0..feed.len()).filter_map(|position| feed.seq_at(position)).map(|seq| seq.0).collect()
    }

    #[test]
    fn pages_follow_each_other_and_new_messages_come_first() {
        let mut feed = Feed::default();
        assert_eq!(feed.replace(rows([9, 8, 5]), false), Splice { position: 0, removed: 0, added: 3 });
        assert_eq!(feed.append(rows([5, 4, 2]), true), Splice { position: 3, removed: 0, added: 2 });
        assert_eq!(feed.insert(row(10)), [Splice { position: 0, removed: 0, added: 1 }]);
        assert_eq!(feed.insert(row(10)), []);
        assert_eq!(feed.remove(Seq(8)), Some(Splice { position: 2, removed: 1, added: 0 }));
        assert_eq!(seqs(&feed), [10, 9, 5, 4, 2]);
        assert_eq!(feed.replace(rows([1]), true), Splice { position: 0, removed: 5, added: 1 });
    }

    #[test]
    fn what_comes_with_a_later_page_is_not_inserted_before() {
        let mut feed = Feed::default();
        feed.replace(rows([9, 8]), false);
        assert_eq!(feed.insert(row(3)), []);
        feed.append(rows([7]), true);
        assert_eq!(feed.insert(row(3)), [Splice { position: 3, removed: 0, added: 1 }]);
    }

    #[test]
    fn a_first_page_that_is_read_again_leaves_older_rows_alone() {
        let mut feed = Feed::default();
        feed.replace(rows([9, 8, 7]), false);
        feed.append(rows([4, 3]), false);
        feed.merge(rows([11, 9, 7]), false);
        assert_eq!(seqs(&feed), [11, 9, 7, 4, 3]);
        feed.merge(rows([11, 3]), true);
        assert_eq!(seqs(&feed), [11, 3]);
        feed.merge(Vec::new(), true);
        assert!(feed.is_empty() && feed.is_complete());
    }

    #[test]
    fn a_repeated_emergency_stays_one_row() {
        let copy = |seq| {
            let mut entry = entry(seq, "Fire", "");
            entry.message.priority = Priority::Emergency;
            entry.message.receipt = Receipt::new("abc");
            Row::of(&entry, 0)
        };
        let mut feed = Feed::default();
        feed.replace([rows([9]), vec![copy(7)], rows([6])].concat(), true);
        let splices = feed.insert(copy(10));
        assert_eq!(
            splices,
            [Splice { position: 1, removed: 1, added: 0 }, Splice { position: 0, removed: 0, added: 1 }]
        );
        assert_eq!(seqs(&feed), [10, 9, 6]);
    }

    #[test]
    fn what_is_hidden_does_not_come_back_with_a_page_and_can_be_put_back() {
        let mut feed = Feed::default();
        feed.replace(rows([5, 4, 3]), false);
        let (hidden, splice) = feed.hide(&[Seq(4)]);
        assert_eq!(splice, Some(Splice { position: 1, removed: 1, added: 0 }));
        feed.replace(rows([5, 4, 3]), true);
        assert_eq!(seqs(&feed), [5, 3]);
        assert_eq!(feed.unhide(hidden), Some(Splice { position: 1, removed: 0, added: 1 }));
        assert_eq!(seqs(&feed), [5, 4, 3]);
        assert!(feed.row(Seq(4)).is_some());
    }

    #[test]
    fn rows_between_the_hidden_ones_stay() {
        let mut feed = Feed::default();
        feed.replace(rows((1..=9).rev()), true);
        let (hidden, splice) = feed.hide(&[Seq(8), Seq(6), Seq(3)]);
        assert_eq!(splice, Some(Splice { position: 1, removed: 6, added: 3 }));
        assert_eq!(seqs(&feed), [9, 7, 5, 4, 2, 1]);
        // One of them was deleted elsewhere, and a new one arrived.
        feed.remove(Seq(6));
        feed.insert(row(10));
        assert_eq!(feed.unhide(hidden), Some(Splice { position: 2, removed: 3, added: 5 }));
        assert_eq!(seqs(&feed), [10, 9, 8, 7, 5, 4, 3, 2, 1]);
        let (hidden, _) = feed.hide(&[Seq(9)]);
        feed.forget(&hidden);
        assert_eq!(feed.unhide(hidden), None);
    }

    #[test]
    fn what_follows_hidden_rows_is_still_reached() {
        let mut feed = Feed::default();
        feed.replace(rows([9, 8]), false);
        let (hidden, _) = feed.hide(&[Seq(9), Seq(8)]);
        assert_eq!((feed.is_empty(), feed.last(), feed.is_complete()), (true, Some(Seq(8)), false));
        feed.append(rows([7]), false);
        feed.unhide(hidden);
        assert_eq!(seqs(&feed), [9, 8, 7]);
    }

    #[test]
    fn all_of_a_long_list_is_reached_hidden_and_put_back() {
        let mut feed = Feed::default();
        feed.replace(rows((99_971..=100_000).rev()), false);
        let splice = feed.reach((1..=100_000).rev().map(Seq).collect());
        assert_eq!(splice, Splice { position: 30, removed: 0, added: 99_970 });
        let all: Vec<Seq> = (1..=100_000).rev().map(Seq).collect();
        let (hidden, splice) = feed.hide(&all);
        assert_eq!(splice, Some(Splice { position: 0, removed: 100_000, added: 0 }));
        assert!(feed.is_empty() && feed.is_complete());
        feed.unhide(hidden);
        assert_eq!((feed.len(), feed.rows.len()), (100_000, 30));
    }

    #[test]
    fn memory_is_bounded_and_dropped_rows_can_be_filled_in_again() {
        let mut feed = Feed::default();
        feed.replace(rows((1..=5_000).rev()), true);
        assert_eq!((feed.len(), feed.rows.len()), (5_000, KEPT));
        assert!(feed.row(Seq(1)).is_some() && feed.row(Seq(5_000)).is_none());
        feed.refill(rows((4_900..=5_000).rev()));
        assert!(feed.row(Seq(5_000)).is_some());
        assert_eq!((feed.len(), feed.rows.len()), (5_000, KEPT));
    }
}
