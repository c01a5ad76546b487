//! Damaged message logs: what can be read is saved, and the damaged file is kept.
//!
//! Invariant: no damage makes the program panic, lose what can be read, or change the damaged file.

use std::fs;
use std::path::Path;

use fastrand::Rng;

use crate::store::tests::*;
use crate::store::{Error, Repair};

const PAGE: usize = 4096;

/// A message log of many pages, closed, with an acknowledgement and a pause.
fn filled(home: &Home, messages: i64) -> Vec<u8> {
    let store = home.open();
    let batch: Vec<_> = (1..=messages).map(plain).collect();
    store.record(&desk(), Arrival::Waited, &batch, &[], 1).unwrap();
    store.record(&desk(), Arrival::Live, &[emergency(messages + 1, "r1")], &[], 2).unwrap();
    store.request_acknowledgement(&pending_ack("r1", 4_000_000_000), 3).unwrap();
    store.mark_read(&[Seq(7)], 4).unwrap();
    drop(store);
    fs::read(home.path()).unwrap()
}

fn repaired(home: &Home) -> (Store, Repair) {
    let store = Store::open_or_repair(&home.path()).unwrap();
    store.check().unwrap();
    let repair = store.repair().expect("it was repaired").clone();
    (store, repair)
}

fn check_requested(home: &Home) {
    home.open().request_check().unwrap();
}

#[test]
fn a_sound_message_log_is_opened_as_it_is() {
    let home = Home::new();
    filled(&home, 10);
    for is_to_be_checked in [false, true] {
        if is_to_be_checked {
            check_requested(&home);
        }
        let store = Store::open_or_repair(&home.path()).unwrap();
        assert_eq!((all(&store).len(), store.repair()), (11, None));
        // A second look would find nothing either.
        assert_eq!(store.request_check().unwrap(), !is_to_be_checked);
    }
    assert_eq!(Store::damaged_files(&home.path()), [] as [&Path; 0]);
}

#[test]
fn all_but_the_messages_in_a_damaged_page_are_saved() {
    let home = Home::new();
    let sound = filled(&home, 500);
    let pages = sound.len() / PAGE;
    let mut repairs = 0;
    for page in 0..pages {
        let mut bytes = sound.clone();
        bytes[page * PAGE..(page + 1) * PAGE].fill(0x55);
        fs::write(home.path(), &bytes).unwrap();
        Store::request_check_of(&home.path()).unwrap();
        let store = Store::open_or_repair(&home.path()).unwrap();
        // A page that nothing uses may be damaged unnoticed.
        let Some(repair) = store.repair().cloned() else { continue };
        repairs += 1;
        store.check().unwrap();
        let saved = all(&store);
        assert_eq!(saved.len() as u64, repair.saved);
        // A page has at most about 60 of these messages.
        assert!(saved.len() > 501 - 80, "page {page}: only {} are left", saved.len());
        assert_eq!(fs::read(&repair.damaged_file).unwrap(), bytes, "the damaged file is kept as it was");
        fs::remove_file(repair.damaged_file).unwrap();
        drop(store);
        assert_eq!(all(&home.open()).len(), saved.len());
        fs::remove_file(home.path()).unwrap();
    }
    assert!(repairs > pages / 2, "{repairs} of {pages} pages");
}

#[test]
fn marks_and_acknowledgements_are_saved_and_searches_find_everything() {
    let home = Home::new();
    let mut bytes = filled(&home, 2_000);
    // The last page with messages.
    let text = b"text of 1500";
    let position = bytes.windows(text.len()).position(|window| window == text).unwrap();
    let page = position / PAGE * PAGE;
    bytes[page..page + PAGE].fill(0);
    check_requested(&home);
    fs::write(home.path(), &bytes).unwrap();
    let (store, repair) = repaired(&home);
    assert_eq!(repair.before, Some(2_001));
    assert!((1_900..2_001).contains(&repair.saved), "{repair:?}");
    assert_eq!(entry_of(&store, 7).read, Some(4));
    assert_eq!(store.pending_acks().unwrap(), [pending_ack("r1", 4_000_000_000)]);
    let counts = store.counts(5).unwrap();
    assert_eq!((counts.messages, counts.unread), (repair.saved, repair.saved - 1));
    let found = |store: &Store, words: &str| {
        store.messages(&Query { search: Some(words.into()), ..everything() }).unwrap().len()
    };
    assert_eq!(found(&store, "text"), all(&store).len());
    while store.complete_index().unwrap() {}
    assert_eq!((found(&store, "text"), found(&store, "1999")), (all(&store).len(), 1));
    // New messages get new numbers.
    let before = all(&store).last().unwrap().seq;
    store.record(&desk(), Arrival::Live, &[plain(5_000)], &[], 9).unwrap();
    assert_eq!(all(&store).last().unwrap().seq, Seq(before.0 + 1));
}

#[test]
fn what_is_only_in_the_write_ahead_log_is_saved() {
    let home = Home::new();
    let sound = filled(&home, 2_000);
    let store = home.open();
    store.record(&desk(), Arrival::Live, &[plain(3_000)], &[], 5).unwrap();
    let log = fs::read(home.path().with_extension("db-wal")).unwrap();
    drop(store);
    let mut bytes = sound;
    let page = bytes.len() / PAGE / 2 * PAGE;
    bytes[page..page + PAGE].fill(0x55);
    fs::write(home.path(), &bytes).unwrap();
    fs::write(home.path().with_extension("db-wal"), log).unwrap();
    Store::request_check_of(&home.path()).unwrap();
    let (store, repair) = repaired(&home);
    assert!(ids(&all(&store)).contains(&3_000), "{repair:?}");
}

#[test]
fn a_file_of_another_program_is_set_aside() {
    for text in ["a shopping list\n".to_owned(), "milk and bread\n".repeat(5_000)] {
        let home = Home::new();
        fs::create_dir(home.path().parent().unwrap()).unwrap();
        fs::write(home.path(), &text).unwrap();
        let (store, repair) = repaired(&home);
        assert_eq!((all(&store).len(), repair.saved, repair.before), (0, 0, None));
        assert_eq!(fs::read_to_string(&repair.damaged_file).unwrap(), text);
        assert_eq!(Store::damaged_files(&home.path()), [repair.damaged_file]);
    }
}

#[test]
fn a_second_damaged_file_does_not_replace_the_first() {
    let home = Home::new();
    fs::create_dir(home.path().parent().unwrap()).unwrap();
    for text in ["first\n", "second\n"] {
        drop(fs::remove_file(home.path()));
        fs::write(home.path(), text.repeat(1_000)).unwrap();
        drop(repaired(&home));
    }
    let kept: Vec<_> =
        Store::damaged_files(&home.path()).iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    assert_eq!(kept, ["first\n".repeat(1_000), "second\n".repeat(1_000)]);
}

#[test]
fn random_damage_never_panics_and_what_is_left_can_be_used() {
    let mut dice = Rng::with_seed(20_261_126);
    let home = Home::new();
    let sound = filled(&home, 300);
    for round in 0..40 {
        let mut bytes = sound.clone();
        for _ in 0..dice.usize(1..40) {
            let position = dice.usize(..bytes.len());
            bytes[position] = dice.u8(..);
        }
        if dice.bool() {
            bytes.truncate(dice.usize(..bytes.len()));
        }
        drop(fs::remove_dir_all(home.path().parent().unwrap()));
        fs::create_dir(home.path().parent().unwrap()).unwrap();
        fs::write(home.path(), &bytes).unwrap();
        Store::request_check_of(&home.path()).unwrap();
        match Store::open_or_repair(&home.path()) {
            Ok(store) => {
                let known = all(&store).len();
                store.record(&desk(), Arrival::Live, &[plain(9_000)], &[], 9).unwrap();
                assert_eq!(all(&store).len(), known + 1, "round {round}");
                store.check().unwrap();
            }
            // The version is a number anywhere in the file's header.
            Err(Error::Newer) => {}
            Err(error) => panic!("round {round}: {error:?}"),
        }
    }
}

#[test]
fn a_repair_that_is_interrupted_is_completed_or_begun_again() {
    let home = Home::new();
    let sound = filled(&home, 300);
    let new = Home::new();
    filled(&new, 200);
    let beside = |suffix: &str| home.path().with_file_name(format!("messages.db{suffix}"));
    // It was still copying.
    fs::write(beside(".repairing"), "half").unwrap();
    assert_eq!(all(&Store::open_or_repair(&home.path()).unwrap()).len(), 301);
    // It had copied everything and moved nothing; then the write-ahead log; then the damaged file.
    for moved in 0..3 {
        fs::write(home.path(), &sound).unwrap();
        fs::write(beside("-wal"), "the old one").unwrap();
        fs::copy(new.path(), beside(".repaired")).unwrap();
        let damaged = format!(".damaged-{}", moved + 1);
        if moved >= 1 {
            fs::rename(beside("-wal"), beside(&format!("{damaged}-wal"))).unwrap();
        }
        if moved >= 2 {
            fs::rename(home.path(), beside(&damaged)).unwrap();
        }
        let store = Store::open_or_repair(&home.path()).unwrap();
        assert_eq!((all(&store).len(), store.repair()), (201, None), "{moved}");
        assert_eq!(fs::read(beside(&damaged)).unwrap(), sound);
        assert_eq!(fs::read_to_string(beside(&format!("{damaged}-wal"))).unwrap(), "the old one");
        drop(store);
    }
}
