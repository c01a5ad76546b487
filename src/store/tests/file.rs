//! The file itself: how it is made, opened, migrated, and refused.
//!
//! Invariant: a refused file has the same bytes as before.

use std::fs;
#[cfg(unix)]
use std::os::unix::fs::PermissionsExt;

use rusqlite::Connection;

use super::*;
use crate::store::{Error, migrate};
use crate::system::clock;
use crate::system::computer::Computer;

#[cfg(unix)]
#[test]
fn a_new_log_is_for_its_owner_only() {
    let home = Home::new();
    let store = home.open();
    store.record(&desk(), Arrival::Waited, &[plain(1)], &[], 1).unwrap();
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = home.path().parent().unwrap().to_owned();
    assert_eq!(mode(folder.clone()), 0o700);
    let mut files = 0;
    for file in fs::read_dir(folder).unwrap() {
        assert_eq!(mode(file.unwrap().path()), 0o600);
        files += 1;
    }
    assert_eq!(files, 3, "the log, its write-ahead log, and their shared memory");
}

#[test]
fn every_commit_is_synced() {
    let home = Home::new();
    drop(home.open());
    for (store, writes) in
        [(home.open(), true), (Store::open_read_only(&home.path()).unwrap().unwrap(), false)]
    {
        let pragma = |name: &str| {
            let value: rusqlite::types::Value =
                store.connection().pragma_query_value(None, name, |row| row.get(0)).unwrap();
            format!("{value:?}")
        };
        assert_eq!(pragma("synchronous"), "Integer(2)");
        assert_eq!(pragma("journal_mode"), "Text(\"wal\")");
        assert_eq!(pragma("foreign_keys"), "Integer(1)");
        assert_eq!(pragma("busy_timeout"), "Integer(300)");
        assert!(!writes || pragma("secure_delete") == "Integer(1)");
        assert_eq!(pragma("cache_size"), "Integer(-512)");
        assert_eq!(pragma("mmap_size"), "Integer(0)");
        assert_eq!(pragma("temp_store"), "Integer(2)");
    }
}

#[test]
fn another_computer_is_refused_while_the_lease_is_fresh() {
    let home = Home::new();
    let computer = |name: &str| Computer { id: format!("id of {name}"), name: name.to_owned() };
    let open = |name: &str| Store::open_on(&home.path(), computer(name));
    let now = clock::unix();
    let office = open("office").unwrap();
    let laptop = open("laptop").unwrap();
    office.renew_lease(now).unwrap();
    office.record(&desk(), Arrival::Waited, &[plain(1)], &[], now).unwrap();

    let error = open("laptop").unwrap_err();
    assert!(matches!(&error, Error::InUse { computer } if computer == "office"), "{error:?}");
    assert_eq!(error.to_string(), "the computer office is using it");
    // One that was open before writes nothing either.
    for result in [
        laptop.record(&desk(), Arrival::Waited, &[plain(2)], &[], now),
        laptop.renew_lease(now),
        laptop.release_lease(),
    ] {
        assert!(matches!(result, Err(Error::InUse { .. })), "{result:?}");
    }
    assert_eq!(ids(&all(&laptop)), [1]);
    drop(open("office").unwrap());

    // A lease that was not renewed, and one that was released.
    office.renew_lease(now - 1_000).unwrap();
    laptop.renew_lease(now).unwrap();
    assert!(matches!(office.mark_read(&[Seq(1)], now), Err(Error::InUse { .. })));
    laptop.release_lease().unwrap();
    office.renew_lease(now).unwrap();
    assert_eq!(entry_of(&open("office").unwrap(), 1).read, None);
}

#[test]
fn a_reader_does_not_create_a_log() {
    let home = Home::new();
    assert!(Store::open_read_only(&home.path()).unwrap().is_none());
    assert!(!home.path().exists() && !home.path().parent().unwrap().exists());
}

#[test]
fn readers_see_the_last_commit_while_the_daemon_writes() {
    let home = Home::new();
    let daemon = home.open();
    daemon.record(&desk(), Arrival::Waited, &[plain(1)], &[], 1).unwrap();
    let first = Store::open_read_only(&home.path()).unwrap().unwrap();
    let second = Store::open_read_only(&home.path()).unwrap().unwrap();
    let mut writing = daemon.connection();
    let transaction = writing.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).unwrap();
    transaction.execute("INSERT INTO messages (device, id, recorded) VALUES ('desk', 2, 2)", []).unwrap();
    for reader in [&first, &second] {
        assert_eq!(ids(&all(reader)), [1]);
        assert_eq!(reader.counts(2).unwrap().messages, 1);
    }
    let third = Store::open_read_only(&home.path()).unwrap().unwrap();
    assert_eq!(ids(&all(&third)), [1]);
    transaction.commit().unwrap();
    for reader in [&first, &second, &third] {
        assert_eq!(ids(&all(reader)), [1, 2]);
    }
}

#[test]
fn an_empty_file_becomes_a_log() {
    for command in [false, true] {
        let home = Home::new();
        fs::create_dir(home.path().parent().unwrap()).unwrap();
        fs::write(home.path(), "").unwrap();
        if command {
            assert!(Store::open_read_only(&home.path()).unwrap().is_none());
        }
        home.open().record(&desk(), Arrival::Waited, &[plain(1)], &[], 1).unwrap();
        let store = home.open();
        assert_eq!(migrate::version(&store.connection()).unwrap(), migrate::VERSION);
        assert_eq!(ids(&all(&store)), [1]);
        store.check().unwrap();
    }
}

#[test]
fn a_log_from_a_newer_version_is_refused_and_not_changed() {
    let home = Home::new();
    home.open().record(&desk(), Arrival::Waited, &[plain(1)], &[], 1).unwrap();
    let version = migrate::VERSION + 1;
    let newer = Connection::open(home.path()).unwrap();
    newer.pragma_update(None, "user_version", version).unwrap();
    newer.close().unwrap();
    let before = fs::read(home.path()).unwrap();
    let error = Store::open(&home.path()).unwrap_err();
    assert!(matches!(error, Error::Newer), "{error:?}");
    assert!(matches!(Store::open_read_only(&home.path()), Err(Error::Newer)));
    assert_eq!(error.to_string(), "the file was made by a newer version of Handover");
    assert_eq!(fs::read(home.path()).unwrap(), before);
}

#[test]
fn a_reader_does_not_update_a_log_from_an_older_version() {
    let home = Home::new();
    home.open().record(&desk(), Arrival::Waited, &[plain(1)], &[], 1).unwrap();
    let version = migrate::VERSION - 1;
    let older = Connection::open(home.path()).unwrap();
    older.pragma_update(None, "user_version", version).unwrap();
    let error = Store::open_read_only(&home.path()).unwrap_err();
    assert!(matches!(error, Error::Older), "{error:?}");
    assert_eq!(error.to_string(), "the file was made by an older version of Handover");
    assert_eq!(migrate::version(&older).unwrap(), version);
}

#[test]
fn a_reader_cannot_write() {
    let home = Home::new();
    home.open().record(&desk(), Arrival::Waited, &[plain(1)], &[], 1).unwrap();
    let reader = Store::open_read_only(&home.path()).unwrap().unwrap();
    assert!(matches!(reader.mark_read(&[Seq(1)], 2), Err(Error::Unwritable { .. })));
    assert_eq!(entry_of(&home.open(), 1).read, None);
}

#[test]
fn a_file_that_is_not_a_log_is_refused_and_not_changed() {
    for text in ["a shopping list\n".to_owned(), "milk and bread\n".repeat(5_000)] {
        let home = Home::new();
        fs::create_dir(home.path().parent().unwrap()).unwrap();
        fs::write(home.path(), &text).unwrap();
        assert!(matches!(Store::open(&home.path()), Err(Error::Damaged(path)) if path == home.path()));
        assert!(matches!(Store::open_read_only(&home.path()), Err(Error::Damaged(_))));
        assert_eq!(fs::read_to_string(home.path()).unwrap(), text);
        assert_eq!(fs::read_dir(home.path().parent().unwrap()).unwrap().count(), 1);
    }
}

#[test]
fn an_error_names_the_path_that_cannot_hold_a_file() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let below_a_file = folder.path().join("file").join("messages.db");
    let error = Store::open(&below_a_file).unwrap_err();
    assert!(
        matches!(&error, Error::Unwritable { path, .. } if *path == folder.path().join("file")),
        "{error}"
    );
    let error = Store::open(folder.path()).unwrap_err();
    assert!(matches!(&error, Error::Unwritable { path, .. } if path == folder.path()), "{error}");
}

#[test]
fn damage_is_found() {
    let home = Home::new();
    let store = home.open();
    let batch: Vec<_> = (1..500).map(plain).collect();
    store.record(&desk(), Arrival::Waited, &batch, &[], 1).unwrap();
    store.check().unwrap();
    drop(store);
    let mut bytes = fs::read(home.path()).unwrap();
    let length = bytes.len();
    bytes[4096 * 2..length].iter_mut().step_by(7).for_each(|byte| *byte ^= 0x55);
    fs::write(home.path(), bytes).unwrap();
    // SQLite may notice the damage when the file is opened or only when it is checked.
    let found = Store::open(&home.path()).and_then(|store| store.check());
    assert!(matches!(found, Err(Error::Damaged(_))), "{found:?}");
}
