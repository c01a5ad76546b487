//! Repeated emergencies and expiring messages, with a paused clock.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use handover::sandbox::{Options, Repeat, Sandbox};
use serde_json::Value;

use crate::harness::{Device, NOON, Received, options, sandbox};

const URGENT: [(&str, &str); 4] =
    [("message", "fire"), ("priority", "2"), ("retry", "30"), ("expire", "120")];

fn numbers(messages: &[Value], key: &str) -> Vec<u64> {
    messages.iter().map(|item| item[key].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn an_emergency_is_repeated_until_it_is_acknowledged() {
    let sandbox = sandbox().await;
    let (desk, lap) = (Device::add(&sandbox, "desk"), Device::add(&sandbox, "lap"));
    let mut socket = desk.listen(&sandbox).await;
    tokio::time::pause();
    let sent = sandbox.send(&URGENT);
    sandbox.until(|counters| counters.repeats == 2).await;
    tokio::time::resume();
    for _ in 0..3 {
        assert_eq!(socket.receive().await, Received::frame(b"!"));
    }
    let messages = desk.messages(&sandbox).await;
    let (ids, umids) = (numbers(&messages, "id"), numbers(&messages, "umid"));
    assert!(ids.len() == 3 && ids.is_sorted_by(|one, next| one < next), "{ids:?}");
    assert!(umids.iter().all(|umid| *umid == umids[0]), "{umids:?}");
    assert!(messages.iter().all(|item| item["receipt"] == sent["receipt"]));

    assert_eq!(lap.acknowledge(&sandbox, sent["receipt"].as_str().unwrap()).await.status, 200);
    tokio::time::pause();
    tokio::time::sleep(Duration::from_hours(1)).await;
    assert_eq!(sandbox.counters().repeats, 2);
    assert_eq!(sandbox.queue(&desk.id).len(), 3);
}

#[tokio::test]
async fn a_repeat_may_keep_its_id_and_change_its_umid() {
    let sandbox = sandbox().await;
    let device = Device::add(&sandbox, "desk");
    sandbox.switch(|switches| {
        switches.repeat_id = Repeat::Same;
        switches.repeat_umid = Repeat::New;
    });
    sandbox.send(&URGENT);
    let first = device.messages(&sandbox).await;
    assert_eq!(device.delete(&sandbox, &first[0]["id"].to_string()).await.status, 200);
    tokio::time::pause();
    sandbox.until(|counters| counters.repeats == 1).await;
    tokio::time::resume();
    let again = device.messages(&sandbox).await;
    assert_eq!(numbers(&again, "id"), numbers(&first, "id"));
    assert_ne!(numbers(&again, "umid"), numbers(&first, "umid"));
}

#[tokio::test]
async fn an_expired_emergency_is_not_repeated_and_cannot_be_acknowledged() {
    let sandbox = sandbox().await;
    let device = Device::add(&sandbox, "desk");
    tokio::time::pause();
    let sent = sandbox.send(&URGENT);
    tokio::time::sleep(Duration::from_hours(1)).await;
    tokio::time::resume();
    // At 30, 60 and 90 seconds; at 120 it has expired.
    assert_eq!(sandbox.counters().repeats, 3);
    let reply = device.acknowledge(&sandbox, sent["receipt"].as_str().unwrap()).await;
    assert_eq!((reply.status, &reply.json["status"]), (400, &Value::from(0)));
}

#[tokio::test]
async fn a_replaced_device_gets_the_repeats_too() {
    let sandbox = sandbox().await;
    Device::add(&sandbox, "desk");
    sandbox.send(&URGENT);
    let again = Device::add(&sandbox, "desk");
    tokio::time::pause();
    sandbox.until(|counters| counters.repeats == 1).await;
    assert_eq!(sandbox.queue(&again.id).len(), 2);
}

#[tokio::test]
async fn a_message_is_removed_after_its_ttl() {
    static NOW: AtomicI64 = AtomicI64::new(NOON);
    let clock = || NOW.load(Ordering::Relaxed);
    let sandbox = Sandbox::start(Options { clock, ..options() }).await.unwrap();
    sandbox.switch(|switches| switches.welcome = false);
    let device = Device::add(&sandbox, "desk");
    sandbox.send(&[("message", "short"), ("ttl", "60")]);
    sandbox.send(&[("message", "long")]);
    NOW.fetch_add(60, Ordering::Relaxed);
    sandbox.switch(|switches| switches.keep_expired = true);
    assert_eq!(device.messages(&sandbox).await.len(), 2);
    sandbox.switch(|switches| switches.keep_expired = false);
    assert_eq!(device.messages(&sandbox).await[0]["message"], "long");
    NOW.fetch_add(21 * 86_400, Ordering::Relaxed);
    assert!(device.messages(&sandbox).await.is_empty());
}
