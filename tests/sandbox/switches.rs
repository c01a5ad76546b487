//! The switches that change a download, and the journal.

use handover::sandbox::{ErrorShape, Licence, Order, Sandbox, TakenName, repeated_rejections};
use serde_json::{Value, json};

use crate::harness::{Device, http, options, post, read, sandbox};

#[tokio::test]
async fn a_switch_changes_the_order_of_messages() {
    let sandbox = sandbox().await;
    let device = Device::add(&sandbox, "desk");
    for number in 0..20 {
        sandbox.send(&[("message", &number.to_string())]);
    }
    let ids = async || -> Vec<u64> {
        device.messages(&sandbox).await.iter().map(|item| item["id"].as_u64().unwrap()).collect()
    };
    let sent = ids().await;
    assert!(sent.is_sorted());
    sandbox.switch(|switches| switches.order = Order::Reversed);
    assert!(ids().await.iter().rev().eq(&sent));
    sandbox.switch(|switches| switches.order = Order::Shuffled);
    let mut shuffled = ids().await;
    // The probability of a false failure is 1 in 20!.
    assert_ne!(shuffled, sent);
    shuffled.sort_unstable();
    assert_eq!(shuffled, sent);
}

#[tokio::test]
async fn switches_change_licence_quiet_hours_ids_and_error_shapes() {
    let sandbox = Sandbox::start(options()).await.unwrap();
    sandbox.switch(|switches| {
        switches.small_ids = true;
        switches.quiet_hours = true;
        switches.quick_quiet_until = Some(7);
        switches.unknown_keys = true;
    });
    let device = Device::add(&sandbox, "desk");
    let reply = device.download(&sandbox).await;
    assert_eq!(
        (&reply.json["user"]["quiet_hours"], &reply.json["user"]["quick_quiet_until"]),
        (&json!(true), &json!(7))
    );
    assert!(reply.json.get("from_the_future").is_some());
    assert_eq!(reply.json["messages"][0]["id"], 2);
    for (licence, status, flag, length) in [
        (Licence::Owned, 200, json!(true), 1),
        (Licence::Flagged, 200, json!(false), 1),
        (Licence::Emptied, 200, json!(false), 0),
        (Licence::Refused, 400, Value::Null, 0),
    ] {
        sandbox.switch(|switches| switches.licence = licence);
        let reply = device.download(&sandbox).await;
        assert_eq!(
            (reply.status, &reply.json["user"]["is_desktop_licensed"]),
            (status, &flag),
            "{licence:?}"
        );
        assert_eq!(reply.json["messages"].as_array().map_or(0, Vec::len), length, "{licence:?}");
    }
    sandbox.switch(|switches| switches.errors = ErrorShape::Object);
    let stranger = Device { secret: "x".into(), ..device };
    assert_eq!(stranger.download(&sandbox).await.json["errors"], json!({"secret": ["is invalid"]}));
}

#[tokio::test]
async fn a_taken_name_may_be_replaced_silently() {
    let sandbox = sandbox().await;
    let device = Device::add(&sandbox, "desk");
    sandbox.switch(|switches| switches.taken_name = TakenName::Replaced);
    let form = [("secret", device.secret.as_str()), ("name", "desk"), ("os", "O")];
    assert_eq!(post(&sandbox, "/1/devices.json", &form).await.status, 200);
    assert_eq!(device.download(&sandbox).await.status, 400);
}

#[tokio::test]
async fn a_batch_of_five_megabytes_is_delivered_whole() {
    let sandbox = sandbox().await;
    let device = Device::add(&sandbox, "desk");
    let text = "x".repeat(1_024);
    for _ in 0..5_000 {
        sandbox.send(&[("message", &text)]);
    }
    let reply = device.download(&sandbox).await;
    assert!(reply.body.len() > 5_000_000);
    assert_eq!(reply.json["messages"].as_array().unwrap().len(), 5_000);
}

#[tokio::test]
async fn the_journal_records_each_request_and_its_outcome() {
    let sandbox = sandbox().await;
    let device = Device::add(&sandbox, "desk");
    let url = format!("{}/1/messages.json", sandbox.api_url());
    let query = [("secret", "wrong"), ("device_id", device.id.as_str())];
    assert_eq!(read(http().get(&url).query(&query).header("user-agent", "x/2")).await.unwrap().status, 400);
    assert!(repeated_rejections(&sandbox.journal()).is_empty());
    assert_eq!(device.download(&sandbox).await.status, 200);
    assert!(repeated_rejections(&sandbox.journal()).is_empty());
    assert_eq!(read(http().get(&url).query(&query)).await.unwrap().status, 400);
    assert_eq!(repeated_rejections(&sandbox.journal()).len(), 1);

    let journal = sandbox.journal();
    assert_eq!(journal[0].user_agent.as_deref(), Some("x/2"));
    assert_eq!(
        journal.iter().map(|request| request.status).collect::<Vec<_>>(),
        [Some(400), Some(200), Some(400)]
    );
    assert_eq!(journal[0].params.keys().collect::<Vec<_>>(), ["device_id"]);
    assert!(journal[0].at <= journal[1].at && journal[0].in_flight == 1);
    assert!(!format!("{journal:?}").contains(&device.secret));
    assert_eq!((sandbox.counters().requests, sandbox.counters().max_concurrency), (3, 1));
}

#[tokio::test]
async fn dropping_the_sandbox_closes_all_connections() {
    let sandbox = sandbox().await;
    let device = Device::add(&sandbox, "desk");
    let mut socket = device.listen(&sandbox).await;
    let url = sandbox.api_url();
    let client = http();
    assert_eq!(read(client.get(format!("{url}/icons/default.png"))).await.unwrap().status, 200);
    let mut counters = sandbox.watch();
    drop(sandbox);
    assert_eq!(socket.receive().await, crate::harness::Received::End);
    // Either all connections are removed, or the counters are gone too.
    drop(counters.wait_for(|counters| counters.connections_now == 0).await);
    assert!(read(client.get(format!("{url}/icons/default.png"))).await.is_err());
}
