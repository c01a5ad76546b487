//! The pause, the messages it holds back, and message logs from before there were pauses.
//!
//! Invariant: as in the other store tests, everything is read from a message log that was opened again.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use rusqlite::Connection;

use super::*;
use crate::domain::pause::PausedUntil;
use crate::store::migrate;

const VERSION_1: &str = include_str!("../schema/messages.sql");
const PATH: &str = "HANDOVER_TEST_MIGRATE";

/// The messages that are held back, in the order they are read.
fn held(store: &Store) -> Vec<i64> {
    let mut held = Vec::new();
    store.each_held(|entry| held.push(entry.message.id.number())).unwrap();
    assert_eq!(store.held().unwrap(), held.len() as u64);
    held
}

#[test]
fn a_pause_is_saved_replaced_and_ended() {
    let home = Home::new();
    assert_eq!(home.open().pause().unwrap(), None);
    home.open().end_pause(20).unwrap();
    for until in [PausedUntil::Time(1_800_000_000), PausedUntil::Forever, PausedUntil::Time(5)] {
        home.open().keep_pause(until, 10).unwrap();
        assert_eq!(home.open().pause().unwrap(), Some(until));
    }
    home.open().end_pause(20).unwrap();
    assert_eq!(home.open().pause().unwrap(), None);
    home.open().keep_pause(PausedUntil::Time(0), 10).unwrap();
    assert_eq!(home.open().pause().unwrap(), Some(PausedUntil::Time(1)), "a clock that was never set");
}

#[test]
fn the_latest_pause_is_known_from_its_beginning_to_its_end() {
    let home = Home::new();
    let latest = || home.open().latest_pause().unwrap();
    assert_eq!(latest(), None);
    home.open().keep_pause(PausedUntil::Forever, 10).unwrap();
    home.open().keep_pause(PausedUntil::Time(90), 20).unwrap();
    assert_eq!(latest(), Some(10..=i64::MAX), "it was prolonged");
    home.open().end_pause(50).unwrap();
    home.open().end_pause(60).unwrap();
    assert_eq!(latest(), Some(10..=50));
    home.open().keep_pause(PausedUntil::Forever, 70).unwrap();
    assert_eq!(latest(), Some(70..=i64::MAX));
}

#[test]
fn held_messages_are_not_unannounced() {
    let home = Home::new();
    home.open().record(&desk(), Arrival::Waited, &[5, 2, 9].map(plain), &[], 10).unwrap();
    home.open().record(&laptop(), Arrival::Waited, &[plain(5)], &[], 11).unwrap();
    home.open().hold(&[Seq(1), Seq(3), Seq(4), Seq(77)], 20).unwrap();
    home.open().hold(&[Seq(1)], 30).unwrap();
    assert_eq!(ids(&home.open().unannounced().unwrap()), [2]);
    assert_eq!(held(&home.open()), [5, 9, 5], "the last one recorded first");
    assert_eq!(home.open().counts(30).unwrap().unannounced, 1);
    assert!(all(&home.open()).iter().all(|entry| entry.announced.is_none()));

    home.open().keep_pause(PausedUntil::Forever, 10).unwrap();
    home.open().end_pause(20).unwrap();
    assert_eq!(held(&home.open()), [5, 9, 5], "the end of a pause marks nothing");

    home.open().mark_announced(&[Seq(4)], None, None, &[], 40).unwrap();
    home.open().skip(&[Seq(1)], false, 41).unwrap();
    assert_eq!(held(&home.open()), [9]);
    home.open().hold(&[Seq(1), Seq(4)], 50).unwrap();
    assert_eq!(held(&home.open()), [9], "an announced message is no longer held back");
    assert_eq!(ids(&home.open().unannounced().unwrap()), [2]);
    let since = |seq: i64| -> i64 {
        let sql = "SELECT held FROM messages WHERE seq = ?";
        home.open().connection().query_row(sql, [seq], |row| row.get(0)).unwrap()
    };
    assert_eq!([1, 2, 3, 4].map(since), [20, 0, 20, 20], "the mark keeps its first time");
}

#[test]
fn a_repeated_emergency_is_no_longer_held() {
    let home = Home::new();
    home.open().record(&desk(), Arrival::Waited, &[emergency(1, "r")], &[], 10).unwrap();
    home.open().hold(&[Seq(1)], 20).unwrap();
    home.open().record(&desk(), Arrival::Waited, &[], &[id(1)], 30).unwrap();
    assert_eq!(held(&home.open()), [0; 0]);
    assert_eq!(ids(&home.open().unannounced().unwrap()), [1]);
}

#[test]
fn forgetting_messages_does_not_end_the_pause() {
    let home = Home::new();
    home.open().record(&desk(), Arrival::Waited, &[plain(1)], &[], 10).unwrap();
    home.open().hold(&[Seq(1)], 20).unwrap();
    home.open().keep_pause(PausedUntil::Forever, 10).unwrap();
    home.open().forget_messages(1).unwrap();
    assert_eq!(held(&home.open()), [0; 0]);
    assert_eq!(home.open().pause().unwrap(), Some(PausedUntil::Forever));
}

/// A message log of version 1, in which every third message has not been shown yet.
fn log_of_version_1(home: &Home, messages: i64) {
    std::fs::create_dir_all(home.path().parent().unwrap()).unwrap();
    let mut log = Connection::open(home.path()).unwrap();
    log.pragma_update(None, "journal_mode", "WAL").unwrap();
    let transaction = log.transaction().unwrap();
    transaction.execute_batch(VERSION_1).unwrap();
    let insert = "
        INSERT INTO messages (device, id, body, recorded, announced, read, raw)
        VALUES ('desk', ?1, 'text of ' || ?1, 10, iif(?1 % 3 = 0, 0, 20), ?1 % 2, '{\"id\":' || ?1 || '}')
    ";
    for number in 1..=messages {
        transaction.execute(insert, [number]).unwrap();
    }
    transaction.execute("INSERT INTO devices (device, flushed) VALUES ('desk', 5)", []).unwrap();
    transaction
        .execute(
            "INSERT INTO acknowledgements (receipt, state, expires, changed) VALUES ('r', 1, 500, 9)",
            [],
        )
        .unwrap();
    transaction.pragma_update(None, "user_version", 1).unwrap();
    transaction.commit().unwrap();
}

fn assert_is_whole(home: &Home, messages: i64) {
    let store = home.open();
    store.check().unwrap();
    assert_eq!(migrate::version(&store.connection()).unwrap(), migrate::VERSION);
    assert_eq!(ids(&all(&store)), (1..=messages).collect::<Vec<_>>());
    assert!(all(&store).iter().all(|entry| entry.arrival == Arrival::Waited));
    let third: Vec<_> = (1..=messages).filter(|number| number % 3 == 0).collect();
    assert_eq!(ids(&store.unannounced().unwrap()), third);
    assert_eq!(held(&store), [0; 0]);
    assert_eq!(store.pause().unwrap(), None);
    assert!(store.is_initial_sync_done(&desk()).unwrap());
    assert_eq!(store.pending_acks().unwrap(), [pending_ack("r", 500)]);
    assert_eq!(store.raw(Seq(1)).unwrap().unwrap(), "{\"id\":1}");
}

#[test]
fn a_log_of_version_1_is_migrated_without_loss() {
    let home = Home::new();
    log_of_version_1(&home, 20);
    assert_is_whole(&home, 20);
    home.open().hold(&[Seq(3), Seq(18)], 30).unwrap();
    assert_eq!(held(&home.open()), [18, 3]);
    home.open().record(&desk(), Arrival::Waited, &[plain(21)], &[], 40).unwrap();
    assert_eq!(ids(&home.open().unannounced().unwrap()), [6, 9, 12, 15, 21]);
    let found = Query { search: Some("text of 21".into()), ..everything() };
    assert_eq!(ids(&home.open().messages(&found).unwrap()), [21]);
}

#[test]
fn a_daemon_of_version_1_can_still_write_to_a_migrated_log() {
    let home = Home::new();
    log_of_version_1(&home, 3);
    let old = Connection::open(home.path()).unwrap();
    drop(home.open());
    old.execute("INSERT INTO messages (device, id, recorded) VALUES ('desk', 4, 50)", []).unwrap();
    let waiting: i64 =
        old.query_row("SELECT count(*) FROM messages WHERE announced = 0", [], |row| row.get(0)).unwrap();
    assert_eq!(waiting, 2);
    assert_eq!(ids(&home.open().unannounced().unwrap()), [3, 4]);
}

/// Not a test, but the process that is killed: it opens a message log of version 1.
#[test]
fn migrates_a_log_and_is_killed() {
    let Some(path) = std::env::var_os(PATH) else { return };
    writeln!(std::io::stdout(), "\nbegins").unwrap();
    drop(Store::open(path.as_ref()).unwrap());
    writeln!(std::io::stdout(), "\nends").unwrap();
}

#[test]
fn a_process_killed_during_a_migration_leaves_one_version_or_the_other() {
    let mut versions = std::collections::BTreeSet::new();
    for round in 0..12_u32 {
        let home = Home::new();
        log_of_version_1(&home, 3_000);
        let lock = Connection::open(home.path()).unwrap();
        if round == 0 {
            // This process stops at its first write.
            lock.execute_batch("BEGIN IMMEDIATE").unwrap();
        }
        let mut opening = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::tests::pause::migrates_a_log_and_is_killed", "--nocapture"])
            .env(PATH, home.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(opening.stdout.take().unwrap()).lines().map(Result::unwrap);
        assert!(lines.any(|line| line == "begins"));
        // Each round is killed later, the last ones after it is done.
        if round < 9 {
            (0..round * 40_000).for_each(|turn| assert!(std::hint::black_box(turn) < u32::MAX));
        } else {
            assert!(lines.any(|line| line == "ends"));
        }
        opening.kill().unwrap();
        opening.wait().unwrap();
        drop(lock);

        let log = Connection::open(home.path()).unwrap();
        let version: i64 = log.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
        assert!((1..=migrate::VERSION).contains(&version), "{version}");
        for (question, since) in [
            ("SELECT held FROM messages", 2),
            ("SELECT until FROM pause", 2),
            ("SELECT notice FROM notices", 3),
            ("SELECT name FROM notice_server", 3),
        ] {
            assert_eq!(log.prepare(question).is_ok(), version >= since, "all of it or nothing");
        }
        versions.insert(version);
        drop(log);
        assert_is_whole(&home, 3_000);
    }
    assert!(versions.contains(&1) && versions.contains(&migrate::VERSION), "some before, some after");
}
