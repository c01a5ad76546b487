//! Recording messages, for the first time and again.
//!
//! Invariant: every test reads a message log that was opened again.

use super::*;
use crate::domain::message::Acknowledgement;
use crate::domain::message::KnownMessage;
use crate::domain::settings::Keep;

#[test]
fn a_message_is_read_as_it_was_recorded() {
    let home = Home::new();
    let bare = Received { message: Message::unread(id(7)), raw: String::new() };
    home.open().record(&desk(), Arrival::Waited, &[full(5), bare.clone()], &[], 1_700_000_000).unwrap();

    let store = home.open();
    let entries = all(&store);
    assert_eq!(
        entries[0],
        Entry {
            seq: Seq(1),
            device: desk(),
            message: full(5).message,
            recorded: 1_700_000_000,
            arrival: Arrival::Waited,
            announced: None,
            read: None,
            acknowledgement: Acknowledgement::NotWanted,
            repeats: 0,
            first: Seq(1),
        }
    );
    assert_eq!((entries[1].seq, &entries[1].message), (Seq(2), &bare.message));
    assert_eq!(store.raw(Seq(1)).unwrap(), Some(full(5).raw));
    assert_eq!(store.raw(Seq(2)).unwrap().as_deref(), Some(""));
    assert_eq!(store.raw(Seq(3)).unwrap(), None);
}

#[test]
fn the_arrival_of_a_message_keeps_its_first_value() {
    let home = Home::new();
    home.open().record(&desk(), Arrival::Live, &[plain(1)], &[], 10).unwrap();
    home.open().record(&desk(), Arrival::Waited, &[plain(1), plain(2)], &[], 20).unwrap();
    home.open().record(&desk(), Arrival::Waited, &[], &[id(1)], 30).unwrap();
    let arrivals: Vec<_> = all(&home.open()).iter().map(|entry| entry.arrival).collect();
    assert_eq!(arrivals, [Arrival::Live, Arrival::Waited]);
}

#[test]
fn ids_too_large_for_a_float_stay_distinct() {
    let home = Home::new();
    let numbers = [9_007_199_254_740_995, 9_007_199_254_740_993, i64::MAX, -9_007_199_254_740_993, 2];
    home.open().record(&desk(), Arrival::Waited, &numbers.map(plain), &[], 1).unwrap();

    let store = home.open();
    assert_eq!(ids(&all(&store)), numbers);
    let large = [9_007_199_254_740_993, 9_007_199_254_740_994, i64::MAX, 2].map(id);
    let known: Vec<_> = store.known(&desk(), &large).unwrap().into_keys().collect();
    assert_eq!(known, [2, 9_007_199_254_740_993, i64::MAX].map(id));
    let in_order = [-9_007_199_254_740_993, 2, 9_007_199_254_740_993, 9_007_199_254_740_995, i64::MAX];
    assert_eq!(ids(&store.unannounced().unwrap()), in_order);
}

#[test]
fn the_same_id_on_two_devices_is_two_messages() {
    let home = Home::new();
    home.open().record(&laptop(), Arrival::Waited, &[plain(2)], &[], 1).unwrap();
    home.open().record(&desk(), Arrival::Waited, &[plain(3), plain(2)], &[], 2).unwrap();
    home.open().mark_deleted_through(&desk(), id(2), 3).unwrap();

    let store = home.open();
    assert_eq!(all(&store).len(), 3);
    assert!(store.known(&desk(), &[id(2)]).unwrap()[&id(2)].deleted);
    assert!(!store.known(&laptop(), &[id(2)]).unwrap()[&id(2)].deleted);
    assert!(store.known(&laptop(), &[id(3)]).unwrap().is_empty());
    let order: Vec<_> =
        store.unannounced().unwrap().into_iter().map(|entry| (entry.device, entry.message.id)).collect();
    assert_eq!(order, [(desk(), id(2)), (desk(), id(3)), (laptop(), id(2))]);
    assert_eq!(entry_of(&store, 2).device, desk(), "the one recorded last");
}

#[test]
fn recording_a_known_message_again_changes_nothing() {
    let home = Home::new();
    home.open().record(&desk(), Arrival::Waited, &[plain(1), emergency(2, "r")], &[], 10).unwrap();
    let before = all(&home.open());
    let mut other = plain(1);
    other.message.body = "another text".into();
    let mut acknowledged = emergency(2, "r");
    acknowledged.message.acknowledged = true;
    home.open().record(&desk(), Arrival::Waited, &[other, acknowledged, plain(3)], &[], 20).unwrap();

    let store = home.open();
    assert_eq!(all(&store)[..2], before);
    assert_eq!(store.raw(Seq(1)).unwrap(), Some(plain(1).raw));
    assert_eq!(ids(&all(&store)), [1, 2, 3]);
}

#[test]
fn a_batch_with_the_same_message_twice_records_it_once() {
    let home = Home::new();
    home.open().record(&desk(), Arrival::Waited, &[plain(1), plain(1)], &[], 10).unwrap();
    assert_eq!(ids(&all(&home.open())), [1]);
}

#[test]
fn a_repeated_message_is_announced_and_deleted_again() {
    let home = Home::new();
    let store = home.open();
    store.record(&desk(), Arrival::Waited, &[emergency(1, "r"), plain(2)], &[], 10).unwrap();
    store.mark_announced(&[Seq(1), Seq(2)], None, None, &[], 11).unwrap();
    store.mark_read(&[Seq(1)], 12).unwrap();
    store.mark_deleted_through(&desk(), id(2), 13).unwrap();
    drop(store);
    let still_open = KnownMessage { deleted: true, open_emergency: true };
    assert_eq!(home.open().known(&desk(), &[id(1)]).unwrap()[&id(1)], still_open);
    home.open().record(&desk(), Arrival::Waited, &[plain(3)], &[id(1), id(99)], 20).unwrap();
    home.open().record(&laptop(), Arrival::Waited, &[], &[id(1)], 20).unwrap();

    let store = home.open();
    assert_eq!(ids(&store.unannounced().unwrap()), [1, 3]);
    assert_eq!(
        store.known(&desk(), &[id(1)]).unwrap()[&id(1)],
        KnownMessage { deleted: false, ..still_open }
    );
    let entry = entry_of(&store, 1);
    assert_eq!((entry.repeats, entry.recorded, entry.read), (1, 10, Some(12)));
    assert_eq!(entry_of(&store, 2).repeats, 0);
}

#[test]
fn a_new_message_has_the_acknowledgement_state_of_its_receipt() {
    let home = Home::new();
    home.open().record(&desk(), Arrival::Waited, &[emergency(1, "a"), emergency(2, "b")], &[], 10).unwrap();
    home.open().request_acknowledgement(&pending_ack("a", 100), 11).unwrap();
    home.open().record(&desk(), Arrival::Waited, &[emergency(3, "a"), emergency(4, "b")], &[], 12).unwrap();

    let store = home.open();
    assert_eq!(entry_of(&store, 3).acknowledgement, Acknowledgement::Wanted);
    assert_eq!(entry_of(&store, 4).acknowledgement, Acknowledgement::NotWanted);
    let known = store.known(&desk(), &[id(3), id(4)]).unwrap();
    assert!(!known[&id(3)].open_emergency && known[&id(4)].open_emergency);
}

#[test]
fn an_acknowledgement_from_elsewhere_counts_for_every_message_of_the_receipt() {
    let home = Home::new();
    home.open().record(&desk(), Arrival::Waited, &[emergency(1, "a")], &[], 10).unwrap();
    home.open().request_acknowledgement(&pending_ack("a", 100), 11).unwrap();
    let mut acknowledged = emergency(2, "a");
    acknowledged.message.acknowledged = true;
    home.open().record(&desk(), Arrival::Waited, &[acknowledged], &[], 12).unwrap();

    let store = home.open();
    assert_eq!(store.pending_acks().unwrap(), []);
    for number in [1, 2] {
        assert_eq!(entry_of(&store, number).acknowledgement, Acknowledgement::Confirmed);
        assert!(!store.known(&desk(), &[id(number)]).unwrap()[&id(number)].open_emergency);
    }
}

#[test]
fn row_numbers_are_not_reused_and_forgotten_text_is_not_left_in_the_files() {
    let home = Home::new();
    let mut secret = plain(1);
    secret.message.body = "the-forgotten-word and others".into();
    secret.raw = "raw-forgotten-json".into();
    let store = home.open();
    store.record(&desk(), Arrival::Waited, &[secret, emergency(2, "forgottenreceipt")], &[], 1).unwrap();
    store.request_acknowledgement(&pending_ack("forgottenreceipt", 9), 1).unwrap();
    store.mark_initial_sync_done(&DeviceId::new("forgottendevice").unwrap(), 1).unwrap();
    assert!(holds(&home, "forgotten"), "the search below can find it");
    store.forget_messages(1).unwrap();

    assert!(!holds(&home, "forgotten"));
    drop(store);
    let store = home.open();
    assert!(!holds(&home, "forgotten"));
    assert_eq!(all(&store), []);
    assert_eq!(store.pending_acks().unwrap(), []);
    assert!(!store.is_initial_sync_done(&DeviceId::new("forgottendevice").unwrap()).unwrap());
    store.record(&desk(), Arrival::Waited, &[plain(1)], &[], 2).unwrap();
    assert_eq!(all(&store)[0].seq, Seq(3));
    store.check().unwrap();
}

#[test]
fn forgetting_messages_frees_disk_space() {
    let home = Home::new();
    let store = home.open();
    let empty = std::fs::metadata(home.path()).unwrap().len();
    store.record(&desk(), Arrival::Waited, &(1..=2_000).map(full).collect::<Vec<_>>(), &[], 1).unwrap();
    store.forget_messages(1).unwrap();
    drop(store);
    assert!(std::fs::metadata(home.path()).unwrap().len() <= empty.max(160 * 1024));
}

/// Deletes the messages that the setting does not keep, as the daemon does.
fn delete_outdated(store: &Store, keep: Keep, unix: i64) -> usize {
    let Some(mut outdated) = store.outdated(keep, unix).unwrap() else { return 0 };
    let mut deleted = 0;
    while let Some(seqs) = store.next_outdated(&mut outdated, unix).unwrap() {
        deleted += store.delete_messages(&seqs, unix).unwrap();
    }
    while store.shrink().unwrap() {}
    deleted
}

#[test]
fn old_messages_are_deleted_but_not_unread_ones_or_open_emergencies() {
    let home = Home::new();
    let store = home.open();
    let day = 86_400;
    let mut expired = plain(4);
    expired.message.expires = Some(5);
    let batch = [plain(1), plain(2), emergency(3, "fire"), expired, plain(5)];
    store.record(&desk(), Arrival::Waited, &batch, &[], day).unwrap();
    store.record(&desk(), Arrival::Waited, &[plain(6), plain(7), plain(8)], &[], 100 * day).unwrap();
    store.skip(&[1, 2, 4, 5, 6, 7, 8].map(Seq), false, day).unwrap();
    store.mark_announced(&[Seq(3)], None, None, &[], day).unwrap();
    store.mark_read(&[1, 3, 5, 6, 7].map(Seq), day).unwrap();
    store.mark_deleted_through(&desk(), id(4), day).unwrap();

    assert_eq!(delete_outdated(&store, Keep::Forever, 200 * day), 0);
    assert_eq!(delete_outdated(&store, Keep::Seconds(90 * day), day + 9), 0);
    assert_eq!(delete_outdated(&store, Keep::Newest(3), day + 9), 2);
    assert_eq!(
        ids(&all(&home.open())),
        [2, 3, 5, 6, 7, 8],
        "unread, an emergency, still on the service, and the newest"
    );
    assert_eq!(
        delete_outdated(&store, Keep::Seconds(90 * day), 101 * day),
        1,
        "the service no longer repeats it"
    );
    store.mark_deleted_through(&desk(), id(8), day).unwrap();
    assert_eq!(delete_outdated(&store, Keep::Seconds(90 * day), 101 * day), 1);
    assert_eq!(delete_outdated(&store, Keep::Newest(1), 101 * day), 2);
    assert_eq!(ids(&all(&home.open())), [2, 8]);
    let counts = store.counts(101 * day).unwrap();
    assert_eq!((counts.messages, counts.unread), (2, 2));
}

#[test]
fn the_file_shrinks_in_short_steps() {
    let home = Home::new();
    let store = home.open();
    store.record(&desk(), Arrival::Waited, &(1..=3_000).map(full).collect::<Vec<_>>(), &[], 1).unwrap();
    let seqs: Vec<_> = (1..=3_000).map(Seq).collect();
    store.skip(&seqs, true, 1).unwrap();
    store.mark_deleted_through(&desk(), id(3_000), 1).unwrap();
    while store.shrink().unwrap() {}
    let size = || std::fs::metadata(home.path()).unwrap().len();
    let before = size();
    let later = 1_000_000;
    let mut outdated = store.outdated(Keep::Newest(100), later).unwrap().unwrap();
    while let Some(seqs) = store.next_outdated(&mut outdated, later).unwrap() {
        store.delete_messages(&seqs, later).unwrap();
    }
    let mut steps = 0;
    while store.shrink().unwrap() {
        steps += 1;
    }
    assert!(steps > 1, "{steps}");
    assert!(size() < before / 2, "{before} {}", size());
    assert_eq!(all(&store).len(), 100);
    store.check().unwrap();
}

#[test]
fn a_message_delivered_as_acknowledged_has_no_acknowledgement_of_its_own() {
    let home = Home::new();
    let mut without_receipt = plain(1);
    without_receipt.message.priority = Priority::Emergency;
    let mut first = emergency(2, "a");
    let mut copy = emergency(3, "a");
    for received in [&mut without_receipt, &mut first, &mut copy] {
        received.message.acknowledged = true;
    }
    home.open().record(&desk(), Arrival::Waited, &[without_receipt, first, copy], &[], 1).unwrap();
    for number in [1, 2, 3] {
        let entry = entry_of(&home.open(), number);
        assert_eq!(entry.acknowledgement, Acknowledgement::NotWanted, "{number}");
        assert!(!entry.awaits_acknowledgement());
    }
    assert_eq!(home.open().counts(1).unwrap().unacknowledged, 0);
}

/// Whether any file of the message log contains a text.
pub(super) fn holds(home: &Home, text: &str) -> bool {
    let folder = home.path().parent().unwrap().to_owned();
    std::fs::read_dir(folder)
        .unwrap()
        .map(|file| std::fs::read(file.unwrap().path()).unwrap())
        .any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
}
