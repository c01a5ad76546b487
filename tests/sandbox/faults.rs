//! Every fault, as a client sees it on a real connection.

use std::time::Duration;

use handover::sandbox::{Endpoint, ErrorBody, Fault, Gate, Sandbox};
use serde_json::json;

use crate::harness::{Device, Reply, http, read, sandbox};

/// A device with one message queued, and the sandbox it belongs to.
async fn with_message() -> (Sandbox, Device) {
    let sandbox = sandbox().await;
    let device = Device::add(&sandbox, "desk");
    sandbox.send(&[("message", "m")]);
    (sandbox, device)
}

fn download(sandbox: &Sandbox, device: &Device) -> reqwest::RequestBuilder {
    let query = [("secret", &device.secret), ("device_id", &device.id)];
    http().get(format!("{}/1/messages.json", sandbox.api_url())).query(&query)
}

fn delete(sandbox: &Sandbox, device: &Device) -> reqwest::RequestBuilder {
    let path = format!("/1/devices/{}/update_highest_message.json", device.id);
    let form = [("secret", device.secret.clone()), ("message", u64::MAX.to_string())];
    http().post(format!("{}{path}", sandbox.api_url())).form(&form)
}

#[tokio::test]
async fn an_error_status_has_its_body_and_retry_after() {
    let (sandbox, device) = with_message().await;
    let faults = sandbox.faults();
    faults.next(Endpoint::Download, Fault::status(500), 1);
    faults.next(
        Endpoint::Download,
        Fault::Status {
            code: 503,
            retry_after: Some("Wed, 21 Oct 2026 07:28:00 GMT".into()),
            body: ErrorBody::Empty,
        },
        1,
    );
    faults.next(Endpoint::Download, Fault::too_many(7), 1);
    faults.next(Endpoint::Download, Fault::rejection(400), 2);
    let mut replies: Vec<Reply> = Vec::new();
    for _ in 0..6 {
        replies.push(device.download(&sandbox).await);
    }
    assert_eq!(replies.iter().map(|reply| reply.status).collect::<Vec<_>>(), [500, 503, 429, 400, 400, 200]);
    assert!(replies[0].body.starts_with(b"<html>") && replies[0].headers.get("retry-after").is_none());
    assert_eq!(replies[0].headers["content-type"], "text/html");
    assert_eq!(replies[1].headers["retry-after"], "Wed, 21 Oct 2026 07:28:00 GMT");
    assert!(replies[1].body.is_empty());
    assert_eq!(
        (&replies[2].headers["retry-after"], &replies[2].json["status"]),
        (&"7".parse().unwrap(), &json!(0))
    );
    assert!(replies[3].json["errors"].is_array() && replies[3].json["request"].is_string());
    assert_eq!((sandbox.counters().faults, sandbox.counters().downloads), (5, 1));
}

#[tokio::test]
async fn faults_replace_the_response() {
    let (sandbox, device) = with_message().await;
    let faults = sandbox.faults();
    faults.next(Endpoint::Delete, Fault::Garbage, 1);
    faults.next(Endpoint::Delete, Fault::Json(json!({"status": "one"})), 1);
    faults.next(
        Endpoint::Delete,
        Fault::Response { code: 207, content_type: "a/b", body: b"{\"a\":1,\"a\":2".into() },
        1,
    );
    faults.next(Endpoint::Delete, Fault::CaptivePortal, 1);
    faults.next(Endpoint::Delete, Fault::Redirect, 1);
    faults.next(Endpoint::Delete, Fault::Huge(10 << 20), 1);
    let mut replies = Vec::new();
    for _ in 0..6 {
        replies.push(read(delete(&sandbox, &device)).await.unwrap());
    }
    assert_eq!(replies.iter().map(|reply| reply.status).collect::<Vec<_>>(), [200, 200, 207, 403, 302, 200]);
    assert!(serde_json::from_slice::<serde_json::Value>(&replies[0].body).is_err());
    assert_eq!(replies[1].json, json!({"status": "one"}));
    assert_eq!(
        (&replies[2].body[..], &replies[2].headers["content-type"]),
        (&b"{\"a\":1,\"a\":2"[..], &"a/b".parse().unwrap())
    );
    assert!(replies[3].body.starts_with(b"<html>"));
    assert_eq!(replies[4].headers["location"], "/hotel/login");
    assert_eq!(replies[5].body.len(), 10 << 20);
    // None of the requests took effect.
    assert_eq!((sandbox.queue(&device.id).len(), sandbox.counters().deletes), (1, 0));
}

#[tokio::test]
async fn a_dropped_request_has_no_effect_and_one_dropped_after_has() {
    let (sandbox, device) = with_message().await;
    sandbox.faults().next(Endpoint::Delete, Fault::Drop, 1);
    let error = delete(&sandbox, &device).send().await.unwrap_err();
    assert!(error.is_request() && !error.is_connect(), "{error:?}");
    assert_eq!(sandbox.queue(&device.id).len(), 1);
    sandbox.faults().next(Endpoint::Delete, Fault::DropAfter, 1);
    assert!(delete(&sandbox, &device).send().await.is_err());
    assert!(sandbox.queue(&device.id).is_empty());
    let journal = sandbox.journal();
    assert!(journal.iter().all(|request| request.status.is_none() && request.faulted), "{journal:?}");
    assert_eq!(sandbox.counters().deletes, 0);
    sandbox.until(|counters| counters.in_flight == 0 && counters.connections_now == 0).await;
}

#[tokio::test]
async fn half_a_body_is_sent_with_the_length_of_the_whole() {
    let (sandbox, device) = with_message().await;
    let whole = device.download(&sandbox).await.body.len();
    sandbox.faults().next(Endpoint::Download, Fault::HalfBody, 1);
    let mut response = download(&sandbox, &device).send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.content_length()), (200, Some(whole as u64)));
    let mut got = 0;
    let error = loop {
        match response.chunk().await {
            Ok(chunk) => got += chunk.unwrap().len(),
            Err(error) => break error,
        }
    };
    assert!(got == whole / 2 && error.is_body() | error.is_decode(), "{got} {error:?}");
}

#[tokio::test]
async fn a_hanging_request_ends_only_when_the_client_disconnects() {
    let (sandbox, device) = with_message().await;
    sandbox.faults().next(Endpoint::Delete, Fault::Hang, 1);
    sandbox.faults().next(Endpoint::Delete, Fault::HangAfter, 1);
    for left in [1, 0] {
        let before = sandbox.counters().requests;
        let request = delete(&sandbox, &device).send();
        tokio::select! {
            reply = request => assert!(reply.is_err() && reply.is_ok(), "a response arrived"),
            () = sandbox.until(|counters| counters.requests > before) => {}
        }
        sandbox.until(|counters| counters.in_flight == 0).await;
        assert_eq!(sandbox.queue(&device.id).len(), left);
    }
}

#[tokio::test]
async fn an_endless_body_continues_until_the_client_disconnects() {
    let (sandbox, device) = with_message().await;
    sandbox.faults().next(Endpoint::Download, Fault::Endless, 1);
    let mut response = download(&sandbox, &device).send().await.unwrap();
    let mut got = 0;
    while got < 20 << 20 {
        got += response.chunk().await.unwrap().unwrap().len();
    }
    assert_eq!((response.status().as_u16(), sandbox.counters().in_flight), (200, 1));
    drop(response);
    sandbox.until(|counters| counters.in_flight == 0).await;
}

#[tokio::test]
async fn a_trickle_sends_one_byte_per_second() {
    let (sandbox, device) = with_message().await;
    sandbox.faults().next(Endpoint::Delete, Fault::Trickle, 1);
    let mut response = delete(&sandbox, &device).send().await.unwrap();
    assert!(sandbox.queue(&device.id).is_empty());
    tokio::time::pause();
    let mut got = 0;
    while let Some(chunk) = response.chunk().await.unwrap() {
        got += chunk.len() as u64;
    }
    assert!(got > 50, "{got}");
    let took = sandbox.journal()[0].at.elapsed().as_secs();
    assert!((got - 1..got + 2).contains(&took), "{got} bytes in {took} s");
}

#[tokio::test]
async fn a_slow_request_takes_effect_after_its_delay() {
    let (sandbox, device) = with_message().await;
    sandbox.faults().next(Endpoint::Delete, Fault::Slow(Duration::from_secs(20)), 1);
    let reply = tokio::spawn(read(delete(&sandbox, &device)));
    sandbox.until(|counters| counters.requests == 1).await;
    assert_eq!(sandbox.queue(&device.id).len(), 1);
    tokio::time::pause();
    assert_eq!(reply.await.unwrap().unwrap().status, 200);
    assert!(sandbox.journal()[0].at.elapsed() >= Duration::from_secs(20));
    assert!(sandbox.queue(&device.id).is_empty());
}

#[tokio::test]
async fn a_gate_holds_a_request_before_or_after_it_takes_effect() {
    let (sandbox, device) = with_message().await;
    for (after, expected) in [(false, 2), (true, 2)] {
        let gate = Gate::new();
        let fault = if after { Fault::GateAfter(gate.clone()) } else { Fault::Gate(gate.clone()) };
        sandbox.faults().next(Endpoint::Download, fault, 1);
        let reply = tokio::spawn(read(download(&sandbox, &device)));
        gate.reached(1).await;
        sandbox.send(&[("message", "while it waits")]);
        assert_eq!(sandbox.counters().in_flight, 1);
        gate.open();
        let reply = reply.await.unwrap().unwrap();
        // Before: it sees the message that arrived while it waited. After: it sees the earlier queue.
        assert_eq!(reply.json["messages"].as_array().unwrap().len(), expected, "{after}");
    }
    assert_eq!(sandbox.queue(&device.id).len(), 3);
    assert_eq!(sandbox.counters().downloads, 2);
}

#[tokio::test]
async fn a_permanent_fault_applies_to_one_endpoint_until_it_is_cleared() {
    let (sandbox, device) = with_message().await;
    for endpoint in [Endpoint::Icon, Endpoint::Sound, Endpoint::Send, Endpoint::Login, Endpoint::Devices] {
        sandbox.faults().always(endpoint, Fault::status(500));
    }
    sandbox.faults().always(Endpoint::Acknowledge, Fault::status(502));
    let url = sandbox.api_url();
    for _ in 0..2 {
        for path in ["/icons/default.png", "/sounds/po.wav"] {
            assert_eq!(read(http().get(format!("{url}{path}"))).await.unwrap().status, 500);
        }
        for path in ["/1/messages.json", "/1/users/login.json", "/1/devices.json"] {
            assert_eq!(read(http().post(format!("{url}{path}"))).await.unwrap().status, 500);
        }
        assert_eq!(device.acknowledge(&sandbox, "r").await.status, 502);
        assert_eq!(device.download(&sandbox).await.status, 200);
    }
    sandbox.faults().clear_endpoint(Endpoint::Icon);
    assert_eq!(read(http().get(format!("{url}/icons/default.png"))).await.unwrap().status, 200);
    sandbox.faults().clear();
    assert_eq!(read(http().get(format!("{url}/sounds/po.wav"))).await.unwrap().status, 200);
}

#[tokio::test]
async fn parallel_requests_are_counted() {
    let (sandbox, device) = with_message().await;
    let gate = Gate::new();
    sandbox.faults().always(Endpoint::Download, Fault::Gate(gate.clone()));
    let requests: Vec<_> = (0..3).map(|_| tokio::spawn(read(download(&sandbox, &device)))).collect();
    gate.reached(3).await;
    gate.open();
    for reply in requests {
        assert_eq!(reply.await.unwrap().unwrap().status, 200);
    }
    let mut in_flight: Vec<usize> = sandbox.journal().iter().map(|request| request.in_flight).collect();
    in_flight.sort_unstable();
    assert_eq!(in_flight, [1, 2, 3]);
    assert_eq!((sandbox.counters().max_concurrency, sandbox.counters().max_connections), (3, 3));
    sandbox.until(|counters| counters.in_flight == 0 && counters.connections_now == 0).await;
    sandbox.reset_peaks();
    assert_eq!((sandbox.counters().max_concurrency, sandbox.counters().max_connections), (0, 0));
}

#[tokio::test]
async fn dropping_the_sandbox_ends_hanging_requests() {
    let (sandbox, device) = with_message().await;
    sandbox.faults().always(Endpoint::Download, Fault::Hang);
    let reply = tokio::spawn(read(download(&sandbox, &device)));
    sandbox.until(|counters| counters.requests == 1).await;
    drop(sandbox);
    assert!(reply.await.unwrap().is_err());
}
