//! Frequent queries use an index, however long the message log.
//!
//! Invariant: plans are asserted, not times.

use super::*;
use crate::store::pause::{HELD, HELD_COUNT};
use crate::store::read::{COUNTS, KNOWN, NEWEST, OPEN_EMERGENCIES, UNANNOUNCED};
use crate::store::row::SELECT;

/// A message log of 20,000 messages, of which a pause holds back 10,000, and 100 are still to be shown.
fn long_log(home: &Home) -> Store {
    let store = home.open();
    let batch: Vec<_> = (1..=20_000).map(plain).collect();
    store.record(&desk(), Arrival::Waited, &batch, &[], 1).unwrap();
    let seqs = |numbers: std::ops::RangeInclusive<i64>| numbers.map(Seq).collect::<Vec<_>>();
    store.skip(&seqs(1..=9_900), true, 2).unwrap();
    store.hold(&seqs(9_901..=19_900), 2).unwrap();
    store.mark_deleted_through(&desk(), id(19_900), 3).unwrap();
    drop(store);
    home.open()
}

/// How SQLite executes a statement, one line per step.
fn plan(store: &Store, sql: &str) -> String {
    let connection = store.connection();
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let steps = statement.raw_query().mapped(|row| row.get::<_, String>(3)).collect::<Result<Vec<_>, _>>();
    steps.unwrap().join("\n")
}

#[test]
fn frequent_questions_use_an_index() {
    let home = Home::new();
    let store = long_log(&home);

    let known = plan(&store, KNOWN);
    assert!(
        known.contains("SEARCH messages USING INDEX sqlite_autoindex_messages_1 (id=? AND device=?)"),
        "{known}"
    );

    let unannounced = plan(&store, &[SELECT, UNANNOUNCED].concat());
    assert!(unannounced.contains("SCAN messages USING INDEX messages_unannounced"), "{unannounced}");
    assert!(!unannounced.contains("TEMP B-TREE"), "{unannounced}");

    let held = plan(&store, &[SELECT, HELD].concat());
    assert!(held.contains("SCAN messages USING INDEX messages_held"), "{held}");
    assert!(!held.contains("TEMP B-TREE"), "{held}");
    let count = plan(&store, HELD_COUNT);
    assert!(count.contains("SCAN messages USING COVERING INDEX messages_held"), "{count}");

    let counts = plan(&store, COUNTS);
    for index in [
        "messages_unread",
        "messages_expiring (expires<?)",
        "messages_expiring (expires>?)",
        "messages_emergencies",
        "messages_unannounced",
    ] {
        assert!(counts.contains(index), "{index}: {counts}");
    }
    assert!(counts.lines().all(|step| step != "SCAN messages"), "{counts}");

    let newest = plan(&store, &[SELECT, NEWEST].concat());
    assert!(newest.contains("SEARCH messages USING INTEGER PRIMARY KEY (rowid>?)"), "{newest}");

    let emergencies = plan(&store, &[SELECT, OPEN_EMERGENCIES].concat());
    assert!(emergencies.contains("messages_emergencies"), "{emergencies}");
    assert!(emergencies.lines().all(|step| step != "SCAN messages"), "{emergencies}");

    assert_eq!(ids(&store.unannounced().unwrap()), (19_901..=20_000).collect::<Vec<_>>());
    assert_eq!(store.counts(4).unwrap().unread, 10_100);
    assert_eq!(store.held().unwrap(), 10_000);
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
