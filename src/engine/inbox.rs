//! Decides which messages of a download are new, and up to which id the service may delete.
//!
//! Invariant: a message is new if and only if it is not in the message log, so a low id that comes late is new; and the
//! service may not delete an id before that id and all lower ones of the download are durable here.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::domain::message::{KnownMessage, MessageId, Receipt, Received};

/// The messages of a download, sorted by what to do with them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sorted {
    /// Messages that are not in the message log, in ascending order of id, each id once.
    pub new: Vec<Received>,
    /// Emergencies that are open here but were acknowledged elsewhere meanwhile.
    pub acknowledged_elsewhere: Vec<Receipt>,
    /// Emergencies that the service repeated and that have to be announced again, in ascending order.
    pub repeated: Vec<MessageId>,
}

/// Separates messages that are new or repeated from those that are only here because their deletion failed.
///
/// `known` holds the ids of the batch that are in the message log. An emergency counts as repeated if it came back
/// after its deletion was confirmed, and is still open both here and according to this download.
pub fn sort(batch: Vec<Received>, known: &BTreeMap<MessageId, KnownMessage>) -> Sorted {
    let mut sorted = Sorted::default();
    for (id, received) in each_id_once(batch) {
        match known.get(&id) {
            None => sorted.new.push(received),
            Some(known) if is_repeat(&received, *known) => sorted.repeated.push(id),
            Some(known) if known.open_emergency && received.message.acknowledged => {
                sorted.acknowledged_elsewhere.extend(received.message.receipt);
            }
            Some(_) => {}
        }
    }
    sorted
}

/// Up to which id the service may delete after a download that comes in batches: the largest service id such that it
/// and every service id below it are durable.
///
/// Ids that were made here are unknown to the service and do not count. If something is not durable, the result may be
/// lower than necessary, since not all ids are remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deletable {
    /// For each batch the largest id that may be deleted as far as this batch is concerned.
    through: Vec<MessageId>,
    /// The lowest service id that is not durable.
    lowest_lost: Option<MessageId>,
}

impl Deletable {
    /// Adds the next batch.
    pub fn add(&mut self, batch: &[MessageId], is_durable: impl Fn(MessageId) -> bool) {
        let mut ids: Vec<_> = batch.iter().copied().filter(|id| id.is_from_service()).collect();
        ids.sort_unstable();
        let durable = ids.iter().take_while(|id| is_durable(**id)).count();
        self.through.extend(ids.get(..durable).and_then(<[_]>::last));
        self.lowest_lost = ids.get(durable).copied().into_iter().chain(self.lowest_lost).min();
    }

    /// Adds an item whose id is not known, so that nothing may be deleted.
    pub fn note_unknown(&mut self) {
        self.lowest_lost = Some(MessageId::from_stored(0));
    }

    /// The id to delete through on the service; `None` if there is nothing to delete.
    pub fn through(&self) -> Option<MessageId> {
        let is_safe = |id: &MessageId| self.lowest_lost.is_none_or(|lost| *id < lost);
        self.through.iter().copied().filter(is_safe).max()
    }
}

/// Of items with the same id, the first one that could be read completely, or else the first one.
fn each_id_once(batch: Vec<Received>) -> BTreeMap<MessageId, Received> {
    let mut once = BTreeMap::new();
    for received in batch {
        match once.entry(received.message.id) {
            Entry::Vacant(place) => {
                place.insert(received);
            }
            Entry::Occupied(mut place) => {
                let kept: &Received = place.get();
                if kept.message.problem.is_some() && received.message.problem.is_none() {
                    place.insert(received);
                }
            }
        }
    }
    once
}

/// An id that was made here is never a repeat: the service cannot delete it, so it may come with every download.
fn is_repeat(received: &Received, known: KnownMessage) -> bool {
    let message = &received.message;
    message.id.is_from_service() && known.deleted && known.open_emergency && !message.acknowledged
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::message::Message;

    const OLD: KnownMessage = KnownMessage { deleted: false, open_emergency: true };
    const ACKNOWLEDGED: KnownMessage = KnownMessage { deleted: true, open_emergency: false };
    const REDELIVERED: KnownMessage = KnownMessage { deleted: true, open_emergency: true };

    fn id(number: i64) -> MessageId {
        MessageId::from_stored(number)
    }

    fn item(number: i64) -> Received {
        Received { message: Message::unread(id(number)), raw: String::new() }
    }

    fn acknowledged(number: i64) -> Received {
        let mut item = item(number);
        item.message.acknowledged = true;
        item
    }

    fn damaged(number: i64) -> Received {
        let mut item = item(number);
        item.message.problem = Some("no text".into());
        item
    }

    /// Asserts everything that the documentation of `sort` says.
    fn assert_sorted(batch: &[Received], known: &BTreeMap<MessageId, KnownMessage>) {
        let sorted = sort(batch.to_vec(), known);
        let new: Vec<_> = sorted.new.iter().map(|item| item.message.id).collect();
        assert!(new.is_sorted_by(|a, b| a < b), "ascending, once: {new:?}");
        assert!(sorted.repeated.is_sorted_by(|a, b| a < b), "ascending, once: {:?}", sorted.repeated);
        for number in batch.iter().map(|item| item.message.id) {
            assert_eq!(new.contains(&number), !known.contains_key(&number), "{number} of {batch:?}");
        }
        for item in &sorted.new {
            let mut copies = batch.iter().filter(|other| other.message.id == item.message.id);
            let first = copies.clone().next().unwrap();
            let best = copies.find(|copy| copy.message.problem.is_none()).unwrap_or(first);
            assert_eq!(item, best);
        }
        for number in &sorted.repeated {
            assert_eq!(known.get(number), Some(&REDELIVERED));
            assert!(batch.iter().any(|item| item.message.id == *number && !item.message.acknowledged));
            assert!(number.is_from_service());
        }
        for item in batch {
            let alone = batch.iter().filter(|other| other.message.id == item.message.id).count() == 1;
            let is_repeat = known.get(&item.message.id) == Some(&REDELIVERED)
                && !item.message.acknowledged
                && item.message.id.is_from_service();
            assert!(!(alone && is_repeat) || sorted.repeated.contains(&item.message.id), "{batch:?}");
        }
    }

    /// What may be deleted after a download of one batch.
    fn deletable(batch: &[MessageId], is_durable: impl Fn(MessageId) -> bool) -> Option<MessageId> {
        let mut deletable = Deletable::default();
        deletable.add(batch, is_durable);
        deletable.through()
    }

    /// Every order of every choice of some of the items.
    fn arrangements<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
        let mut all = vec![Vec::new()];
        for (place, item) in items.iter().enumerate() {
            let mut others = items.to_vec();
            others.remove(place);
            all.extend(arrangements(&others).into_iter().map(|mut rest| {
                rest.insert(0, item.clone());
                rest
            }));
        }
        all
    }

    /// Every combination of what the message log may know about these ids.
    fn logs(numbers: &[i64]) -> Vec<BTreeMap<MessageId, KnownMessage>> {
        let mut all = vec![BTreeMap::new()];
        for number in numbers {
            for mut log in std::mem::take(&mut all) {
                all.push(log.clone());
                for known in [OLD, ACKNOWLEDGED, REDELIVERED] {
                    log.insert(id(*number), known);
                    all.push(log.clone());
                }
            }
        }
        all
    }

    #[test]
    fn the_log_decides_what_is_new_or_repeated() {
        for (known, item, new, repeated) in [
            (None, item(5), true, false),
            (None, acknowledged(5), true, false),
            (None, damaged(5), true, false),
            (None, item(-5), true, false),
            (Some(OLD), item(5), false, false),
            (Some(ACKNOWLEDGED), item(5), false, false),
            (Some(REDELIVERED), item(5), false, true),
            (Some(REDELIVERED), acknowledged(5), false, false),
            (Some(REDELIVERED), item(-5), false, false),
        ] {
            let log = known.map(|known| (item.message.id, known)).into_iter().collect();
            let sorted = sort(vec![item.clone()], &log);
            assert_eq!(!sorted.new.is_empty(), new, "{known:?} {item:?}");
            assert_eq!(!sorted.repeated.is_empty(), repeated, "{known:?} {item:?}");
        }
    }

    #[test]
    fn a_low_id_that_comes_late_is_new() {
        let log = BTreeMap::from([(id(100), ACKNOWLEDGED)]);
        assert_eq!(sort(vec![item(7), item(100)], &log).new, [item(7)]);
    }

    #[test]
    fn the_first_copy_that_could_be_read_is_kept() {
        let none = BTreeMap::new();
        assert_eq!(sort(vec![damaged(1), acknowledged(1), item(1)], &none).new, [acknowledged(1)]);
        assert_eq!(sort(vec![damaged(1), damaged(1)], &none).new, [damaged(1)]);
        assert_eq!(sort(vec![item(1), damaged(1)], &none).new, [item(1)]);
    }

    #[test]
    fn every_order_of_four_ids_is_sorted_for_every_log() {
        for log in logs(&[-1, 1, 2, 3]) {
            for batch in arrangements(&[item(-1), item(1), item(2), item(3)]) {
                assert_sorted(&batch, &log);
            }
        }
    }

    #[test]
    fn every_batch_of_up_to_three_copies_is_sorted_for_every_log() {
        let items = [-1, 1, 2].map(|number| [item(number), acknowledged(number), damaged(number)]).concat();
        let mut batches: Vec<Vec<Received>> = vec![Vec::new()];
        let mut longest = batches.clone();
        for _ in 0..3 {
            let longer = |batch: &Vec<Received>| {
                let batch = batch.clone();
                items
                    .iter()
                    .map(move |item| [&batch[..], std::slice::from_ref(item)].concat())
                    .collect::<Vec<_>>()
            };
            longest = longest.iter().flat_map(longer).collect();
            batches.extend(longest.iter().cloned());
        }
        for log in logs(&[-1, 1, 2]) {
            for batch in &batches {
                assert_sorted(batch, &log);
            }
        }
    }

    #[test]
    fn deletion_stops_before_the_first_id_that_is_not_durable() {
        let ids = [-2, 1, 2, 3, 4].map(id);
        for batch in arrangements(&ids) {
            for durable in 0_u8..32 {
                let is_durable = |id: MessageId| {
                    ids.iter().position(|other| *other == id).is_some_and(|bit| durable >> bit & 1 == 1)
                };
                let promised = batch.iter().copied().filter(|candidate| {
                    let mut below = batch.iter().filter(|id| id.is_from_service() && *id <= candidate);
                    candidate.is_from_service() && below.all(|id| is_durable(*id))
                });
                assert_eq!(deletable(&batch, is_durable), promised.max(), "{batch:?} {durable:b}");
            }
        }
    }

    #[test]
    fn an_item_without_an_id_keeps_everything() {
        let mut deletable = Deletable::default();
        deletable.add(&[id(1), id(2)], |_| true);
        deletable.note_unknown();
        assert_eq!(deletable.through(), None);
    }

    proptest! {
        #[test]
        fn any_batch_is_sorted(
            batch in proptest::collection::vec((-3_i64..40, 0_usize..3), 0..60),
            log in proptest::collection::btree_map(-3_i64..40, (any::<bool>(), any::<bool>()), 0..40),
        ) {
            let kinds = [item, acknowledged, damaged];
            let batch: Vec<_> = batch.into_iter().map(|(number, kind)| kinds[kind](number)).collect();
            let known = |(number, (deleted, open_emergency))| (id(number), KnownMessage { deleted, open_emergency });
            assert_sorted(&batch, &log.into_iter().map(known).collect());
        }

        #[test]
        fn batches_allow_what_the_whole_allows_and_never_more(
            batches in proptest::collection::vec(proptest::collection::vec(-3_i64..60, 0..20), 0..6),
            lost in proptest::collection::btree_set(1_i64..60, 0..3),
        ) {
            let is_durable = |id: MessageId| !lost.contains(&id.number());
            let mut by_batch = Deletable::default();
            for batch in &batches {
                by_batch.add(&batch.iter().copied().map(id).collect::<Vec<_>>(), is_durable);
            }
            let all: Vec<_> = batches.concat().into_iter().map(id).collect();
            let at_once = deletable(&all, is_durable);
            prop_assert!(by_batch.through() <= at_once);
            if all.iter().all(|id| is_durable(*id)) {
                prop_assert_eq!(by_batch.through(), at_once);
            }
        }

        #[test]
        fn nothing_is_deleted_that_is_not_durable(
            batch in proptest::collection::vec(-3_i64..60, 0..60),
            lost in proptest::collection::btree_set(1_i64..60, 0..3),
        ) {
            let batch: Vec<_> = batch.into_iter().map(id).collect();
            let through = deletable(&batch, |id| !lost.contains(&id.number()));
            for id in batch.iter().filter(|id| id.is_from_service() && Some(**id) <= through) {
                prop_assert!(!lost.contains(&id.number()));
            }
        }
    }
}
