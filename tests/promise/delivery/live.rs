//! Tests messages that arrive while the daemon is connected.

use handover::daemon::Step;
use handover::domain::message::Seq;
use handover::sandbox::{Endpoint, Fault, FrameKind, Gate, Order};

use crate::world::{MINUTE, World};

#[tokio::test(start_paused = true)]
async fn a_message_is_recorded_shown_and_deleted_in_this_order() {
    let mut world = World::connected().await;
    world.steps.clear();
    world.send("hello");
    let id = world.queue()[0];
    world.until("the sync is over", |world| world.syncs() == 1).await;
    let entry = world.entries().pop().unwrap();
    let shown = world.desktop.shown();
    assert_eq!(
        world.steps,
        [
            Step::Received(1),
            Step::Recorded(vec![entry.message.id]),
            Step::Shown(shown[0].id, vec![entry.seq]),
            Step::Deleted(entry.message.id),
            Step::SyncFinished(true),
        ]
    );
    assert_eq!(entry.message.id.number().unsigned_abs(), id);
    assert_eq!((world.queue().len(), shown.len()), (0, 1));
    world.advance(10 * MINUTE).await;
    assert_eq!(world.requests(Endpoint::Download).len(), 2, "one at the start, one for the message");
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_shown_in_the_order_of_ids_and_deleted_once() {
    for order in [Order::Reversed, Order::Shuffled] {
        let mut world = World::connected().await;
        world.sandbox.switch(|switches| switches.order = order);
        let texts = ["m1", "m2", "m3", "m4", "m5"];
        world.send_quietly(|world| world.send_all(&texts));
        let last = *world.queue().last().unwrap();
        world.sandbox.push_frame(b"!");
        world.until("they are deleted", |world| world.was_deleted(last)).await;
        world.advance(MINUTE).await;
        assert_eq!(world.desktop.texts(), texts, "{order:?}");
        let deletes = world.requests(Endpoint::Delete);
        assert_eq!((deletes.len(), &deletes[0].params["message"]), (1, &last.to_string()));
        let recorded: Vec<Seq> = world.entries().iter().map(|entry| entry.seq).collect();
        assert!(recorded.is_sorted());
    }
}

#[tokio::test(start_paused = true)]
async fn a_signal_during_a_download_causes_exactly_one_more() {
    for signals in [1, 7] {
        let mut world = World::connected().await;
        let before = world.requests(Endpoint::Download).len();
        let gate = Gate::new();
        world.sandbox.faults().next(Endpoint::Download, Fault::GateAfter(gate.clone()), 1);
        world.send("first");
        gate.reached(1).await;
        // The response under way does not contain them.
        for number in 0..signals {
            // They are urgent, so that they are not counted in one notification.
            world.send_with(&format!("during {number}"), &[("priority", "1")]);
        }
        world.until_quiet().await;
        assert_eq!(world.requests(Endpoint::Download).len(), before + 1, "never two at once");
        gate.open();
        world.until("all are deleted", |world| world.queue().is_empty()).await;
        world.advance(10 * MINUTE).await;
        assert_eq!(world.requests(Endpoint::Download).len(), before + 2, "{signals} signals");
        assert_eq!(world.desktop.texts().len(), 1 + signals);
        assert_eq!(world.sandbox.counters().max_concurrency, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn fifty_signals_in_a_burst_cause_at_most_three_downloads() {
    let mut world = World::connected().await;
    let before = world.requests(Endpoint::Download).len();
    let texts: Vec<_> = (0..50).map(|number| format!("m{number}")).collect();
    for text in &texts {
        // Each is from another application, so that they are not counted in one notification.
        let token = world.sandbox.add_app(&format!("app {text}"), "sandbox");
        world.send_with(text, &[("token", &token), ("priority", "1")]);
    }
    world.until("all are deleted", |world| world.queue().is_empty()).await;
    world.advance(10 * MINUTE).await;
    assert_eq!(world.desktop.texts(), texts);
    let downloads = world.requests(Endpoint::Download).len() - before;
    assert!((1..=3).contains(&downloads), "{downloads}");

    world.sandbox.push_frame(&[b'!'; 50]);
    world.advance(10 * MINUTE).await;
    let more = world.requests(Endpoint::Download).len() - before - downloads;
    assert!((1..=3).contains(&more), "{more}");
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn text_frames_and_several_commands_in_one_are_understood() {
    let mut world = World::connected().await;
    world.sandbox.switch(|switches| switches.frames = FrameKind::Text);
    world.send("by text");
    world.until("it is shown", |world| world.was_shown("by text")).await;
    world.send_quietly(|world| world.send("behind others"));
    world.sandbox.push_frame(b"#\n?#!\n");
    world.until("it is shown", |world| world.was_shown("behind others")).await;
}

#[tokio::test(start_paused = true)]
async fn a_late_message_with_a_low_id_is_shown_and_deleted() {
    let mut world = World::connected().await;
    world.send("high");
    world.until("it is deleted", |world| world.queue().is_empty()).await;
    world.sandbox.inject(&serde_json::json!({"id": 7, "message": "low", "app": "x"}));
    world.until("it is shown", |world| world.was_shown("low")).await;
    world.until("it is deleted", |world| world.queue().is_empty()).await;
    assert_eq!(world.desktop.texts(), ["high", "low"]);
}
