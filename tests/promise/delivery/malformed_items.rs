//! Tests items that cannot be read completely.

use handover::sandbox::Endpoint;
use serde_json::{Value, json};

use crate::world::{MINUTE, World};

/// Items that are each malformed in one way, among valid ones.
fn malformed_items() -> Vec<Value> {
    vec![
        json!("just a text"),
        json!(17),
        json!(null),
        json!([1, 2]),
        json!({"message": {"nested": "text"}, "app": "x"}),
        json!({"message": 12, "app": ["x"]}),
        json!({"message": "malformed priority", "priority": "very"}),
        json!({"message": "malformed date", "date": "yesterday", "priority": 1}),
        json!({"message": "malformed receipt", "priority": 2, "receipt": "../../etc/passwd"}),
        json!({"id": "x1", "message": "malformed id"}),
        json!({"id": -3, "message": "negative id"}),
        json!({"id": 1.5e300, "message": "huge id"}),
        json!({}),
    ]
}

#[tokio::test(start_paused = true)]
async fn malformed_items_block_nothing_and_are_kept_raw() {
    let mut world = World::after_initial_sync().await;
    world.settings.backlog = handover::domain::settings::Backlog::All;
    world.send("before");
    for item in malformed_items() {
        world.sandbox.inject(&item);
    }
    world.send("after");
    world.start();
    world.until("all are deleted", |world| world.queue().is_empty()).await;
    world.advance(MINUTE).await;

    let count = malformed_items().len();
    let entries = world.entries();
    assert_eq!(entries.len(), count + 2);
    assert_eq!(world.desktop.shown().len(), count + 2, "{:?}", world.desktop.texts());
    assert!(entries.iter().all(|entry| entry.announced.is_some()));
    let log = world.log();
    for item in malformed_items() {
        let kept = entries.iter().find(|entry| {
            let raw: Value = serde_json::from_str(&log.raw(entry.seq).unwrap().unwrap()).unwrap();
            same_but_for_the_id(&raw, &item)
        });
        let Some(kept) = kept else { panic!("{item} is not kept") };
        let whole = item.as_object().is_some_and(serde_json::Map::is_empty);
        assert_eq!(kept.message.problem.is_none(), whole, "{item}: {:?}", kept.message.problem);
    }
    for text in ["malformed priority", "malformed date", "malformed id", "negative id", "huge id"] {
        assert!(world.desktop.texts().iter().any(|shown| shown.starts_with(text)), "{text}");
    }
    let ends: Vec<_> =
        world.desktop.texts().into_iter().filter(|text| text == "before" || text == "after").collect();
    assert_eq!(ends, ["before", "after"]);
}

/// Whether an item is the injected one. The sandbox adds an id if there is none.
fn same_but_for_the_id(raw: &Value, item: &Value) -> bool {
    let (Some(raw), Some(item)) = (raw.as_object(), item.as_object()) else { return raw == item };
    let without = |fields: &serde_json::Map<String, Value>| {
        let mut fields = fields.clone();
        fields.remove("id_str");
        fields.remove("id");
        fields
    };
    without(raw) == without(item) && item.get("id").is_none_or(|id| raw.get("id") == Some(id))
}

#[tokio::test(start_paused = true)]
async fn an_item_without_a_readable_id_is_shown_once() {
    let mut world = World::connected().await;
    // Nothing can delete it, because its number is above all valid ids.
    let device = world.sandbox.devices()[0].clone();
    world.sandbox.inject_into(&device, json!({"id": "none", "message": "odd"})).unwrap();
    world.until("it is shown", |world| world.desktop.shown().len() == 1).await;
    world.until("the sync is over", |world| world.syncs() == 2).await;
    assert_eq!(world.queue().len(), 1);
    assert!(world.requests(Endpoint::Delete).is_empty(), "the service does not know this id");
    for signals in 0..5 {
        world.sandbox.push_frame(b"!");
        world.until("it comes again", |world| world.syncs() == 3 + signals).await;
    }
    world.kill().await;
    world.start();
    world.until("it comes again", |world| world.syncs() == 8).await;
    world.advance(10 * MINUTE).await;
    assert_eq!(world.desktop.shown().len(), 1);
    assert_eq!(world.recorded(), ["odd"]);
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn a_malformed_emergency_is_shown_as_one_and_blocks_nothing() {
    let mut world = World::connected().await;
    world.sandbox.inject(&json!({
        "message": "fire", "app": "x", "priority": [2], "receipt": "r0000000000000000000000000000a",
    }));
    let acknowledged = |world: &World| world.sandbox.is_acknowledged("r0000000000000000000000000000a");
    world.until("it is acknowledged", acknowledged).await;
    assert!(world.desktop.shown()[0].notification.resident);
    world.until("it is deleted", |world| world.queue().is_empty()).await;
}

#[tokio::test(start_paused = true)]
async fn the_same_id_twice_in_a_batch_is_one_message() {
    let mut world = World::after_initial_sync().await;
    world.send("queued");
    let body = json!({
        "status": 1,
        "messages": [
            {"id": 5, "message": {"what": 1}, "app": "x"},
            {"id": 5, "id_str": "5", "message": "twin", "app": "x"},
            {"id": 5, "message": "twin", "app": "x"},
        ],
    });
    world.sandbox.faults().next(Endpoint::Download, handover::sandbox::Fault::Json(body), 1);
    world.start();
    world.until("it is shown", |world| world.was_shown("twin")).await;
    world.until("the sync is over", |world| world.syncs() == 1).await;
    assert_eq!(world.recorded(), ["twin"]);
    assert_eq!(world.queue().len(), 1, "nothing above it was deleted");
    world.sandbox.push_frame(b"!");
    world.until("the other one is shown", |world| world.was_shown("queued")).await;
}
