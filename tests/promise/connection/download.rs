//! Tests downloads of any size, and what is kept of one that is cut or malformed.

use handover::domain::message::MessageId;
use handover::sandbox::{Endpoint, Fault, Order};

use crate::world::{HOUR, MINUTE, World};

#[tokio::test(start_paused = true)]
async fn a_backlog_of_36_megabytes_is_received_with_one_download() {
    const MESSAGES: u64 = 3_000;
    let mut world = World::after_initial_sync().await;
    let backlog = Fault::Backlog { messages: MESSAGES, text: 1_000 };
    world.sandbox.faults().next(Endpoint::Download, backlog, 1);
    world.start();
    world.until("all are deleted", |world| world.was_deleted(MESSAGES)).await;
    world.until_quiet().await;
    let entries = world.entries();
    assert_eq!(entries.len() as u64, MESSAGES);
    assert!(entries.iter().all(|entry| entry.announced.is_some() && entry.message.body.len() == 4_000));
    let shown = world.desktop.shown();
    assert_eq!(shown.len(), 1);
    assert!(shown[0].notification.title.starts_with("3000 messages"), "{:?}", shown[0]);
    assert_eq!(world.requests(Endpoint::Download).len(), 1);
    let deletes = world.requests(Endpoint::Delete);
    assert_eq!((deletes.len(), &deletes[0].params["message"]), (1, &MESSAGES.to_string()));
    assert_eq!(world.status().await.problems, [""; 0]);
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn complete_messages_of_a_cut_download_are_shown_and_nothing_is_deleted() {
    let mut world = World::connected().await;
    let texts = ["m1", "m2", "m3", "m4", "m5", "m6"];
    world.send_quietly(|world| world.send_all(&texts));
    let last = *world.queue().last().unwrap();
    world.sandbox.faults().next(Endpoint::Download, Fault::HalfBody, 1);
    world.sandbox.push_frame(b"!");
    world.until("the first are shown", |world| world.was_shown("m2")).await;
    world.until_quiet().await;
    let recorded = world.recorded();
    assert!((2..texts.len()).contains(&recorded.len()), "{recorded:?}");
    assert_eq!(world.desktop.texts(), recorded);
    assert!(world.requests(Endpoint::Delete).is_empty(), "the ids of the rest are not known");
    assert!(!world.status().await.problems.is_empty());

    world.advance_until(MINUTE, "all are deleted", |world| world.was_deleted(last)).await;
    world.until_quiet().await;
    let shown = world.desktop.texts().join("\n");
    for text in texts {
        assert!(shown.contains(text), "{text} is not in {shown}");
    }
    assert_eq!(world.recorded(), texts);
    assert_eq!(world.desktop.texts()[..recorded.len()], recorded, "nothing is shown twice");
    assert_eq!(world.status().await.problems, [""; 0]);
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn an_item_that_is_not_valid_json_is_kept_raw_and_blocks_nothing() {
    let mut world = World::connected().await;
    let broken = r#"{"id":2,"message":"two" oops}"#;
    let body = format!(
        r#"{{"messages":[{{"id":1,"message":"one"}},{broken},{{"id":3,"message":"three"}}],"status":1}}"#
    );
    let reply = Fault::Response { code: 200, content_type: "application/json", body: body.into_bytes() };
    world.sandbox.faults().next(Endpoint::Download, reply, 1);
    world.sandbox.push_frame(b"!");
    world.until("all are deleted", |world| world.was_deleted(3)).await;
    world.advance(MINUTE).await;
    let entries = world.entries();
    assert_eq!(entries.len(), 3);
    let kept = entries.iter().find(|entry| entry.message.id == MessageId::from_content(broken.as_bytes()));
    assert_eq!(world.log().raw(kept.unwrap().seq).unwrap().as_deref(), Some(broken));
    assert!(world.was_shown("one") && world.was_shown("three"));
    assert_eq!(world.desktop.shown().len(), 3, "{:?}", world.desktop.texts());
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn a_download_that_is_always_cut_shows_each_message_once() {
    let mut world = World::connected().await;
    world.sandbox.faults().always(Endpoint::Download, Fault::HalfBody);
    for number in 1..=8 {
        world.send(&format!("m{number}"));
        world.advance(5 * MINUTE).await;
    }
    let shown = world.desktop.texts();
    assert!(shown.contains(&"m1".to_owned()), "{shown:?}");
    world.sandbox.faults().clear();
    world.advance_until(HOUR, "all are deleted", |world| world.queue().is_empty()).await;
    world.until_quiet().await;
    let all = world.desktop.texts().join("\n");
    for text in shown {
        assert_eq!(all.matches(&text).count(), 1, "{text}: {all}");
    }
    let entries = world.entries();
    assert_eq!(entries.len(), 8);
    assert!(entries.iter().all(|entry| entry.announced.is_some()));
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn older_messages_survive_a_download_that_is_cut_after_the_newest_ones() {
    let mut world = World::connected().await;
    world.sandbox.switch(|switches| switches.order = Order::Reversed);
    world.sandbox.faults().always(Endpoint::Download, Fault::HalfBody);
    let texts = ["m1", "m2", "m3", "m4", "m5", "m6"];
    world.send_quietly(|world| world.send_all(&texts));
    world.sandbox.push_frame(b"!");
    world.advance_until(HOUR, "the newest is shown", |world| world.was_shown("m6")).await;
    world.advance(HOUR).await;
    assert!(!world.recorded().contains(&"m1".to_owned()), "it is in the part that never comes");
    assert!(world.requests(Endpoint::Delete).is_empty() && world.queue().len() == texts.len());
    world.sandbox.faults().clear();
    world.advance_until(HOUR, "all are deleted", |world| world.queue().is_empty()).await;
    let mut recorded = world.recorded();
    recorded.sort();
    assert_eq!(recorded, texts);
}

#[tokio::test(start_paused = true)]
async fn an_emergency_does_not_wait_for_the_end_of_a_long_download() {
    let mut world = World::after_initial_sync().await;
    world.send_with("fire", &[("priority", "2"), ("retry", "7200"), ("expire", "10800")]);
    let text = "x".repeat(1_000);
    (0..800).for_each(|_| world.send(&text));
    world.sandbox.switch(|switches| switches.bytes_per_second = Some(50_000));
    world.start();
    world.advance_until(HOUR, "it is shown", |world| world.was_shown("fire")).await;
    assert!(world.recorded().len() < 801, "the rest is still to come");
    world.advance_until(HOUR, "all are deleted", |world| world.queue().is_empty()).await;
    world.until_quiet().await;
    let shown = world.desktop.shown();
    assert_eq!(shown.len(), 2, "{:?}", world.desktop.texts());
    assert!(shown[1].notification.title.starts_with("800 messages"), "{:?}", shown[1]);
    world.assert_good_citizen();
}
