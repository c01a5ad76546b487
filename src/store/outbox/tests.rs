//! The states of a message in the outbox, and what a crash leaves.

use super::*;
use crate::system::os;

fn content(message: &str, replaces: Option<&str>) -> Content {
    Content {
        application: "servers".into(),
        recipients: vec!["sean".into()],
        fields: vec![("message".into(), message.into())],
        added: 5,
        replaces: replaces.map(str::to_owned),
        why: None,
    }
}

fn states(outbox: &Outbox) -> Vec<(String, State)> {
    let all = outbox.all().unwrap();
    all.into_iter().map(|queued| (queued.content.fields[0].1.clone(), queued.state)).collect()
}

#[test]
fn a_message_goes_through_its_states() {
    let base = tempfile::tempdir().unwrap();
    let outbox = Outbox::new(base.path().join("outbox"));
    assert!(outbox.is_empty() && outbox.all().unwrap().is_empty());
    outbox.add(&content("one", None)).unwrap();
    let folder = base.path().join("outbox");
    assert!(!os::is_open_to_others(&fs::metadata(&folder).unwrap()));
    let [queued] = outbox.all().unwrap().try_into().unwrap();
    assert_eq!((queued.state, &queued.content), (State::Waiting, &content("one", None)));
    assert!(outbox.mark(&queued, State::Sending, None).unwrap());
    assert!(!outbox.mark(&queued, State::Sending, None).unwrap(), "it is no longer waiting");
    let [sending] = outbox.all().unwrap().try_into().unwrap();
    assert!(outbox.mark(&sending, State::Unknown, Some("the answer was lost")).unwrap());
    let [unknown] = outbox.all().unwrap().try_into().unwrap();
    assert_eq!(
        (unknown.state, unknown.content.why.as_deref()),
        (State::Unknown, Some("the answer was lost"))
    );
    outbox.remove(&unknown).unwrap();
    outbox.remove(&unknown).unwrap();
    assert!(outbox.is_empty());
}

#[test]
fn of_several_that_wait_for_the_same_only_the_latest_is_left() {
    let base = tempfile::tempdir().unwrap();
    let outbox = Outbox::new(base.path());
    outbox.add(&content("50 %", Some("disk"))).unwrap();
    let first = outbox.all().unwrap().remove(0);
    outbox.mark(&first, State::Sending, None).unwrap();
    for message in ["60 %", "70 %"] {
        outbox.add(&content(message, Some("disk"))).unwrap();
    }
    outbox.add(&content("other", Some("fan"))).unwrap();
    let mut left = states(&outbox);
    left.sort();
    let expected = [("50 %", State::Sending), ("70 %", State::Waiting), ("other", State::Waiting)];
    assert_eq!(left, expected.map(|(message, state)| (message.to_owned(), state)));
}

#[test]
fn only_one_process_sends_at_a_time() {
    let base = tempfile::tempdir().unwrap();
    let (one, other) = (Outbox::new(base.path().join("outbox")), Outbox::new(base.path().join("outbox")));
    let lock = one.lock().unwrap();
    assert!(lock.is_some() && other.lock().unwrap().is_none());
    assert!(!os::is_open_to_others(&fs::metadata(base.path().join("outbox.lock")).unwrap()));
    drop(lock);
    assert!(other.lock().unwrap().is_some() && other.is_empty(), "the lock is not in the outbox");
}

#[test]
fn a_file_that_is_half_written_or_foreign_is_left_alone() {
    let base = tempfile::tempdir().unwrap();
    let outbox = Outbox::new(base.path());
    outbox.add(&content("one", None)).unwrap();
    for name in [".unfinished-x", "notes.txt", "1-2.waiting.json", "1-2.later.json"] {
        fs::write(base.path().join(name), "{\"applic").unwrap();
    }
    assert_eq!(states(&outbox), [("one".to_owned(), State::Waiting)]);
}
