//! Full disks and locked files.
//!
//! Invariant: a failed call has changed nothing, and the same call works once the cause is gone.

use rusqlite::Connection;

use super::*;
use crate::store::Error;

/// A batch that needs many pages, its ids from `first` on.
fn large_batch(first: i64) -> Vec<Received> {
    (first..first + 50)
        .map(|number| {
            let mut received = plain(number);
            received.message.body = format!("word{number} ").repeat(500);
            received
        })
        .collect()
}

#[test]
fn a_full_disk_records_nothing_until_there_is_space() {
    let home = Home::new();
    let store = home.open();
    store.record(&desk(), Arrival::Waited, &[emergency(1, "r")], &[], 1).unwrap();
    let before = all(&store);
    let set_most_pages =
        |pages: i64| store.connection().pragma_update(None, "max_page_count", pages).unwrap();
    let pages: i64 = store.connection().query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    set_most_pages(pages + 8);

    let error = store.record(&desk(), Arrival::Waited, &large_batch(100), &[id(1)], 2).unwrap_err();
    assert!(matches!(error, Error::Full), "{error:?}");
    assert_eq!(error.to_string(), "the disk is full");
    assert_eq!(all(&store), before);
    assert_eq!(all(&Store::open_read_only(&home.path()).unwrap().unwrap()), before);

    set_most_pages(1_000_000);
    store.record(&desk(), Arrival::Waited, &large_batch(100), &[id(1)], 2).unwrap();
    drop(store);
    let store = home.open();
    assert_eq!(all(&store).len(), 51);
    assert_eq!(entry_of(&store, 1).repeats, 1);
    store.check().unwrap();
}

#[test]
fn a_locked_file_is_reported_and_loses_nothing() {
    let home = Home::new();
    let store = home.open();
    store.record(&desk(), Arrival::Waited, &[plain(1)], &[], 1).unwrap();
    let other = Connection::open(home.path()).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();

    // The store waits 300 ms: a call that never returned would hang here, and be killed as a hanging test.
    assert!(matches!(store.record(&desk(), Arrival::Waited, &[plain(2)], &[], 2), Err(Error::Locked)));
    assert!(matches!(
        store.mark_announced(&[Seq(1)], None, Some(&pending_ack("r", 9)), &[], 2),
        Err(Error::Locked)
    ));
    assert!(matches!(Store::check_writable(&home.path()), Err(Error::Locked)));
    assert_eq!(ids(&all(&store)), [1], "it can still be read");
    assert_eq!(store.pending_acks().unwrap(), []);

    other.execute_batch("COMMIT").unwrap();
    Store::check_writable(&home.path()).unwrap();
    store.record(&desk(), Arrival::Waited, &[plain(2)], &[], 2).unwrap();
    assert_eq!(ids(&all(&home.open())), [1, 2]);
}

#[test]
fn an_exclusively_locked_file_is_reported_as_locked() {
    let home = Home::new();
    drop(home.open());
    let other = Connection::open(home.path()).unwrap();
    other.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT").unwrap();
    assert!(matches!(Store::open(&home.path()), Err(Error::Locked)));
    assert!(matches!(Store::open_read_only(&home.path()), Err(Error::Locked)));
    drop(other);
    assert_eq!(all(&home.open()), []);
}

#[test]
fn forgetting_fails_while_another_process_reads() {
    let home = Home::new();
    let store = home.open();
    store.record(&desk(), Arrival::Waited, &[plain(1)], &[], 1).unwrap();
    let reader = Connection::open(home.path()).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM messages").unwrap();
    assert!(matches!(store.forget_messages(1), Err(Error::Locked)));
    reader.execute_batch("COMMIT").unwrap();
    store.forget_messages(1).unwrap();
    assert_eq!(all(&home.open()), []);
}

#[test]
fn an_error_contains_no_part_of_a_message() {
    let home = Home::new();
    let store = home.open();
    store.record(&desk(), Arrival::Waited, &[full(1)], &[], 1).unwrap();
    store.connection().execute_batch("UPDATE messages SET device = 'not a device: secret'").unwrap();
    let error = store.find(id(1)).unwrap_err();
    assert!(matches!(error, Error::Damaged(_)), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("secret"));
}
