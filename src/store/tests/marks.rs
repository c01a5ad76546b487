//! The marks (announced, read, deleted, initial sync done) and the states of an acknowledgement.
//!
//! Invariant: every test reads a message log that was opened again.

use super::*;
use crate::domain::message::Acknowledgement;
use crate::store::Counts;

#[test]
fn announced_keeps_its_first_time_and_saves_the_pending_acknowledgement() {
    let home = Home::new();
    home.open().record(&desk(), Arrival::Waited, &[plain(1), emergency(2, "r"), plain(3)], &[], 10).unwrap();
    home.open().mark_announced(&[Seq(1), Seq(2)], None, Some(&pending_ack("r", 500)), &[], 20).unwrap();
    home.open().mark_announced(&[Seq(1), Seq(77)], None, None, &[], 30).unwrap();

    let store = home.open();
    assert_eq!(entry_of(&store, 1).announced, Some(20));
    assert_eq!(entry_of(&store, 2).announced, Some(20));
    assert_eq!(entry_of(&store, 2).acknowledgement, Acknowledgement::Wanted);
    assert_eq!(ids(&store.unannounced().unwrap()), [3]);
    assert_eq!(store.pending_acks().unwrap(), [pending_ack("r", 500)]);
}

#[test]
fn a_skipped_message_is_announced_and_read_only_on_request() {
    let home = Home::new();
    home.open().record(&desk(), Arrival::Waited, &[plain(1), plain(2)], &[], 10).unwrap();
    home.open().skip(&[Seq(1)], false, 20).unwrap();
    home.open().skip(&[Seq(2)], true, 20).unwrap();
    home.open().skip(&[Seq(2)], true, 30).unwrap();

    let store = home.open();
    let marks = |number| (entry_of(&store, number).announced, entry_of(&store, number).read);
    assert_eq!(marks(1), (Some(20), None));
    assert_eq!(marks(2), (Some(20), Some(20)));
    assert_eq!(store.unannounced().unwrap(), []);
}

#[test]
fn read_keeps_its_first_time() {
    let home = Home::new();
    home.open().record(&desk(), Arrival::Waited, &[plain(1), plain(2)], &[], 10).unwrap();
    home.open().mark_read(&[Seq(1)], 20).unwrap();
    home.open().mark_read(&[Seq(1)], 30).unwrap();
    assert_eq!(entry_of(&home.open(), 1).read, Some(20));
    assert_eq!(entry_of(&home.open(), 2).read, None);
}

#[test]
fn a_clock_that_was_never_set_still_sets_a_mark() {
    let home = Home::new();
    home.open().record(&desk(), Arrival::Waited, &[plain(1)], &[], 0).unwrap();
    home.open().mark_announced(&[Seq(1)], None, None, &[], 0).unwrap();
    home.open().mark_read(&[Seq(1)], -5).unwrap();
    home.open().mark_deleted_through(&desk(), id(1), 0).unwrap();
    home.open().mark_initial_sync_done(&desk(), 0).unwrap();

    let store = home.open();
    assert_eq!(store.unannounced().unwrap(), []);
    assert!(entry_of(&store, 1).read.is_some());
    assert!(store.known(&desk(), &[id(1)]).unwrap()[&id(1)].deleted);
    assert!(store.is_initial_sync_done(&desk()).unwrap());
}

#[test]
fn deletion_is_marked_up_to_the_id_and_not_for_made_up_ids() {
    let home = Home::new();
    home.open()
        .record(&desk(), Arrival::Waited, &[plain(5), plain(-3), plain(9), plain(7)], &[], 10)
        .unwrap();
    home.open().mark_deleted_through(&desk(), id(7), 20).unwrap();
    home.open().record(&desk(), Arrival::Waited, &[plain(6)], &[], 30).unwrap();

    let store = home.open();
    let known = store.known(&desk(), &[5, -3, 9, 7, 6].map(id)).unwrap();
    let deleted: Vec<i64> =
        known.iter().filter(|(_, known)| known.deleted).map(|(id, _)| id.number()).collect();
    assert_eq!(deleted, [5, 7], "6 came late: it is new, not old");
}

#[test]
fn the_initial_sync_is_marked_once_for_each_device() {
    let home = Home::new();
    assert!(!home.open().is_initial_sync_done(&desk()).unwrap());
    home.open().mark_initial_sync_done(&desk(), 10).unwrap();
    home.open().mark_initial_sync_done(&desk(), 20).unwrap();
    assert!(home.open().is_initial_sync_done(&desk()).unwrap());
    assert!(!home.open().is_initial_sync_done(&laptop()).unwrap());
}

#[test]
fn a_confirmed_acknowledgement_stays_confirmed() {
    use Acknowledgement::{Confirmed, GivenUp, NotWanted, Wanted};
    for (steps, outcome, open) in [
        ("", NotWanted, true),
        ("want", Wanted, false),
        ("want confirm", Confirmed, false),
        ("want give-up", GivenUp, true),
        ("want give-up want", Wanted, false),
        ("want confirm want", Confirmed, false),
        ("want confirm give-up", Confirmed, false),
        ("want give-up confirm", Confirmed, false),
        ("give-up", GivenUp, true),
    ] {
        let home = Home::new();
        home.open().record(&desk(), Arrival::Waited, &[emergency(1, "r")], &[], 10).unwrap();
        for step in steps.split_whitespace() {
            match step {
                "want" => home.open().request_acknowledgement(&pending_ack("r", 500), 20).unwrap(),
                "confirm" => home.open().mark_acknowledged(&receipt("r"), 20).unwrap(),
                "give-up" => home.open().give_up_acknowledgement(&receipt("r"), 20).unwrap(),
                other => panic!("{other} is no step"),
            }
        }
        let store = home.open();
        assert_eq!(entry_of(&store, 1).acknowledgement, outcome, "{steps}");
        assert_eq!(store.known(&desk(), &[id(1)]).unwrap()[&id(1)].open_emergency, open, "{steps}");
        assert_eq!(store.pending_acks().unwrap().len(), usize::from(outcome == Wanted), "{steps}");
    }
}

#[test]
fn a_pending_acknowledgement_keeps_its_latest_expiry() {
    let home = Home::new();
    home.open().request_acknowledgement(&pending_ack("a", 500), 1).unwrap();
    home.open().request_acknowledgement(&pending_ack("b", 300), 1).unwrap();
    home.open().request_acknowledgement(&pending_ack("a", 400), 2).unwrap();
    home.open().request_acknowledgement(&pending_ack("b", 600), 2).unwrap();
    assert_eq!(home.open().pending_acks().unwrap(), [pending_ack("a", 500), pending_ack("b", 600)]);
}

#[test]
fn counts_of_an_empty_log_and_of_one_with_everything() {
    let home = Home::new();
    assert_eq!(home.open().counts(0).unwrap(), Counts::default());
    let mut quiet = plain(2);
    quiet.message.priority = Priority::Lowest;
    home.open().record(&desk(), Arrival::Waited, &[plain(1), quiet, plain(3)], &[], 10).unwrap();
    home.open().record(&laptop(), Arrival::Waited, &[plain(1)], &[], 7).unwrap();
    home.open().mark_announced(&[Seq(1)], None, None, &[], 20).unwrap();
    home.open().mark_read(&[Seq(3)], 20).unwrap();
    let counts = Counts {
        unread: 3,
        next_expiry: None,
        unacknowledged: 0,
        pending_acks: 0,
        last_recorded: Some(7),
        unannounced: 3,
        messages: 4,
    };
    assert_eq!(home.open().counts(30).unwrap(), counts);
}

#[test]
fn are_read_needs_every_message_to_be_read() {
    let home = Home::new();
    home.open().record(&desk(), Arrival::Waited, &[1, 2, 3].map(plain), &[], 10).unwrap();
    home.open().mark_read(&[Seq(1), Seq(3)], 20).unwrap();
    let store = home.open();
    for (seqs, are_read) in [(&[1, 3][..], true), (&[1, 2, 3], false), (&[], true), (&[9], true)] {
        let seqs: Vec<_> = seqs.iter().copied().map(Seq).collect();
        assert_eq!(store.are_read(&seqs).unwrap(), are_read, "{seqs:?}");
    }
}

#[test]
fn expired_messages_do_not_count_as_unread() {
    let home = Home::new();
    let expiring = |number, priority, expires| {
        let mut received = plain(number);
        (received.message.priority, received.message.expires) = (priority, Some(expires));
        received
    };
    let batch = [
        plain(1),
        expiring(2, Priority::Normal, 100),
        expiring(3, Priority::High, 200),
        expiring(4, Priority::Emergency, 50),
        expiring(5, Priority::Lowest, 300),
    ];
    home.open().record(&desk(), Arrival::Waited, &batch, &[], 10).unwrap();
    home.open().mark_read(&[Seq(5)], 20).unwrap();
    let store = home.open();
    for (unix, unread, next_expiry) in [
        (0, &[1, 2, 3, 4][..], Some(100)),
        (99, &[1, 2, 3, 4], Some(100)),
        (100, &[1, 3, 4], Some(200)),
        (200, &[1, 4], None),
        (i64::MAX, &[1, 4], None),
    ] {
        let counts = store.counts(unix).unwrap();
        assert_eq!((counts.unread, counts.next_expiry), (unread.len() as u64, next_expiry), "{unix}");
        let query = Query { limit: 9, unread: Some(unix), ..Query::default() };
        let listed = store.messages(&query).unwrap();
        assert!(listed.iter().all(|entry| entry.is_unread(unix)));
        assert_eq!(ids(&listed), unread, "{unix}");
        let all = store.messages(&Query { limit: 9, ..Query::default() }).unwrap();
        assert_eq!(all.iter().filter(|entry| entry.is_unread(unix)).count(), unread.len());
    }
}

#[test]
fn an_emergency_counts_once_for_each_receipt_until_it_is_too_old() {
    let home = Home::new();
    let now = 1_000_000;
    let queued = |number, of: &str, queued| {
        let mut received = emergency(number, of);
        // The sender's time may be any.
        (received.message.date, received.message.queued) = (now - 200_000, queued);
        received
    };
    let mut acknowledged = emergency(6, "elsewhere");
    acknowledged.message.acknowledged = true;
    let mut no_receipt = plain(7);
    no_receipt.message.priority = Priority::Emergency;
    let batch = [
        queued(1, "counts", 0),
        queued(2, "counts", now - 60),
        queued(3, "alsocounts", now - 10_800),
        queued(4, "tooold", now - 10_801),
        queued(5, "justnow", now),
        acknowledged,
        no_receipt,
        queued(8, "wanted", 0),
        queued(9, "confirmed", 0),
        queued(10, "givenup", 0),
    ];
    let store = home.open();
    store.record(&desk(), Arrival::Waited, &[emergency(99, "recordedlongago")], &[], now - 10_801).unwrap();
    store.record(&desk(), Arrival::Waited, &batch, &[], now).unwrap();
    store.request_acknowledgement(&pending_ack("wanted", now), now).unwrap();
    store.mark_acknowledged(&receipt("confirmed"), now).unwrap();
    store.give_up_acknowledgement(&receipt("givenup"), now).unwrap();
    drop(store);

    let store = home.open();
    let counts = store.counts(now).unwrap();
    assert_eq!((counts.unacknowledged, counts.pending_acks), (3, 1));
    assert_eq!(store.counts(now + 10_801).unwrap().unacknowledged, 0);
    assert_eq!(ids(&store.open_emergencies(9, now).unwrap()), [5, 3, 2], "the last copy, the newest first");
    assert_eq!(ids(&store.open_emergencies(2, now).unwrap()), [5, 3]);
    assert!(store.open_emergencies(9, now + 10_801).unwrap().is_empty());
}

#[test]
fn the_copies_of_an_emergency_are_one_unread_message_in_the_place_of_the_first() {
    let home = Home::new();
    let record = |messages: &[Received], unix| {
        home.open().record(&desk(), Arrival::Live, messages, &[], unix).unwrap();
    };
    record(&[emergency(1, "fire"), plain(2)], 10);
    record(&[emergency(3, "fire"), emergency(4, "flood"), plain(5)], 20);
    record(&[emergency(6, "fire")], 30);
    let once = Query { each_emergency_once: true, ..everything() };
    let store = home.open();
    let listed = store.messages(&once).unwrap();
    assert_eq!(ids(&listed), [6, 2, 4, 5]);
    let repeats: Vec<_> = listed.iter().map(|entry| (entry.repeats, entry.last_repeat())).collect();
    assert_eq!(repeats, [(2, Some(30)), (0, None), (0, None), (0, None)]);
    assert_eq!(ids(&store.messages(&Query { limit: 2, ..once.clone() }).unwrap()), [6, 5]);
    assert_eq!(store.counts(40).unwrap().unread, 4);
    assert_eq!(store.messages(&everything()).unwrap().len(), 6);
    drop(store);

    // Reading one copy marks all of them.
    home.open().mark_read(&[Seq(6)], 50).unwrap();
    let store = home.open();
    assert_eq!(store.counts(60).unwrap().unread, 3);
    assert_eq!([1, 3, 6].map(|number| entry_of(&store, number).read), [Some(50); 3]);
    assert_eq!(ids(&store.messages(&Query { unread: Some(60), ..once }).unwrap()), [2, 4, 5]);
}
