//! A process that is killed while it records.
//!
//! Invariant: whenever it is killed, every batch is in the message log whole or not at all.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use crate::store::tests::*;

const PATH: &str = "HANDOVER_TEST_RECORD_INTO";
const BATCH: i64 = 40;

/// Not a test, but the process that is killed: it records batches indefinitely and reports each one.
#[test]
fn records_until_it_is_killed() {
    let Some(path) = std::env::var_os(PATH) else { return };
    let store = Store::open(path.as_ref()).unwrap();
    let first = store.counts(0).unwrap().messages.cast_signed() / BATCH;
    for batch in first.. {
        let numbers = batch * BATCH + 1..=(batch + 1) * BATCH;
        store.record(&desk(), Arrival::Waited, &numbers.map(plain).collect::<Vec<_>>(), &[], batch).unwrap();
        writeln!(std::io::stdout(), "\nbatch {batch} is on disk").unwrap();
    }
}

#[test]
fn a_killed_process_leaves_whole_batches() {
    let home = Home::new();
    let mut batches = 0;
    for round in 0..8 {
        let mut recording = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::tests::damage::kill::records_until_it_is_killed", "--nocapture"])
            .env(PATH, home.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Each round is killed at a different point.
        let reported = BufReader::new(recording.stdout.take().unwrap())
            .lines()
            .map(Result::unwrap)
            .filter_map(|line| line.strip_prefix("batch ")?.strip_suffix(" is on disk")?.parse::<i64>().ok())
            .nth(round * 3)
            .unwrap();
        recording.kill().unwrap();
        recording.wait().unwrap();

        let store = home.open();
        store.check().unwrap();
        let recorded = ids(&all(&store));
        batches = store.counts(0).unwrap().messages.cast_signed() / BATCH;
        assert!(batches > reported, "reported batches are on disk: {batches} batches, {reported} reported");
        assert_eq!(recorded, (1..=batches * BATCH).collect::<Vec<_>>(), "and every batch is whole");
        let found = Query { search: Some("text".into()), ..everything() };
        assert_eq!(store.messages(&found).unwrap().len(), recorded.len(), "also in the index");
    }
    assert!(batches > 20);
}
