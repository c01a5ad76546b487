//! Lists and searches.
//!
//! Invariant: a list is in the order of recording, whatever the query.

use proptest::prelude::{ProptestConfig, any, proptest};

use super::*;
use crate::store::Since;

fn listed(store: &Store, query: &Query) -> Vec<i64> {
    ids(&store.messages(query).unwrap())
}

fn searched(store: &Store, words: &str) -> Vec<i64> {
    listed(store, &Query { search: Some(words.into()), ..everything() })
}

#[test]
fn the_newest_are_listed_oldest_first() {
    let home = Home::new();
    home.open().record(&desk(), Arrival::Waited, &[5, 9, 2, 7].map(plain), &[], 10).unwrap();
    let store = home.open();
    for (limit, expected) in
        [(0, &[][..]), (1, &[7]), (3, &[9, 2, 7]), (4, &[5, 9, 2, 7]), (usize::MAX, &[5, 9, 2, 7])]
    {
        assert_eq!(listed(&store, &Query { limit, ..Query::default() }), expected);
    }
}

#[test]
fn since_an_id_lists_what_was_recorded_after_it() {
    let home = Home::new();
    home.open().record(&desk(), Arrival::Waited, &[5, 9, 2].map(plain), &[], 10).unwrap();
    home.open().record(&laptop(), Arrival::Waited, &[plain(9), plain(1)], &[], 20).unwrap();
    let store = home.open();
    let since = |number| Query { since: Some(Since::Id(id(number))), ..everything() };
    assert_eq!(listed(&store, &since(5)), [9, 2, 9, 1]);
    assert_eq!(listed(&store, &since(9)), [1], "the newest with that id counts");
    assert!(listed(&store, &since(1)).is_empty());
    assert_eq!(listed(&store, &since(4)), [5, 9, 2, 9, 1], "an unknown id leaves nothing out");
}

#[test]
fn since_a_time_lists_what_was_accepted_or_recorded_from_then_on() {
    let home = Home::new();
    let mut sent_later = plain(2);
    sent_later.message.queued = 30;
    // The sender's time can be anything.
    sent_later.message.date = 99;
    home.open().record(&desk(), Arrival::Waited, &[plain(1), sent_later], &[], 10).unwrap();
    home.open().record(&desk(), Arrival::Waited, &[plain(3)], &[], 20).unwrap();
    let store = home.open();
    let since = |unix| Query { since: Some(Since::Time(unix)), ..everything() };
    assert_eq!(listed(&store, &since(10)), [1, 2, 3]);
    assert_eq!(listed(&store, &since(11)), [2, 3]);
    assert_eq!(listed(&store, &since(20)), [2, 3]);
    assert_eq!(listed(&store, &since(21)), [2]);
    assert!(listed(&store, &since(31)).is_empty());
}

#[test]
fn every_condition_has_to_hold() {
    let home = Home::new();
    home.open().record(&desk(), Arrival::Waited, &[1, 2, 3, 4].map(plain), &[], 10).unwrap();
    home.open().mark_read(&[Seq(3)], 20).unwrap();
    let store = home.open();
    assert_eq!(listed(&store, &Query { unread: Some(0), ..everything() }), [1, 2, 4]);
    let query = Query {
        limit: 1,
        since: Some(Since::Id(id(1))),
        search: Some("text".into()),
        unread: Some(0),
        app: None,
        each_emergency_once: false,
        ..Query::default()
    };
    assert_eq!(listed(&store, &query), [4]);
    assert_eq!(listed(&store, &Query { limit: 9, ..query }), [2, 4]);
}

#[test]
fn an_application_is_found_by_its_whole_name() {
    let home = Home::new();
    let message = |number, app: &str, encrypted| {
        let mut received = plain(number);
        received.message.app = app.into();
        received.message.encrypted = encrypted;
        received
    };
    let batch = [
        message(1, "Nightly Backup", false),
        message(2, "Backup", false),
        message(3, "Backup", true),
        message(4, "🔔", false),
        message(5, "", false),
        message(6, "Backup", false),
    ];
    home.open().record(&desk(), Arrival::Waited, &batch, &[], 10).unwrap();
    home.open().mark_read(&[Seq(6)], 20).unwrap();
    let store = home.open();
    let of = |app: &str, search: Option<&str>, unread| {
        let (app, search) = (Some(app.to_owned()), search.map(str::to_owned));
        let query = Query { search, unread, app, ..everything() };
        let decrypted = store.messages_decrypted(&query, |entry| entry).unwrap();
        assert_eq!(ids(&decrypted), listed(&store, &query));
        ids(&decrypted)
    };
    for _ in 0..2 {
        for (app, search, unread, expected) in [
            ("Backup", None, None, &[2, 3, 6][..]),
            ("backup", None, None, &[2, 3, 6]),
            ("Backup", None, Some(30), &[2, 3]),
            ("Nightly Backup", None, None, &[1]),
            ("Nightly", None, None, &[]),
            ("🔔", None, None, &[4]),
            ("🔔", Some("tex"), None, &[4]),
            ("", None, None, &[5]),
            ("Backup", Some("text"), None, &[2, 6]),
            ("Backup", Some("of 6"), None, &[6]),
            ("Backup", Some("1"), None, &[]),
            ("Backup", Some("text"), Some(30), &[2]),
        ] {
            assert_eq!(of(app, search, unread), expected, "{app} {search:?} {unread:?}");
        }
        while store.complete_index().unwrap() {}
    }
}

#[test]
fn words_are_found_in_title_text_and_application() {
    let home = Home::new();
    let message = |number, title: &str, body: &str, app: &str| {
        let mut received = plain(number);
        received.message.title = Some(title.into());
        received.message.body = body.into();
        received.message.app = app.into();
        received
    };
    let batch = [
        message(1, "Nächtliche Sicherung", "die Platte ist voll", "Backup"),
        message(2, "Backup", "all is well on host-7.example.org", "Cron"),
        message(3, "", "said \"well done\" (50% of it) AND NOT more", ""),
    ];
    home.open().record(&desk(), Arrival::Waited, &batch, &[], 10).unwrap();
    let store = home.open();
    for (words, expected) in [
        ("backup", &[1, 2][..]),
        ("BACKUP voll", &[1]),
        ("voll backup", &[1]),
        ("nachtliche", &[1]),
        ("NÄCHT", &[1]),
        ("Nächt Sicherung", &[]),
        ("host-7.example.org", &[2]),
        ("example.o", &[2]),
        ("\"well", &[2, 3]),
        ("well done\"", &[3]),
        ("AND NOT", &[3]),
        ("NOT backup", &[]),
        ("title:backup", &[]),
        ("50%", &[3]),
        ("C++", &[2]),
        ("!!!", &[]),
        ("", &[1, 2, 3]),
        ("  ", &[1, 2, 3]),
    ] {
        assert_eq!(searched(&store, words), expected, "{words:?}");
    }
}

#[test]
fn a_search_finds_words_but_no_markup() {
    let home = Home::new();
    let message = |number, body: &str, html| {
        let mut received = plain(number);
        received.message.body = body.into();
        received.message.html = html;
        received
    };
    let batch = [
        message(
            1,
            "<font color=\"red\">Disk <b>fu</b>ll</font><h3>web01</h3><a href='https://grafana.example/d'>here</a>",
            true,
        ),
        message(2, "the <font> tag &amp; b", false),
        message(3, "データベースサーバーが停止しました", false),
        message(4, "ระบบสำรองข้อมูลล้มเหลว 数据库已停止 서버가 중지됨", true),
        message(5, "db-01.example.com: /var/log/syslog, INC0012345, run 20261126T0300", false),
    ];
    home.open().record(&desk(), Arrival::Waited, &batch, &[], 10).unwrap();
    let store = home.open();
    for (words, expected) in [
        ("font", &[2][..]),
        ("color", &[]),
        ("red", &[]),
        ("amp", &[2]),
        ("full", &[1]),
        ("web01", &[1]),
        ("web", &[1]),
        ("01", &[1, 5]),
        ("grafana.example/d", &[1]),
        ("停止", &[3, 4]),
        ("停", &[3, 4]),
        ("サーバー", &[3]),
        ("サーバーが停止", &[3]),
        ("サーバー 停止", &[3]),
        ("止停", &[]),
        ("データ止", &[]),
        ("ข้อมูล", &[4]),
        ("ข้อมูล 数据库", &[4]),
        ("ขอมูล", &[]),
        ("서버", &[4]),
        ("db-01.example.com", &[5]),
        ("example.com", &[5]),
        ("-01.exam", &[5]),
        ("/var/log", &[5]),
        ("log/sys", &[5]),
        ("12345", &[5]),
        ("INC00", &[5]),
        ("20261126", &[5]),
        ("log.var", &[]),
    ] {
        assert_eq!(searched(&store, words), expected, "{words:?}");
    }
}

#[test]
fn a_search_covers_a_long_log_while_its_index_is_incomplete() {
    let home = Home::new();
    let store = home.open();
    let message = |number| {
        let mut received = plain(number);
        received.message.body = if number % 6_000 == 0 { "zebra and text" } else { "text" }.into();
        received
    };
    store.record(&desk(), Arrival::Waited, &(1..=25_000).map(message).collect::<Vec<_>>(), &[], 10).unwrap();
    // First without a list of terms, then with a part of it, then with all of it.
    for steps in [0, 100, usize::MAX] {
        for _ in (0..steps).take_while(|_| store.complete_index().unwrap()) {}
        for words in ["zebra", "zeb", "ZÉB", "text zebra", "zebra te", "zebra-and", "zebra-a"] {
            assert_eq!(searched(&store, words), [6_000, 12_000, 18_000, 24_000], "{words}");
            let last = Query { limit: 3, search: Some(words.into()), ..Query::default() };
            assert_eq!(listed(&store, &last), [12_000, 18_000, 24_000], "{words}");
            let since = Query { since: Some(Since::Id(id(12_000))), ..last };
            assert_eq!(listed(&store, &since), [18_000, 24_000], "{words}");
        }
    }
    let common = Query { limit: 2, search: Some("text".into()), ..Query::default() };
    assert_eq!(listed(&store, &common), [24_999, 25_000]);
}

#[test]
fn the_beginning_of_very_many_words_is_found() {
    let home = Home::new();
    let store = home.open();
    let message = |number| {
        let mut received = plain(number);
        let rare = if number == 3 { "zebra" } else { "" };
        received.message.body =
            if number <= 1_000 { format!("id{number} text {rare}") } else { "text".into() };
        received
    };
    store.record(&desk(), Arrival::Waited, &(1..=2_000).map(message).collect::<Vec<_>>(), &[], 10).unwrap();
    store.mark_read(&[Seq(900)], 20).unwrap();
    while store.complete_index().unwrap() {}
    let newest =
        |words: &str, limit| listed(&store, &Query { limit, search: Some(words.into()), ..Query::default() });
    // The newest messages have no such word.
    for words in ["id", "text id", "text-", "i"] {
        let expected = if words == "text-" { 1_998..=2_000 } else { 998..=1_000 };
        assert_eq!(newest(words, 3), expected.collect::<Vec<_>>(), "{words}");
    }
    assert_eq!(newest("id", 2_000), (1..=1_000).collect::<Vec<_>>());
    assert_eq!(newest("zebra id", 50), [3]);
    assert_eq!(newest("id9", 200).len(), 111);
    let unread = Query {
        limit: 2,
        search: Some("id90".into()),
        unread: Some(30),
        since: Some(Since::Id(id(899))),
        app: None,
        each_emergency_once: false,
        ..Query::default()
    };
    assert_eq!(listed(&store, &unread), [908, 909]);
    assert_eq!(listed(&store, &Query { limit: 200, search: Some("id".into()), ..unread.clone() }).len(), 100);
    let few = Query { limit: 99, search: Some("i".into()), since: Some(Since::Id(id(1_990))), ..unread };
    assert!(listed(&store, &few).is_empty());
}

#[test]
fn encrypted_messages_are_found_by_their_decrypted_words() {
    let home = Home::new();
    let sealed = |number: i64| {
        let mut received = plain(number);
        received.message.encrypted = true;
        received.message.app = "Cron".into();
        received.message.body = format!("c2VhbGVk{number}");
        received
    };
    let mut unmarked = sealed(6);
    unmarked.message.encrypted = false;
    unmarked.message.body = "c2VhbGVk".repeat(11);
    home.open()
        .record(
            &desk(),
            Arrival::Waited,
            &[sealed(1), plain(2), sealed(3), sealed(4), plain(5), unmarked],
            &[],
            10,
        )
        .unwrap();
    home.open().mark_read(&[Seq(3)], 20).unwrap();
    let store = home.open();
    let opened = std::cell::RefCell::new(Vec::new());
    let open = |entry: Entry| {
        opened.borrow_mut().push(entry.message.id.number());
        let body = format!("Nächtliche text {}", entry.message.id);
        let title = Some("Geheim".to_owned());
        if entry.message.app == "Cron" {
            Entry { message: Message { title, body, encrypted: false, ..entry.message }, ..entry }
        } else {
            entry
        }
    };
    let found = |words: &str, limit| {
        let query = Query { search: Some(words.into()), limit, ..Query::default() };
        ids(&store.messages_decrypted(&query, open).unwrap())
    };
    for (words, limit, expected) in [
        ("text", 9, &[1, 2, 3, 4, 5, 6][..]),
        ("text", 6, &[1, 2, 3, 4, 5, 6]),
        ("text", 3, &[4, 5, 6]),
        ("text", 1, &[6]),
        ("text", 0, &[]),
        ("nachtl", 9, &[1, 3, 4, 6]),
        ("NÄCHTLICHE geheim cron 3", 9, &[3]),
        ("\"geheim", 9, &[1, 3, 4, 6]),
        ("geheim NOT", 9, &[]),
        ("cron", 9, &[1, 3, 4, 6]),
        ("of 5", 9, &[5]),
        // Some letters of the ciphertext.
        ("c2v", 9, &[]),
        ("!!!", 9, &[]),
        ("", 9, &[1, 2, 3, 4, 5, 6]),
    ] {
        assert_eq!(found(words, limit), expected, "{words:?} {limit}");
    }
    let query = Query {
        search: Some("geheim".into()),
        unread: Some(0),
        since: Some(Since::Id(id(1))),
        limit: 9,
        app: None,
        each_emergency_once: false,
        ..Query::default()
    };
    assert_eq!(ids(&store.messages_decrypted(&query, open).unwrap()), [4, 6]);
    // Messages older than all the wanted ones are not decrypted.
    opened.borrow_mut().clear();
    assert_eq!(found("text", 2), [5, 6]);
    assert_eq!(*opened.borrow(), [6], "one message matches without being decrypted");

    assert!(store.may_hide_words(&query).unwrap());
    for query in [
        Query { search: None, ..query.clone() },
        Query { search: Some(" ".into()), ..query.clone() },
        Query { since: Some(Since::Id(id(6))), ..query.clone() },
    ] {
        assert!(!store.may_hide_words(&query).unwrap(), "{query:?}");
    }
}

#[test]
fn any_search_text_is_valid() {
    let home = Home::new();
    home.open().record(&desk(), Arrival::Waited, &[full(1), plain(2)], &[], 10).unwrap();
    let store = home.open();
    for words in [
        "\"", "\"\"", "*", "a* OR", "NEAR(", "^a", "{a b}: c", "a\0b", "\0", "-", "'", "(", "\u{feff}",
        "a + b",
    ] {
        searched(&store, words);
    }
    proptest!(ProptestConfig::with_cases(2_000), |(words in any::<String>())| {
        store.messages_decrypted(&Query { search: Some(words), ..everything() }, |entry| entry).unwrap();
    });
}

#[test]
fn a_list_goes_on_before_a_row_and_from_a_priority() {
    let home = Home::new();
    let store = home.open();
    let mut urgent = plain(3);
    urgent.message.priority = Priority::High;
    store.record(&desk(), Arrival::Live, &[plain(1), plain(2), urgent, plain(4)], &[], 10).unwrap();
    let before = |seq, limit| Query { limit, before: Some(Seq(seq)), ..Query::default() };
    assert_eq!(listed(&store, &before(4, 2)), [2, 3]);
    assert_eq!(listed(&store, &before(2, 9)), [1]);
    assert!(listed(&store, &before(1, 9)).is_empty());
    assert_eq!(searched(&store, "text of"), [1, 2, 3, 4]);
    let words = Some("text of".to_owned());
    assert_eq!(listed(&store, &Query { search: words.clone(), ..before(3, 9) }), [1, 2]);
    for search in [None, words] {
        let high = Query { min_priority: Some(Priority::High), search, ..everything() };
        assert_eq!(listed(&store, &high), [3]);
    }
}

#[test]
fn the_copies_of_an_emergency_are_found_from_any_of_them() {
    let home = Home::new();
    let store = home.open();
    let received = [emergency(1, "fire"), plain(2), emergency(3, "fire"), emergency(4, "flood")];
    store.record(&desk(), Arrival::Live, &received, &[], 10).unwrap();
    assert_eq!(store.with_copies(&[Seq(3), Seq(2)]).unwrap(), [Seq(1), Seq(2), Seq(3)]);
    assert_eq!(store.with_copies(&[Seq(4)]).unwrap(), [Seq(4)]);
}

#[test]
fn the_applications_that_have_messages_are_listed_once_each() {
    let home = Home::new();
    let store = home.open();
    let from = |number, app: &str| {
        let mut received = plain(number);
        received.message.app = app.to_owned();
        received
    };
    let received = [from(1, "Old"), from(2, "web"), from(3, "Backup"), from(4, "web"), from(5, "")];
    store.record(&desk(), Arrival::Live, &received, &[], 10).unwrap();
    assert_eq!(store.apps().unwrap(), ["Backup", "Old", "web"]);
    store.mark_deleted_through(&desk(), id(5), 20).unwrap();
    assert_eq!(store.delete_messages(&[Seq(1), Seq(2)], 30).unwrap(), 2);
    assert_eq!(store.apps().unwrap(), ["Backup", "web"], "one message of web is left");
    store.forget_messages(40).unwrap();
    assert!(store.apps().unwrap().is_empty());
}

#[test]
fn a_message_log_of_version_10_knows_its_applications_after_the_update() {
    let home = Home::new();
    home.open().record(&desk(), Arrival::Live, &[full(1), plain(2)], &[], 10).unwrap();
    let apps = home.open().apps().unwrap();
    let older = rusqlite::Connection::open(home.path()).unwrap();
    older
        .execute_batch(
            "
            DROP TRIGGER apps_insert;
            DROP TRIGGER apps_delete;
            DROP TABLE apps;
            DROP TABLE latest_pause;
            PRAGMA user_version = 10;
            ",
        )
        .unwrap();
    drop(older);
    assert_eq!(apps.len(), 1);
    assert_eq!(home.open().apps().unwrap(), apps);
}
