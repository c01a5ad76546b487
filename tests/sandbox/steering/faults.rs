//! Faults that are ordered over HTTP.

use std::time::Duration;

use serde_json::json;

use super::{look, send, steer, steered};
use crate::harness::{Device, get, http, read, sandbox};

#[tokio::test]
async fn a_fault_is_for_a_path_or_an_endpoint_and_some_times() {
    let sandbox = sandbox().await;
    Device::add(&sandbox, "desk");
    steer(&sandbox, "/faults", json!({"fault": "status", "code": 503, "endpoint": "send", "times": 2})).await;
    steer(&sandbox, "/faults", json!({"fault": "too_many", "seconds": 7, "path": "/1/sounds.json"})).await;
    let listed = look(&sandbox, "/faults", &[]).await;
    assert_eq!(listed["faults"].as_array().unwrap().len(), 2, "{listed}");
    let statuses = [
        send(&sandbox, &[("message", "m")]).await.status,
        send(&sandbox, &[("message", "m")]).await.status,
        send(&sandbox, &[("message", "m")]).await.status,
    ];
    assert_eq!(statuses, [503, 503, 200]);
    let token = sandbox.account().app_token;
    for _ in 0..2 {
        let reply = get(&sandbox, "/1/sounds.json", &[("token", &token)]).await;
        assert_eq!((reply.status, &reply.headers["retry-after"]), (429, &"7".parse().unwrap()));
    }
    read(http().delete(format!("{}/_sandbox/faults", sandbox.api_url()))).await.unwrap();
    assert_eq!(get(&sandbox, "/1/sounds.json", &[("token", &token)]).await.status, 200);
    for (rule, named) in [
        (json!({"fault": "status", "endpoint": "sned"}), "sned"),
        (json!({"code": 500}), "fault"),
        (json!({"fault": "status", "cod": 500}), "cod"),
    ] {
        let reply = steered(&sandbox, "/faults", rule).await;
        let error = reply.json["errors"][0].as_str().unwrap().to_owned();
        assert!(reply.status == 400 && error.contains(named), "{error}");
    }
}

#[tokio::test]
async fn a_connection_can_be_reset_or_its_response_be_cut() {
    let sandbox = sandbox().await;
    let url = format!("{}/1/sounds.json?token={}", sandbox.api_url(), sandbox.account().app_token);
    for (fault, is_reset) in [("reset", true), ("drop", false)] {
        steer(&sandbox, "/faults", json!({"fault": fault, "times": 1})).await;
        let error = format!("{:?}", read(http().get(&url)).await.unwrap_err());
        assert_eq!(error.contains("ConnectionReset"), is_reset, "{error}");
    }
    steer(&sandbox, "/faults", json!({"fault": "cut", "times": 1})).await;
    assert!(read(http().get(&url)).await.is_err());
    steer(&sandbox, "/faults", json!({"fault": "garbage", "times": 1})).await;
    assert!(read(http().get(&url)).await.unwrap().json.is_null());
    assert_eq!(read(http().get(&url)).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_response_can_be_late_or_slow() {
    let sandbox = sandbox().await;
    let url = format!("{}/1/apps/limits.json?token={}", sandbox.api_url(), sandbox.account().app_token);
    let timed = async |timeout: u64| {
        let client = http();
        let request = client.get(&url);
        tokio::time::timeout(Duration::from_millis(timeout), read(request)).await.is_ok()
    };
    steer(&sandbox, "/faults", json!({"fault": "delay", "seconds": 60, "times": 1})).await;
    assert!(!timed(300).await);
    steer(&sandbox, "/faults", json!({"fault": "rate", "bytes_per_second": 20, "times": 1})).await;
    assert!(!timed(300).await, "about 100 bytes take five seconds");
    assert!(timed(10_000).await);
}
