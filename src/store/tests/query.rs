//! Lists and searches.
//!
//! Invariant: a list is in the order of recording, whatever it was asked by.

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
    home.open().record(&desk(), &[5, 9, 2, 7].map(plain), &[], 10).unwrap();
    let store = home.open();
    for (limit, expected) in
        [(0, &[][..]), (1, &[7]), (3, &[9, 2, 7]), (4, &[5, 9, 2, 7]), (usize::MAX, &[5, 9, 2, 7])]
    {
        assert_eq!(listed(&store, &Query { limit, ..Query::default() }), expected);
    }
}

#[test]
fn since_an_id_is_what_was_recorded_after_it() {
    let home = Home::new();
    home.open().record(&desk(), &[5, 9, 2].map(plain), &[], 10).unwrap();
    home.open().record(&laptop(), &[plain(9), plain(1)], &[], 20).unwrap();
    let store = home.open();
    let since = |number| Query { since: Some(Since::Id(id(number))), ..everything() };
    assert_eq!(listed(&store, &since(5)), [9, 2, 9, 1]);
    assert_eq!(listed(&store, &since(9)), [1], "the newest with that id counts");
    assert!(listed(&store, &since(1)).is_empty());
    assert_eq!(listed(&store, &since(4)), [5, 9, 2, 9, 1], "unknown: nothing is left out");
}

#[test]
fn since_a_time_is_what_was_sent_or_recorded_from_then_on() {
    let home = Home::new();
    let mut sent_later = plain(2);
    sent_later.message.date = 30;
    home.open().record(&desk(), &[plain(1), sent_later], &[], 10).unwrap();
    home.open().record(&desk(), &[plain(3)], &[], 20).unwrap();
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
    home.open().record(&desk(), &[1, 2, 3, 4].map(plain), &[], 10).unwrap();
    home.open().mark_read(&[Seq(3)], 20).unwrap();
    let store = home.open();
    assert_eq!(listed(&store, &Query { unread: true, ..everything() }), [1, 2, 4]);
    let query = Query { limit: 1, since: Some(Since::Id(id(1))), search: Some("text".into()), unread: true };
    assert_eq!(listed(&store, &query), [4]);
    assert_eq!(listed(&store, &Query { limit: 9, ..query }), [2, 4]);
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
    home.open().record(&desk(), &batch, &[], 10).unwrap();
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
fn nothing_that_can_be_typed_is_an_error() {
    let home = Home::new();
    home.open().record(&desk(), &[full(1), plain(2)], &[], 10).unwrap();
    let store = home.open();
    for words in [
        "\"", "\"\"", "*", "a* OR", "NEAR(", "^a", "{a b}: c", "a\0b", "\0", "-", "'", "(", "\u{feff}",
        "a + b",
    ] {
        searched(&store, words);
    }
    proptest!(ProptestConfig::with_cases(2_000), |(words in any::<String>())| {
        store.messages(&Query { search: Some(words), ..everything() }).unwrap();
    });
}
