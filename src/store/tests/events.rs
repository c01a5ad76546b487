//! The events of the message log.
//!
//! Every event is read from a message log that was opened again.

use super::*;
use crate::store::EventKind::{Acknowledged, AllDeleted, Deleted, Expired, Read, Recorded, Shown, Unread};
use crate::store::{EventKind, Events};

fn after(home: &Home, number: i64) -> Events {
    home.open().events_after(number, usize::MAX).unwrap()
}

/// The kind of every event after a number, and the id of its message.
fn kinds(home: &Home, number: i64) -> Vec<(EventKind, i64)> {
    let Events { missed, events } = after(home, number);
    assert_eq!(missed, None);
    assert!(events.iter().zip(number + 1..).all(|(event, number)| event.number == number), "{events:?}");
    events.into_iter().map(|event| (event.kind, event.id.number())).collect()
}

fn record(home: &Home, received: &[Received]) {
    home.open().record(&desk(), Arrival::Live, received, &[], 1).unwrap();
}

#[test]
fn every_change_has_one_event() {
    let home = Home::new();
    let store = home.open();
    assert_eq!(kinds(&home, 0), []);
    record(&home, &[plain(1), emergency(2, "fire"), emergency(3, "fire"), plain(4)]);
    record(&home, &[plain(1)]);
    assert_eq!(kinds(&home, 0), [(Recorded, 1), (Recorded, 2), (Recorded, 3), (Recorded, 4)]);

    for _ in 0..2 {
        store.mark_announced(&[Seq(1), Seq(2)], None, None, &[], 2).unwrap();
        store.skip(&[Seq(4)], true, 2).unwrap();
        store.mark_read(&[Seq(1), Seq(4)], 3).unwrap();
        store.mark_emergency_read(&receipt("fire"), 3).unwrap();
        store.mark_acknowledged(&receipt("fire"), 4).unwrap();
        store.mark_deleted_through(&desk(), id(3), 4).unwrap();
        assert_eq!(store.delete_messages(&[Seq(4)], 5).unwrap(), 0, "the service still has it");
    }
    let expected = [
        (Shown, 1),
        (Shown, 2),
        (Read, 4),
        (Read, 1),
        (Read, 2),
        (Read, 3),
        (Acknowledged, 2),
        (Acknowledged, 3),
    ];
    assert_eq!(kinds(&home, 4), expected);

    assert_eq!(store.delete_messages(&[Seq(1), Seq(7)], 6).unwrap(), 1);
    assert_eq!(kinds(&home, 12), [(Deleted, 1)]);
    assert_eq!(store.counts(9).unwrap().unread, 0);
    for _ in 0..2 {
        store.mark_unread(&[Seq(4), Seq(7)], 7).unwrap();
    }
    assert_eq!(kinds(&home, 13), [(Unread, 4)]);
    assert_eq!((entry_of(&store, 4).read, store.counts(9).unwrap().unread), (None, 1));
    assert_eq!(ids(&all(&home.open())), [2, 3, 4]);
}

#[test]
fn a_message_that_expires_unread_has_one_event() {
    let home = Home::new();
    let store = home.open();
    store.record_expired(10).unwrap();
    let expiring = |number, expires| {
        let mut received = plain(number);
        received.message.expires = Some(expires);
        received
    };
    record(&home, &[expiring(1, 20), expiring(2, 20), expiring(3, 30), expiring(4, 10)]);
    store.mark_read(&[Seq(2)], 12).unwrap();
    for unix in [19, 20, 25, 20, 30] {
        home.open().record_expired(unix).unwrap();
    }
    assert_eq!(kinds(&home, 4), [(Read, 2), (Expired, 1), (Expired, 3)]);
}

#[test]
fn event_numbers_continue_after_everything_is_forgotten() {
    let home = Home::new();
    record(&home, &[plain(1), plain(2)]);
    home.open().forget_messages(5).unwrap();
    record(&home, &[plain(1)]);
    let Events { missed, events } = after(&home, 1);
    assert_eq!(missed, Some(2));
    let events: Vec<_> = events.into_iter().map(|event| (event.number, event.kind)).collect();
    assert_eq!(events, [(3, AllDeleted), (4, Recorded)]);
}

#[test]
fn a_reader_that_lags_too_far_behind_gets_the_last_missed_number() {
    let home = Home::new();
    record(&home, &(1..=10_007).map(plain).collect::<Vec<_>>());
    let Events { missed, events } = home.open().events_after(3, 2).unwrap();
    assert_eq!(missed, Some(7));
    assert_eq!(events.iter().map(|event| event.number).collect::<Vec<_>>(), [8, 9]);
    assert_eq!(after(&home, 7).missed, None);
    assert_eq!(after(&home, 10_007), Events::default());
    assert_eq!(after(&home, 10_008).missed, Some(10_007), "the number is from another log");
}

#[test]
fn the_latest_number_is_known_at_once_and_after_a_restart() {
    let home = Home::new();
    let store = home.open();
    let latest = store.latest_event();
    store.record(&desk(), Arrival::Live, &[plain(1), plain(2)], &[], 1).unwrap();
    assert_eq!(*latest.borrow(), 2);
    store.mark_read(&[Seq(9)], 1).unwrap();
    assert_eq!(*latest.borrow(), 2);
    assert_eq!(*home.open().latest_event().borrow(), 2);
}
