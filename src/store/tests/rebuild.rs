//! Rebuilding the index of words of a message log from an older version.
//!
//! Invariant: the older message log is made with the older schema.

use rusqlite::{Connection, params};

use super::*;
use crate::store::migrate;

/// A message log of version 6 with this many messages.
fn older(home: &Home, messages: i64) {
    std::fs::create_dir_all(home.path().parent().unwrap()).unwrap();
    let mut log = Connection::open(home.path()).unwrap();
    let transaction = log.transaction().unwrap();
    for step in &migrate::STEPS[..6] {
        transaction.execute_batch(step).unwrap();
    }
    transaction.pragma_update(None, "user_version", 6).unwrap();
    for number in 1..=messages {
        let body = format!("<font color='red'>word{number}x</font> データベースが停止");
        transaction
            .execute(
                "INSERT INTO messages (device, id, recorded, read, deleted, html, body) VALUES ('desk', ?, 1, ?, 1, 1, ?)",
                params![number, number % 2, body],
            )
            .unwrap();
    }
    transaction.commit().unwrap();
}

fn found(store: &Store, words: &str) -> usize {
    store.messages(&Query { search: Some(words.into()), ..everything() }).unwrap().len()
}

#[test]
fn an_older_log_can_be_searched_while_it_is_reindexed_in_steps() {
    let home = Home::new();
    older(&home, 450);
    let store = home.open();
    let counts = store.counts(9).unwrap();
    assert_eq!((counts.messages, counts.unread), (450, 225));
    store.record(&desk(), Arrival::Live, &[plain(1_001)], &[], 9).unwrap();
    assert_eq!((found(&store, "word450x"), found(&store, "word7x"), found(&store, "1001")), (1, 1, 1));
    assert_eq!(found(&store, "停止"), 0, "the old index does not find it");

    // The first step indexes the message that came after the update.
    assert!(store.complete_index().unwrap() && store.complete_index().unwrap());
    assert_eq!((found(&store, "停止"), found(&store, "font")), (100, 350), "the newest are first");
    assert_eq!((found(&store, "word450x"), found(&store, "word7x")), (1, 1));
    // One message in the new index, one only in the old index, and one in both.
    assert_eq!(
        store.delete_messages(&[Seq(451), Seq(7), Seq(450)], 9).unwrap(),
        2,
        "one is still on the service"
    );
    assert_eq!((found(&store, "word450x"), found(&store, "word7x")), (0, 0));

    // Each step continues after a restart.
    drop(store);
    let mut steps = 0;
    while home.open().complete_index().unwrap() {
        steps += 1;
        assert_eq!(found(&home.open(), "word9x"), 1);
        home.open().check().unwrap();
    }
    assert!((5..30).contains(&steps), "{steps}");
    let store = home.open();
    assert_eq!((found(&store, "停止"), found(&store, "font"), found(&store, "word449x")), (448, 0, 1));
    store.check().unwrap();
    let tables: i64 = store
        .connection()
        .query_row("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'messages_search%'", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(tables, 0);
}

#[test]
fn deleted_words_are_not_left_in_the_files() {
    let home = Home::new();
    let store = home.open();
    let batch: Vec<_> = (1..=300)
        .map(|number| {
            let mut received = plain(number);
            let kind = if number % 2 == 0 { "deleted" } else { "kept" };
            received.message.body = format!("<b>{kind}word{number}</b> and other words");
            received.message.html = true;
            received.raw = format!("{{\"{kind}raw\":{number}}}");
            received
        })
        .collect();
    store.record(&desk(), Arrival::Waited, &batch, &[], 1).unwrap();
    store.mark_deleted_through(&desk(), id(300), 2).unwrap();
    while store.complete_index().unwrap() {}
    assert!(record::holds(&home, "deletedword") && record::holds(&home, "keptword299"));
    let even: Vec<_> = (1..=150).map(|number| Seq(2 * number)).collect();
    assert_eq!(store.delete_messages(&even, 3).unwrap(), 150);
    while store.shrink().unwrap() {}
    assert!(!record::holds(&home, "deletedword") && !record::holds(&home, "deletedraw"));
    assert!(record::holds(&home, "keptword299") && record::holds(&home, "keptraw"));
    assert_eq!(
        (found(&store, "deletedword2"), found(&store, "keptword299"), found(&store, "words")),
        (0, 1, 150)
    );
    store.check().unwrap();
}

#[test]
fn the_index_of_version_8_is_rebuilt() {
    let home = Home::new();
    std::fs::create_dir_all(home.path().parent().unwrap()).unwrap();
    let mut log = Connection::open(home.path()).unwrap();
    let transaction = log.transaction().unwrap();
    for step in &migrate::STEPS[..8] {
        transaction.execute_batch(step).unwrap();
    }
    transaction
        .execute_batch(
            "
            PRAGMA user_version = 8;
            DROP TRIGGER messages_search_delete;
            DROP TABLE messages_search;
            INSERT INTO messages (device, id, recorded, deleted, body) VALUES ('desk', 1, 1, 1, 'some words');
            INSERT INTO messages (device, id, recorded, deleted, body) VALUES ('desk', 2, 1, 1, 'more words');
            ",
        )
        .unwrap();
    transaction.commit().unwrap();
    drop(log);
    let store = home.open();
    store.record(&desk(), Arrival::Live, &[plain(3)], &[], 9).unwrap();
    assert_eq!((found(&store, "words"), found(&store, "text")), (0, 1));
    assert_eq!(store.delete_messages(&[Seq(1)], 9).unwrap(), 1);
    while store.complete_index().unwrap() {}
    assert_eq!((found(&store, "wor"), found(&store, "more words"), found(&store, "text")), (1, 1, 1));
    store.check().unwrap();
}

#[test]
fn messages_are_found_and_deleted_before_and_after_they_are_indexed() {
    let home = Home::new();
    let store = home.open();
    let named = |number: i64| {
        let mut received = plain(number);
        received.message.body = format!("common word{number}x");
        received
    };
    store.record(&desk(), Arrival::Live, &[named(1), named(2)], &[], 1).unwrap();
    while store.complete_index().unwrap() {}
    store.record(&desk(), Arrival::Live, &[named(3), named(4)], &[], 1).unwrap();
    store.mark_deleted_through(&desk(), id(4), 2).unwrap();
    let newest = |limit| {
        let query = Query { search: Some("commo".into()), limit, ..everything() };
        let found = store.messages(&query).unwrap();
        found.iter().map(|entry| entry.seq.0).collect::<Vec<_>>()
    };
    assert_eq!(
        (newest(0), newest(1), newest(3), newest(9)),
        (vec![], vec![4], vec![2, 3, 4], vec![1, 2, 3, 4])
    );
    assert_eq!(store.delete_messages(&[Seq(2), Seq(3)], 3).unwrap(), 2);
    assert_eq!((found(&store, "word2x"), found(&store, "word3x"), newest(9)), (0, 0, vec![1, 4]));
    while store.complete_index().unwrap() {}
    assert_eq!((found(&store, "word2x"), found(&store, "word3x"), newest(9)), (0, 0, vec![1, 4]));
    let terms: Vec<String> = {
        let connection = store.connection();
        let mut statement =
            connection.prepare("SELECT term FROM message_terms WHERE term LIKE 'word%'").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<rusqlite::Result<_>>().unwrap()
    };
    assert_eq!(terms, ["word1x", "word4x"]);
    store.check().unwrap();
}
