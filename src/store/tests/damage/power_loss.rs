//! A power loss between any two writes: the file with the write-ahead log cut off anywhere.
//!
//! Invariant: what was reported as durable before the cut is there, each transaction is there whole or not at all, and the
//! program starts on every such file.

use std::fs;

use crate::store::tests::*;

/// A step of a recorded session, and how long the write-ahead log was when it was reported as durable.
struct Step {
    log_length: usize,
    recorded: usize,
    announced: usize,
    deleted: usize,
}

#[test]
fn no_cut_of_the_write_ahead_log_loses_what_was_durable() {
    let home = Home::new();
    drop(home.open());
    let store = home.open();
    let log_path = home.path().with_extension("db-wal");
    let main = fs::read(home.path()).unwrap();
    let mut steps = vec![Step { log_length: 0, recorded: 0, announced: 0, deleted: 0 }];
    for round in 1..=2_usize {
        let first = i64::try_from(round).unwrap() * 10;
        let batch = [plain(first), emergency(first + 1, "r1"), plain(first + 2)];
        let length = || usize::try_from(fs::metadata(&log_path).unwrap().len()).unwrap();
        let seqs: Vec<Seq> =
            (1..=3).map(|number| Seq(i64::try_from(round - 1).unwrap() * 3 + number)).collect();
        store.record(&desk(), Arrival::Live, &batch, &[], 1).unwrap();
        steps.push(Step {
            log_length: length(),
            recorded: round * 3,
            announced: round * 3 - 3,
            deleted: round * 3 - 3,
        });
        store.mark_announced(&seqs, None, None, &[], 2).unwrap();
        steps.push(Step {
            log_length: length(),
            recorded: round * 3,
            announced: round * 3,
            deleted: round * 3 - 3,
        });
        store.mark_deleted_through(&desk(), id(first + 2), 3).unwrap();
        steps.push(Step {
            log_length: length(),
            recorded: round * 3,
            announced: round * 3,
            deleted: round * 3,
        });
    }
    let log = fs::read(&log_path).unwrap();
    assert_eq!(fs::read(home.path()).unwrap(), main, "nothing was moved into the main file yet");
    drop(store);

    // A sector is written whole or not at all on most disks, so most cuts are at their bounds; some are anywhere.
    let cuts = (0..log.len()).step_by(512).chain((0..log.len()).step_by(1_013)).chain([log.len()]);
    for cut in cuts {
        let other = Home::new();
        fs::create_dir(other.path().parent().unwrap()).unwrap();
        fs::write(other.path(), &main).unwrap();
        fs::write(other.path().with_extension("db-wal"), &log[..cut]).unwrap();
        let store = Store::open_or_repair(&other.path()).unwrap();
        assert_eq!(store.repair(), None, "a cut at {cut} is no damage");
        store.check().unwrap();
        let entries = all(&store);
        let durable = steps.iter().rfind(|step| step.log_length <= cut).unwrap();
        let announced = entries.iter().filter(|entry| entry.announced.is_some()).count();
        let sql = "SELECT count(*) FROM messages WHERE deleted <> 0";
        let deleted: i64 = store.connection().query_row(sql, [], |row| row.get(0)).unwrap();
        let deleted = usize::try_from(deleted).unwrap();
        assert!(entries.len() >= durable.recorded, "cut at {cut}: {} recorded", entries.len());
        assert!(announced >= durable.announced, "cut at {cut}: {announced} announced");
        assert!(deleted >= durable.deleted, "cut at {cut}: {deleted} deleted");
        assert!(
            entries.len().is_multiple_of(3) && announced.is_multiple_of(3),
            "cut at {cut}: a transaction is there in part"
        );
        assert!(deleted <= announced && announced <= entries.len(), "cut at {cut}: the order of the steps");
    }
}
