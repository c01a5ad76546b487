//! Frequent queries use an index, however long the message log is.
//!
//! Invariant: the tests check query plans, not durations.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use rusqlite::trace::{TraceEvent, TraceEventCodes};

use super::*;
use crate::domain::settings::Keep;
use crate::store::Since;

/// A message log of 20,000 messages, of which a pause holds back 10,000 and 100 have not been shown yet.
fn long_log(home: &Home) -> Store {
    let store = home.open();
    let batch: Vec<_> = (1..=20_000).map(plain).collect();
    store.record(&desk(), Arrival::Waited, &batch, &[], 1).unwrap();
    let seqs = |numbers: std::ops::RangeInclusive<i64>| numbers.map(Seq).collect::<Vec<_>>();
    store.skip(&seqs(1..=9_900), true, 2).unwrap();
    store.hold(&seqs(9_901..=19_900), 2).unwrap();
    store.mark_deleted_through(&desk(), id(19_900), 3).unwrap();
    while store.complete_index().unwrap() {}
    drop(store);
    home.open()
}

/// The statements that a store runs from now on.
fn trace(store: &Store) -> Arc<Mutex<Vec<String>>> {
    let statements = Arc::new(Mutex::new(Vec::new()));
    let collected = Arc::clone(&statements);
    let collect = move |event: TraceEvent<'_>| {
        if let TraceEvent::Stmt(statement, _) = event {
            collected.lock().unwrap().push(statement.sql().into_owned());
        }
    };
    store.connection().trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(collect)).unwrap();
    statements
}

/// SQLite's plan for a statement, one line per step.
fn plan(store: &Store, sql: &str) -> Vec<String> {
    let connection = store.connection();
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let steps = statement.raw_query().mapped(|row| row.get::<_, String>(3)).collect::<Result<Vec<_>, _>>();
    steps.unwrap()
}

/// Scans whose cost does not grow with the message log.
const SMALL: &[&str] = &[
    "SCAN CONSTANT ROW",
    "SCAN messages USING INDEX messages_unread_receipts",
    "SCAN counters",
    // There are few applications.
    "SCAN apps",
    "SCAN pause",
    "SCAN notice_server",
    "SCAN search_rebuild",
    "SCAN expiry_events",
    "SCAN lease",
    "SCAN words_indexed",
    "SCAN sqlite_schema",
    "SCAN sqlite_sequence",
    "SCAN main.message_words_config",
    "SCAN main.messages_search_config",
    // Limited to the notifications that may be on the screen.
    "SCAN notices",
    // Limited to messages that still need work.
    "SCAN messages USING INDEX messages_unannounced",
    "SCAN messages USING COVERING INDEX messages_unannounced",
    "SCAN messages USING INDEX messages_held",
    "SCAN messages USING COVERING INDEX messages_held",
    "SCAN acknowledgements USING COVERING INDEX acknowledgements_requested",
    // A lookup of words.
    "SCAN message_words VIRTUAL TABLE INDEX 0:M",
    "SCAN message_words VIRTUAL TABLE INDEX 192:M",
    // Limited results of another step.
    "SCAN (subquery",
];

#[test]
fn no_statement_reads_the_whole_log() {
    let home = Home::new();
    let store = long_log(&home);
    let statements = trace(&store);
    let unix = 1_000_000;
    let new = [plain(30_001), emergency(30_002, "fire"), full(30_003)];
    store.known(&desk(), &[id(1), id(30_001)]).unwrap();
    store.record(&desk(), Arrival::Live, &new, &[id(5)], unix).unwrap();
    store.unannounced().unwrap();
    store.mark_announced(&[Seq(20_001)], None, Some(&pending_ack("fire", unix + 9)), &[], unix).unwrap();
    store.skip(&[Seq(20_002)], false, unix).unwrap();
    store.hold(&[Seq(20_003)], unix).unwrap();
    store.mark_read(&[Seq(20_001)], unix).unwrap();
    store.mark_emergency_read(&receipt("fire"), unix).unwrap();
    store.mark_acknowledged(&receipt("fire"), unix).unwrap();
    store.mark_deleted_through(&desk(), id(30_003), unix).unwrap();
    store.counts(unix).unwrap();
    store.apps().unwrap();
    store.held().unwrap();
    store.pause().unwrap();
    store.pending_acks().unwrap();
    store.record_expired(unix).unwrap();
    store.leftover_notifications().unwrap();
    store.open_emergencies(5, unix).unwrap();
    store.unacknowledged(&[Seq(20_002)]).unwrap();
    store.copies_of(&receipt("fire")).unwrap();
    store.find(id(7)).unwrap();
    store.seqs_of(&[id(7)]).unwrap();
    store.entry(Seq(7)).unwrap();
    store.are_read(&[Seq(7)]).unwrap();
    store.raw(Seq(7)).unwrap();
    store.events_after(3, 9).unwrap();
    while store.complete_index().unwrap() {}
    for app in [None, Some("Backup")] {
        for before in [None, Some(unix)] {
            store.unread_seqs(app, before).unwrap();
            store.finished_seqs(app, before).unwrap();
        }
    }
    for since in [None, Some(Since::Id(id(7))), Some(Since::Time(2))] {
        for search in [None, Some("text"), Some("text 77 of"), Some("text 1")] {
            for unread in [None, Some(unix)] {
                for app in [None, Some("Backup")] {
                    let (search, app) = (search.map(str::to_owned), app.map(str::to_owned));
                    let query = Query {
                        limit: 50,
                        since,
                        search,
                        unread,
                        app,
                        each_emergency_once: true,
                        ..Query::default()
                    };
                    store.messages(&query).unwrap();
                    store.may_hide_words(&query).unwrap();
                    store.messages_decrypted(&query, |entry| entry).unwrap();
                }
            }
        }
    }
    for keep in [Keep::Seconds(1), Keep::Newest(10)] {
        let mut outdated = store.outdated(keep, unix).unwrap().unwrap();
        store.next_outdated(&mut outdated, unix).unwrap();
    }
    assert_eq!(store.delete_messages(&[Seq(1), Seq(2)], unix).unwrap(), 2);
    while store.shrink().unwrap() {}

    let statements: BTreeSet<String> = statements.lock().unwrap().drain(..).collect();
    assert!(statements.len() > 60, "{}", statements.len());
    let mut scans = Vec::new();
    for sql in &statements {
        if !["SELECT", "UPDATE", "DELETE", "INSERT"].iter().any(|word| sql.trim_start().starts_with(word)) {
            continue;
        }
        let steps = plan(&store, sql);
        let is_scan =
            |step: &String| step.starts_with("SCAN") && !SMALL.iter().any(|small| step.starts_with(small));
        if steps.iter().any(is_scan) {
            scans.push(format!("{sql}\n{}", steps.join("\n")));
        }
    }
    assert!(scans.is_empty(), "{}", scans.join("\n\n"));
}

#[test]
fn lists_come_from_an_index_in_the_right_order() {
    let home = Home::new();
    let store = long_log(&home);
    let statements = trace(&store);
    for (search, unread) in [(None, None), (None, Some(3)), (Some("text"), None), (Some("text"), Some(3))] {
        let query = Query { limit: 50, search: search.map(str::to_owned), unread, ..Query::default() };
        assert_eq!(store.messages(&query).unwrap().len(), 50);
    }
    let statements: BTreeSet<String> = statements.lock().unwrap().drain(..).collect();
    let lists: Vec<_> = statements.iter().filter(|sql| sql.contains("acknowledgements.state")).collect();
    assert_eq!(lists.len(), 3, "one for all messages, one for unread ones, one for words");
    for sql in lists {
        let steps = plan(&store, sql).join("\n");
        assert!(!steps.contains("TEMP B-TREE"), "{sql}\n{steps}");
    }
    assert_eq!(ids(&store.unannounced().unwrap()), (19_901..=20_000).collect::<Vec<_>>());
    let counts = store.counts(4).unwrap();
    assert_eq!((counts.unread, counts.messages, store.held().unwrap()), (10_100, 20_000, 10_000));
}

#[test]
fn a_long_log_is_small_in_memory_and_complete() {
    let home = Home::new();
    let store = long_log(&home);
    let last_three = Query { limit: 3, search: Some("text 2000".into()), ..Query::default() };
    assert_eq!(ids(&store.messages(&last_three).unwrap()), [2_000, 20_000]);
    assert_eq!(all(&store).len(), 20_000);
    store.check().unwrap();
}
