//! The message log at every length.
//!
//! Invariant: a message log is filled once for each length, by the code that records messages; what is measured is one call as
//! a command or the daemon makes it, in this process.

use std::time::Instant;

use handover::domain::account::DeviceId;
use handover::domain::message::{Arrival, MessageId, Seq};
use handover::store::{Query, Since, Store};

use crate::figure::Figure;
use crate::long_log::{NOW, fill, message};

const LENGTHS: [i64; 4] = [1_000, 10_000, 100_000, 1_000_000];
const RUNS: usize = 30;
/// No call takes longer, in milliseconds.
const LIMIT: f64 = 20.0;

pub(crate) fn measure() -> Vec<Figure> {
    LENGTHS.into_iter().flat_map(of_length).collect()
}

fn of_length(length: i64) -> Vec<Figure> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log").join("messages.db");
    let device = DeviceId::new("bench").unwrap();
    fill(&Store::open(&path).unwrap(), &device, length);
    let name = |what: &str| format!("{what}, {length} messages");
    let figure = |what: &str, spans: Vec<f64>| Figure::new(&name(what), "ms", spans).at_most(LIMIT);

    let opened = times(|_| {
        Store::open(&path).unwrap().counts(NOW).unwrap();
    });
    let store = Store::open(&path).unwrap();
    let recorded = times(|run| {
        let run = i64::try_from(run).unwrap();
        let received = [message(length + 1 + run, length)];
        store.record(&device, Arrival::Live, &received, &[], NOW).unwrap();
        store.mark_announced(&[Seq(length + 1 + run)], None, None, &[], NOW).unwrap();
        store.counts(NOW).unwrap();
    });
    let listed = |search: Option<&str>, since: Option<Since>, unread: Option<i64>| {
        let query = Query {
            limit: 50,
            since,
            search: search.map(str::to_owned),
            unread,
            each_emergency_once: true,
            ..Query::default()
        };
        times(|_| {
            let found = store.messages(&query).unwrap();
            assert!(!found.is_empty());
            assert!(!store.may_hide_words(&query).unwrap());
        })
    };
    let hour = Some(Since::Time(NOW - 3_600));
    let mut figures = vec![
        figure("open and count", opened),
        figure("record, announce and count one message", recorded),
        figure("list the newest 50", listed(None, None, None)),
        figure("list 50 unread", listed(None, None, Some(NOW))),
        figure("list 50 since 1h", listed(None, hour, None)),
        figure("search for a common word", listed(Some("backup"), None, None)),
        figure("search for the beginning of a common word", listed(Some("back"), None, None)),
        figure("search for a rare word", listed(Some("zebra"), None, None)),
        figure("search for a common and a rare word", listed(Some("zebra back"), None, None)),
        figure("search for the beginning of very many words", listed(Some("1"), None, None)),
        figure("search for an address", listed(Some("db-07.example.com"), None, None)),
        figure("search for a common word since 1h", listed(Some("backup"), hour, None)),
    ];
    store.mark_deleted_through(&device, MessageId::from_stored(i64::MAX), NOW).unwrap();
    let deleted = times(|run| {
        let seq = Seq(length / 2 + i64::try_from(run).unwrap());
        assert_eq!(store.delete_messages(&[seq], NOW).unwrap(), 1);
    });
    figures.push(figure("delete one message", deleted));
    let size = std::fs::metadata(&path).unwrap().len();
    figures.push(Figure::new(&name("the file"), "MB", [size as f64 / 1e6]));
    figures
}

/// Milliseconds.
fn times(mut call: impl FnMut(usize)) -> Vec<f64> {
    let mut time = |run| {
        let start = Instant::now();
        call(run);
        start.elapsed().as_secs_f64() * 1e3
    };
    (0..RUNS).map(&mut time).collect()
}
