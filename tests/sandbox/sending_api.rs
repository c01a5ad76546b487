//! The Message API: every request format, every limit, receipts.

use serde_json::{Value, json};

use crate::harness::{Device, NOON, get, http, post, read, sandbox};

const URGENT: [(&str, &str); 3] = [("priority", "2"), ("retry", "30"), ("expire", "3600")];

#[tokio::test]
async fn a_message_may_come_as_form_multipart_json_or_query() {
    let sandbox = sandbox().await;
    let device = Device::add(&sandbox, "desk");
    let account = sandbox.account();
    let (token, user) = (account.app_token.as_str(), account.user_key.as_str());
    let fields = [("token", token), ("user", user), ("message", "a & b\nä")];
    let url = format!("{}/1/messages.json", sandbox.api_url());
    let parts = fields.map(|(name, value)| {
        format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    });
    let requests = [
        http().post(&url).form(&fields),
        http().post(&url).query(&fields),
        http()
            .post(&url)
            .header("content-type", "application/json")
            .body(json!({"token": token, "user": user, "message": "a & b\nä"}).to_string()),
        http()
            .post(&url)
            .header("content-type", "multipart/form-data; boundary=XX")
            .body(format!("{}--XX--\r\n", parts.concat())),
        // As the npm package pushover-notifications sends every message.
        http()
            .post(&url)
            .header("content-type", "multipart/form-data; boundary=XX")
            .body(format!("{}--XX--", parts.concat().trim_end())),
    ];
    for request in requests {
        let reply = read(request).await.unwrap();
        assert_eq!((reply.status, &reply.json["status"]), (200, &json!(1)), "{reply:?}");
        assert!(reply.json.get("receipt").is_none());
    }
    let messages = device.messages(&sandbox).await;
    assert_eq!(messages.len(), 5);
    assert!(messages.iter().all(|item| item["message"] == "a & b\nä"), "{messages:?}");
    for broken in [("application/json", "{"), ("multipart/form-data", "--XX")] {
        let request = http().post(&url).header("content-type", broken.0).body(broken.1);
        assert_eq!(read(request).await.unwrap().status, 400, "{broken:?}");
    }
}

#[tokio::test]
async fn every_field_reaches_the_receiver() {
    let sandbox = sandbox().await;
    let (desk, lap) = (Device::add(&sandbox, "desk"), Device::add(&sandbox, "lap"));
    let token = sandbox.add_app("Backup", "disc");
    sandbox.send(&[
        ("token", &token),
        ("message", "<b>done</b>"),
        ("title", "Night"),
        ("device", "lap,unknown"),
        ("url", "https://example.org"),
        ("url_title", "Look"),
        ("priority", "1"),
        ("sound", "bike"),
        ("timestamp", "1700000000"),
        ("html", "1"),
        ("ttl", "60"),
    ]);
    assert!(desk.messages(&sandbox).await.is_empty());
    let item = &lap.messages(&sandbox).await[0];
    for (key, value) in [
        ("app", json!("Backup")),
        ("icon", json!("disc")),
        ("message", json!("<b>done</b>")),
        ("title", json!("Night")),
        ("url", json!("https://example.org")),
        ("url_title", json!("Look")),
        ("priority", json!(1)),
        ("sound", json!("bk")),
        ("date", json!(1_700_000_000)),
        ("queued_date", json!(NOON)),
        ("html", json!(1)),
        ("expiration_date", json!(NOON + 60)),
    ] {
        assert_eq!(item[key], value, "{key}");
    }
    assert!(item.get("receipt").is_none() && item.get("monospace").is_none());
    sandbox.send(&[("message", "to all"), ("device", "unknown"), ("encrypted", "1"), ("monospace", "1")]);
    let item = &desk.messages(&sandbox).await[0];
    assert_eq!((&item["encrypted"], &item["monospace"]), (&json!(1), &json!(1)));
    sandbox.switch(|switches| switches.marks_encrypted = false);
    assert!(desk.messages(&sandbox).await[0].get("encrypted").is_none());
    assert_eq!(sandbox.queue(&lap.id).len(), 2);
}

#[tokio::test]
async fn an_invalid_message_is_not_delivered() {
    let sandbox = sandbox().await;
    let device = Device::add(&sandbox, "desk");
    let [long, title, url, url_title] =
        [1024, 250, 512, 100].map(|most: usize| ["ä".repeat(most), "ä".repeat(most + 1)]);
    let user = sandbox.account().user_key;
    let many = vec![user.as_str(); 51].join(",");
    let cases: &[(&str, &[(&str, &str)])] = &[
        ("token", &[("token", "x")]),
        ("user", &[("user", "x")]),
        ("user", &[("user", &many)]),
        ("message", &[("message", " ")]),
        ("message", &[("message", &long[1])]),
        ("title", &[("title", &title[1])]),
        ("url", &[("url", &url[1])]),
        ("url_title", &[("url_title", &url_title[1])]),
        ("priority", &[("priority", "3")]),
        ("priority", &[("priority", "high")]),
        ("retry", &[("priority", "2")]),
        ("retry", &[("priority", "2"), ("retry", "29"), ("expire", "60")]),
        ("expire", &[("priority", "2"), ("retry", "30")]),
        ("expire", &[("priority", "2"), ("retry", "30"), ("expire", "10801")]),
        ("expire", &[("priority", "2"), ("retry", "30"), ("expire", "-1")]),
        ("timestamp", &[("timestamp", "yesterday")]),
        ("ttl", &[("ttl", "0")]),
        ("monospace", &[("html", "1"), ("monospace", "1")]),
    ];
    for (key, fields) in cases {
        let form = [&[("message", "m")][..], fields].concat();
        let body = sandbox.send(&form);
        assert_eq!((&body["status"], body[key].is_string()), (&json!(0), true), "{key}: {body}");
        assert!(body["errors"][0].is_string(), "{body}");
    }
    assert!(sandbox.queue(&device.id).is_empty());
    let exact: &[(&str, &str)] =
        &[("message", &long[0]), ("title", &title[0]), ("url", &url[0]), ("url_title", &url_title[0])];
    assert_eq!(sandbox.send(exact)["status"], 1);
    let two = format!("{user},{}", sandbox.account().group_key);
    assert_eq!(sandbox.send(&[("message", "m"), ("user", &two)])["status"], 1);
}

#[tokio::test]
async fn the_quota_counts_down_until_messages_are_rejected() {
    let sandbox = sandbox().await;
    Device::add(&sandbox, "desk");
    sandbox.switch(|switches| switches.monthly_limit = 2);
    let account = sandbox.account();
    let form = [("token", account.app_token.as_str()), ("user", account.user_key.as_str()), ("message", "m")];
    let first = post(&sandbox, "/1/messages.json", &form).await;
    assert_eq!(first.headers["X-Limit-App-Limit"], "2");
    assert_eq!(first.headers["X-Limit-App-Remaining"], "1");
    assert_eq!(first.headers["X-Limit-App-Reset"], "1796104800");
    let limits = get(&sandbox, "/1/apps/limits.json", &form[..1]).await;
    assert_eq!(limits.json["remaining"], 1);
    assert_eq!(post(&sandbox, "/1/messages.json", &form).await.status, 200);
    let over = post(&sandbox, "/1/messages.json", &form).await;
    assert_eq!((over.status, &over.json["status"], &over.json["token"]), (429, &json!(0), &json!("invalid")));
    assert_eq!(over.json["errors"], json!(["application has exceeded current limit of 2 messages"]));
    for (name, value) in [("Limit", "2"), ("Remaining", "0"), ("Reset", "1796104800")] {
        assert_eq!(over.headers[format!("X-Limit-App-{name}")], value);
    }
}

#[tokio::test]
async fn a_sender_can_follow_and_cancel_an_emergency() {
    let sandbox = sandbox().await;
    Device::add(&sandbox, "desk");
    let token = sandbox.account().app_token;
    let send = |tags: &str| {
        let sent = sandbox.send(&[&URGENT[..], &[("message", "m"), ("tags", tags)]].concat());
        sent["receipt"].as_str().unwrap().to_owned()
    };
    let poll = async |receipt: &str, token: &str| {
        get(&sandbox, &format!("/1/receipts/{receipt}.json"), &[("token", token)]).await
    };
    let receipt = send("rack,door");
    let open = poll(&receipt, &token).await;
    for (key, value) in [
        ("acknowledged", json!(0)),
        ("acknowledged_at", json!(0)),
        ("acknowledged_by", json!("")),
        ("last_delivered_at", json!(NOON)),
        ("expired", json!(0)),
        ("expires_at", json!(NOON + 3600)),
        ("called_back", json!(0)),
    ] {
        assert_eq!(open.json[key], value, "{key}");
    }
    assert!(sandbox.acknowledge_elsewhere(&receipt));
    let done = poll(&receipt, &token).await;
    assert_eq!((&done.json["acknowledged"], &done.json["acknowledged_at"]), (&json!(1), &json!(NOON)));
    assert_eq!(done.json["acknowledged_by"], json!(sandbox.account().user_key));
    assert_eq!(done.json["acknowledged_by_device"], "phone");
    let stranger = sandbox.add_app("Other", "other");
    assert_eq!(poll(&receipt, &stranger).await.status, 404);
    assert_eq!(poll(&receipt, "x").await.status, 400);

    let second = send("rack");
    let path = format!("/1/receipts/{second}/cancel.json");
    assert_eq!(post(&sandbox, &path, &[("token", &stranger)]).await.status, 404);
    assert_eq!(post(&sandbox, &path, &[("token", &token)]).await.status, 200);
    assert!(sandbox.acknowledge_elsewhere(&second), "cancelling only ends the repeats");
    let (third, fourth) = (send("rack, door"), send("roof"));
    let cancelled = post(&sandbox, "/1/receipts/cancel_by_tag/door.json", &[("token", &token)]).await;
    assert_eq!(cancelled.json["canceled"], 1);
    assert!(sandbox.acknowledge_elsewhere(&third) && sandbox.acknowledge_elsewhere(&fourth));
}

#[tokio::test]
async fn the_callback_is_called_when_an_emergency_is_acknowledged() {
    let sandbox = sandbox().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/callback?by=me", listener.local_addr().unwrap());
    let sent = sandbox.send(&[&URGENT[..], &[("message", "m"), ("callback", &url)]].concat());
    let receipt = sent["receipt"].as_str().unwrap();
    assert!(sandbox.acknowledge_elsewhere(receipt));
    let (mut caller, _) = listener.accept().await.unwrap();
    let mut request = String::new();
    while !request.contains("acknowledged_by_device=phone") {
        let mut bytes = [0; 1024];
        let length = tokio::io::AsyncReadExt::read(&mut caller, &mut bytes).await.unwrap();
        assert!(length > 0, "{request}");
        request += str::from_utf8(&bytes[..length]).unwrap();
    }
    assert!(request.starts_with("POST /callback?by=me HTTP/1.0\r\n"), "{request}");
    assert!(request.contains(&format!("\r\n\r\nreceipt={receipt}&acknowledged=1&")), "{request}");
    tokio::io::AsyncWriteExt::write_all(&mut caller, b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    sandbox.until(|counters| counters.callbacks == 1).await;
    let token = sandbox.account().app_token;
    let poll = get(&sandbox, &format!("/1/receipts/{receipt}.json"), &[("token", &token)]).await;
    assert_eq!((&poll.json["called_back"], &poll.json["called_back_at"]), (&json!(1), &json!(NOON)));
}

#[tokio::test]
async fn users_can_be_validated_and_sounds_listed() {
    let sandbox = sandbox().await;
    Device::add(&sandbox, "desk");
    let account = sandbox.account();
    let form = [("token", account.app_token.as_str()), ("user", account.user_key.as_str())];
    let valid = post(&sandbox, "/1/users/validate.json", &form).await;
    assert_eq!((&valid.json["devices"], &valid.json["group"]), (&json!(["desk"]), &json!(0)));
    let group = [form[0], ("user", account.group_key.as_str()), ("device", "any")];
    let valid = post(&sandbox, "/1/users/validate.json", &group).await;
    assert_eq!((&valid.json["devices"], &valid.json["group"]), (&json!([]), &json!(1)));
    for (fields, error) in [
        ([form[0], ("user", "x")], "user key is invalid"),
        ([("token", "x"), form[1]], "application token is invalid, see https://pushover.net/api"),
    ] {
        let reply = post(&sandbox, "/1/users/validate.json", &fields).await;
        assert_eq!((reply.status, &reply.json["errors"]), (400, &json!([error])));
    }
    let device = [form[0], form[1], ("device", "phone")];
    let reply = post(&sandbox, "/1/users/validate.json", &device).await;
    assert_eq!(
        (reply.status, &reply.json["errors"]),
        (400, &json!(["device name is not valid for this user"]))
    );
    let sounds = get(&sandbox, "/1/sounds.json", &form[..1]).await;
    assert_eq!(sounds.json["sounds"]["pushover"], "Pushover (default)");
    assert_eq!(sounds.json["status"], 1);
    let text = String::from_utf8(sounds.body).unwrap();
    let names = ["pushover", "bike", "bugle", "tugboat", "alien", "vibrate", "none"];
    assert!(names.map(|name| text.find(&format!("\"{name}\":")).unwrap()).is_sorted(), "{text}");
    assert_eq!(get(&sandbox, "/1/sounds.json", &[]).await.status, 400);
}

#[tokio::test]
async fn sending_without_a_device_succeeds_unless_a_switch_forbids_it() {
    let sandbox = sandbox().await;
    let reply = sandbox.send(&[("message", "m")]);
    assert_eq!((&reply["status"], &reply["info"]), (&json!(1), &json!("no active devices to send to")));
    let account = sandbox.account();
    let form = [("token", account.app_token.as_str()), ("user", account.user_key.as_str())];
    let valid = post(&sandbox, "/1/users/validate.json", &form).await;
    assert_eq!(
        (valid.status, &valid.json["errors"]),
        (400, &json!(["user is valid but has no active devices"]))
    );
    sandbox.switch(|switches| switches.needs_device = true);
    assert_eq!(sandbox.send(&[("message", "m")])["user"], Value::from("has no active devices"));
}

#[tokio::test]
async fn a_device_list_is_ignored_for_a_group_and_for_several_users() {
    let sandbox = sandbox().await;
    let (desk, lap) = (Device::add(&sandbox, "desk"), Device::add(&sandbox, "lap"));
    let account = sandbox.account();
    let several = format!("{},{}", account.user_key, account.group_key);
    for (user, at_lap) in [(&account.user_key, 0), (&account.group_key, 1), (&several, 2)] {
        sandbox.send(&[("message", "m"), ("user", user), ("device", "desk")]);
        assert_eq!(sandbox.queue(&lap.id).len(), at_lap, "{user}");
    }
    assert_eq!(sandbox.queue(&desk.id).len(), 3);
}

#[tokio::test]
async fn a_sender_may_ask_for_xml_and_double_the_slashes() {
    let sandbox = sandbox().await;
    Device::add(&sandbox, "desk");
    let account = sandbox.account();
    let form = [("token", account.app_token.as_str()), ("user", account.user_key.as_str()), ("message", "m")];
    let sent = post(&sandbox, "/1//messages.xml", &form).await;
    let request = sent.headers["x-request-id"].to_str().unwrap();
    assert_eq!(
        (sent.status, &sent.headers["content-type"]),
        (200, &"application/xml; charset=utf-8".parse().unwrap())
    );
    let expected = format!("<response><status>1</status><request>{request}</request></response>");
    assert!(String::from_utf8(sent.body).unwrap().ends_with(&expected));
    let rejected = post(&sandbox, "/1/messages.xml", &form[..2]).await;
    let text = String::from_utf8(rejected.body).unwrap();
    assert!(
        rejected.status == 400 && text.contains("<errors><error>message cannot be blank</error></errors>"),
        "{text}"
    );
    assert_eq!(post(&sandbox, "/1//users/validate.json", &form).await.status, 200);
    assert_eq!(sandbox.counters().sent, 1);
}

#[tokio::test]
async fn a_web_page_may_send_and_every_reply_has_its_request_id() {
    let sandbox = sandbox().await;
    let account = sandbox.account();
    let form = [("token", account.app_token.as_str()), ("user", "x"), ("message", "m")];
    let reply = post(&sandbox, "/1/messages.json", &form).await;
    assert_eq!(reply.json["request"], json!(reply.headers["x-request-id"].to_str().unwrap()));
    assert_eq!(reply.headers["access-control-allow-origin"], "*");
    assert_eq!(
        (reply.status, &reply.json["user"], &reply.json["errors"]),
        (
            400,
            &json!("invalid"),
            &json!(["user identifier is not a valid user, group, or subscribed user key, \
                see https://pushover.net/api#identifiers"])
        )
    );
    let url = format!("{}/1/messages.json", sandbox.api_url());
    let preflight = read(http().request(reqwest::Method::OPTIONS, url)).await.unwrap();
    assert_eq!(
        (preflight.status, &preflight.headers["access-control-allow-origin"]),
        (200, &"*".parse().unwrap())
    );
    assert!(preflight.headers["access-control-allow-methods"].to_str().unwrap().contains("POST"));
}
