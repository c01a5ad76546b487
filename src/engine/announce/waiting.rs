//! The ordinary messages that waited: one summary of them, or each on its own when they are few.
//!
//! Invariant: of any number of messages only the few that the summary names are kept in memory.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::{Step, Tracking};
use super::wording::Summary;
use crate::domain::message::{Entry, Receipt, Seq};
use crate::engine::policy::{Action, Circumstances, backlog, decide};

/// The ordinary messages among those that wait, added one by one, the highest id first.
#[derive(Clone, Debug)]
pub struct WaitingMessages {
    seqs: Vec<Seq>,
    /// Those of them that a rule marks as read.
    read: Vec<Seq>,
    summary: Summary,
    /// Whether each emergency is one of them, and whether it counts as read, by its newest copy.
    emergencies: BTreeMap<Receipt, (bool, bool)>,
    /// The groups whose newest message is one of them.
    groups: BTreeSet<String>,
    /// How many of them are shown each on their own.
    shown_each: usize,
    /// When they arrived, in words.
    when: &'static str,
}

impl Default for WaitingMessages {
    fn default() -> Self {
        Self {
            seqs: Vec::new(),
            read: Vec::new(),
            summary: Summary::new(),
            emergencies: BTreeMap::new(),
            groups: BTreeSet::new(),
            shown_each: usize::MAX,
            when: "",
        }
    }
}

impl WaitingMessages {
    /// The ordinary ones among these, given by ascending id.
    pub fn among(entries: &[Entry], circumstances: &Circumstances<'_>) -> Self {
        let mut waiting = Self::default();
        entries.iter().rev().for_each(|entry| waiting.add(entry, circumstances));
        waiting
    }

    /// Adds a message, if it is an ordinary one.
    pub fn add(&mut self, entry: &Entry, circumstances: &Circumstances<'_>) {
        let receipt = entry.message.emergency_receipt();
        if let Some((is_ordinary, is_read)) = receipt.and_then(|receipt| self.emergencies.get(receipt)) {
            self.seqs.extend(is_ordinary.then_some(entry.seq));
            self.read.extend((*is_ordinary && *is_read).then_some(entry.seq));
            return;
        }
        let verdict = decide(entry, circumstances);
        let is_ordinary = verdict.action == Action::Show
            && backlog::may_be_summarised(entry, verdict.priority, circumstances);
        self.emergencies.extend(receipt.map(|receipt| (receipt.clone(), (is_ordinary, verdict.read))));
        if is_ordinary {
            self.shown_each = backlog::shown_each(circumstances);
            self.when =
                if circumstances.initial_sync { "before you signed in" } else { "while you were away" };
            self.seqs.push(entry.seq);
            self.read.extend(verdict.read.then_some(entry.seq));
            let is_newest = verdict.group.clone().is_none_or(|group| self.groups.insert(group));
            if is_newest {
                self.summary.add(&entry.message, &verdict);
            }
        }
    }

    /// Whether they are too many to be shown each on its own.
    pub(super) fn is_summarised(&self) -> bool {
        self.summary.count() > self.shown_each
    }

    /// The summary, if there is to be one.
    pub fn into_step(mut self) -> Option<Step> {
        if !self.is_summarised() {
            return None;
        }
        self.seqs.reverse();
        self.read.reverse();
        let (notification, sound) = self.summary.into_notification(self.when);
        Some(Step::Show {
            seqs: self.seqs,
            notification,
            media: sound.into(),
            receipt: None,
            acknowledge: false,
            read: self.read,
            tracking: Tracking::default(),
        })
    }
}
