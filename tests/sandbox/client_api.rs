//! The Open Client API: signing in, registering, downloading, deleting, acknowledging.

use handover::sandbox::{Options, Sandbox};
use serde_json::json;

use crate::harness::{Device, get, http, options, post, read, sandbox};

#[tokio::test]
async fn each_login_returns_the_user_key_and_a_new_secret() {
    let sandbox = sandbox().await;
    let account = sandbox.account();
    let right = [("email", account.email.as_str()), ("password", account.password.as_str())];
    let first = post(&sandbox, "/1/users/login.json", &right).await;
    let second = post(&sandbox, "/1/users/login.json", &right).await;
    assert_eq!((first.status, &first.json["status"]), (200, &json!(1)));
    assert_eq!(first.json["id"], json!(account.user_key));
    assert_eq!(first.json["id"].as_str().unwrap().len(), 30);
    assert_eq!(first.json["secret"].as_str().unwrap().len(), 60);
    assert_ne!(first.json["secret"], second.json["secret"]);
    assert_eq!(first.json["request"].as_str().unwrap().len(), 36);
    for wrong in [
        [("email", account.email.as_str()), ("password", "wrong")],
        [("email", "somebody@else.org"), ("password", account.password.as_str())],
    ] {
        let reply = post(&sandbox, "/1/users/login.json", &wrong).await;
        assert_eq!((reply.status, &reply.json["status"]), (400, &json!(0)));
        assert_eq!(reply.json["errors"], json!(["invalid email and/or password"]));
    }
    for missing in [&right[..1], &right[1..]] {
        assert_eq!(post(&sandbox, "/1/users/login.json", missing).await.status, 400);
    }
    assert_eq!(sandbox.counters().logins, 2);
}

#[tokio::test]
async fn the_two_factor_code_is_checked_after_the_password() {
    let sandbox = Sandbox::start(Options { two_factor: Some("123456".into()), ..options() }).await.unwrap();
    let account = sandbox.account();
    let login = async |password: &str, code: Option<&str>| {
        let mut form = vec![("email", account.email.as_str()), ("password", password)];
        form.extend(code.map(|code| ("twofa", code)));
        post(&sandbox, "/1/users/login.json", &form).await
    };
    let challenged = login(&account.password, None).await;
    assert_eq!((challenged.status, &challenged.json["totp"]), (412, &json!("two factor auth required")));
    assert_eq!(login("wrong", None).await.status, 400);
    assert_eq!(login(&account.password, Some("000000")).await.status, 412);
    sandbox.switch(|switches| switches.wrong_code_status = 400);
    assert_eq!(login(&account.password, Some("000000")).await.status, 400);
    assert_eq!(login(&account.password, Some("123456")).await.status, 200);
}

#[tokio::test]
async fn a_device_needs_a_valid_name_that_is_not_taken() {
    let sandbox = Sandbox::start(options()).await.unwrap();
    let secret = sandbox.add_device("other").0;
    let register = async |secret: &str, name: &str, more: &[(&str, &str)]| {
        let form = [&[("secret", secret), ("name", name), ("os", "O")][..], more].concat();
        post(&sandbox, "/1/devices.json", &form).await
    };
    let first = register(&secret, "desk", &[]).await;
    assert_eq!((first.status, &first.json["status"]), (200, &json!(1)));
    let first = Device { secret: secret.clone(), id: first.json["id"].as_str().unwrap().to_owned() };
    let welcome = first.messages(&sandbox).await;
    assert_eq!((welcome.len(), &welcome[0]["aid"], &welcome[0]["app"]), (1, &json!(1), &json!("Pushover")));

    let taken = register(&secret, "desk", &[]).await;
    assert_eq!((taken.status, &taken.json["status"]), (400, &json!(0)));
    assert_eq!(taken.json["errors"], json!({"name": ["has already been taken"]}));
    let forced = register(&secret, "desk", &[("force", "1")]).await;
    let forced = Device { secret: secret.clone(), id: forced.json["id"].as_str().unwrap().to_owned() };
    assert_ne!(forced.id, first.id);
    assert_eq!(first.download(&sandbox).await.status, 400);
    assert_eq!(forced.messages(&sandbox).await.len(), 1);

    for bad in ["", "a name", "ä", "abcdefghijklmnopqrstuvwxyz"] {
        let reply = register(&secret, bad, &[]).await;
        assert_eq!((reply.status, reply.json["errors"]["name"].is_array()), (400, true), "{bad}");
    }
    let reply = register("nonsense", "desk", &[]).await;
    assert_eq!((reply.status, reply.json["errors"]["secret"].is_array()), (400, true));
    let reply = post(&sandbox, "/1/devices.json", &[("secret", secret.as_str()), ("name", "noos")]).await;
    assert_eq!((reply.status, reply.json["errors"]["os"].is_array()), (400, true));

    for number in 3..=10 {
        assert_eq!(register(&secret, &format!("desk-{number}"), &[]).await.status, 200);
    }
    let full = register(&secret, "eleventh", &[]).await;
    assert_eq!((full.status, full.json["message"].is_string()), (400, true));
    assert!(sandbox.disable_device(&forced.id));
    assert_eq!(register(&secret, "desk", &[]).await.status, 200);
}

#[tokio::test]
async fn a_download_accepts_a_query_and_a_form_body() {
    let sandbox = sandbox().await;
    let device = Device::add(&sandbox, "desk");
    sandbox.send(&[("message", "hello")]);
    let form = [("secret", device.secret.as_str()), ("device_id", device.id.as_str())];
    let url = format!("{}/1/messages.json", sandbox.api_url());
    for reply in [
        read(http().get(&url).query(&form)).await.unwrap(),
        read(http().get(&url).form(&form)).await.unwrap(),
    ] {
        assert_eq!(reply.json["messages"][0]["message"], "hello", "{reply:?}");
        assert_eq!(reply.json["device"]["name"], "desk");
        assert_eq!(reply.json["user"]["is_desktop_licensed"], true);
    }
    for wrong in [[("secret", "x"), form[1]], [form[0], ("device_id", "x")]] {
        let reply = read(http().get(&url).query(&wrong)).await.unwrap();
        assert_eq!((reply.status, &reply.json["status"]), (400, &json!(0)));
        assert!(reply.json["errors"][0].is_string());
    }
    assert_eq!(read(http().get(&url)).await.unwrap().status, 400);
}

#[tokio::test]
async fn ids_are_consecutive_and_too_large_for_a_float() {
    let sandbox = sandbox().await;
    let device = Device::add(&sandbox, "desk");
    // An injected item takes one id; a sent message also takes one for its umid.
    sandbox.inject(&json!({"message": "a"}));
    sandbox.inject(&json!({"message": "b"}));
    let ids: Vec<u64> =
        device.messages(&sandbox).await.iter().map(|item| item["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, sandbox.queue(&device.id));
    assert!(ids[0] > 1 << 53 && ids[1] == ids[0] + 1, "{ids:?}");
    let item = &device.messages(&sandbox).await[0];
    assert_eq!(item["id_str"], json!(ids[0].to_string()));
}

#[tokio::test]
async fn a_deletion_is_inclusive_and_for_one_device() {
    let sandbox = sandbox().await;
    let (desk, lap) = (Device::add(&sandbox, "desk"), Device::add(&sandbox, "lap"));
    for message in ["one", "two", "three"] {
        sandbox.send(&[("message", message)]);
    }
    let ids = sandbox.queue(&desk.id);
    assert_eq!(ids.len(), 3);
    let reply = desk.delete(&sandbox, &ids[1].to_string()).await;
    assert_eq!((reply.status, &reply.json["status"]), (200, &json!(1)));
    assert_eq!(sandbox.queue(&desk.id), ids[2..]);
    assert_eq!(sandbox.queue(&lap.id).len(), 3);
    assert_eq!(sandbox.counters().last_deleted_through, Some(ids[1]));

    assert_eq!(desk.delete(&sandbox, &ids[0].to_string()).await.status, 200);
    for text in ["", "x", "-1", "1.5", "99999999999999999999"] {
        assert_eq!(desk.delete(&sandbox, text).await.status, 400, "{text:?}");
    }
    assert_eq!(sandbox.queue(&desk.id), ids[2..]);
    let stranger = Device { secret: "x".into(), ..desk.clone() };
    assert_eq!(stranger.delete(&sandbox, &u64::MAX.to_string()).await.status, 400);
    assert_eq!(desk.delete(&sandbox, &u64::MAX.to_string()).await.status, 200);
    assert!(sandbox.queue(&desk.id).is_empty());
    assert_eq!(sandbox.counters().deletes, 3);
}

#[tokio::test]
async fn an_acknowledgement_applies_to_all_devices() {
    let sandbox = sandbox().await;
    let (desk, lap) = (Device::add(&sandbox, "desk"), Device::add(&sandbox, "lap"));
    let sent = sandbox.send(&[("message", "fire"), ("priority", "2"), ("retry", "30"), ("expire", "600")]);
    let receipt = sent["receipt"].as_str().unwrap();
    assert_eq!((receipt.len(), sandbox.is_acknowledged(receipt)), (30, false));
    for device in [&desk, &lap] {
        let item = &device.messages(&sandbox).await[0];
        assert_eq!((&item["receipt"], &item["acked"]), (&json!(receipt), &json!(0)));
    }
    assert_eq!(desk.acknowledge(&sandbox, "unknown").await.status, 400);
    let stranger = Device { secret: "x".into(), ..desk.clone() };
    assert_eq!(stranger.acknowledge(&sandbox, receipt).await.status, 400);
    assert!(!sandbox.is_acknowledged(receipt));
    assert_eq!(desk.acknowledge(&sandbox, receipt).await.status, 200);
    assert_eq!(lap.messages(&sandbox).await[0]["acked"], 1);
    assert_eq!(lap.acknowledge(&sandbox, receipt).await.status, 200);
    let token = sandbox.account().app_token;
    let poll = get(&sandbox, &format!("/1/receipts/{receipt}.json"), &[("token", &token)]).await;
    assert_eq!(poll.json["acknowledged_by_device"], "desk");
}

#[tokio::test]
async fn a_disabled_device_and_a_revoked_session_are_rejected() {
    let sandbox = sandbox().await;
    let (desk, lap) = (Device::add(&sandbox, "desk"), Device::add(&sandbox, "lap"));
    assert!(sandbox.disable_device(&desk.id) && !sandbox.disable_device("unknown"));
    assert_eq!(desk.download(&sandbox).await.status, 400);
    assert_eq!(lap.download(&sandbox).await.status, 200);
    assert!(sandbox.inject_into(&desk.id, json!({})).is_none());
    sandbox.switch(|switches| switches.rejected_login_status = 401);
    sandbox.revoke_sessions();
    assert_eq!(lap.download(&sandbox).await.status, 401);
}

#[tokio::test]
async fn an_injected_item_is_delivered_unchanged() {
    let sandbox = sandbox().await;
    let (desk, lap) = (Device::add(&sandbox, "desk"), Device::add(&sandbox, "lap"));
    let malformed = [
        json!({"id": 9_007_199_254_740_993_u64, "id_str": "9007199254740993", "message": 17, "html": "1"}),
        json!({"id": "9007199254740995", "umid": "x", "expiration_date": 1}),
        json!({"id": null, "message": "no id"}),
        json!("not even an object"),
        json!([]),
    ];
    let numbers: Vec<u64> =
        malformed.iter().map(|item| sandbox.inject_into(&desk.id, item.clone()).unwrap()).collect();
    assert_eq!(numbers[..2], [9_007_199_254_740_993, 9_007_199_254_740_995]);
    assert_eq!(desk.messages(&sandbox).await, malformed);
    assert_eq!(sandbox.inject(&json!({"receipt": "abc", "priority": 2})).len(), 2);
    let added = &lap.messages(&sandbox).await[0];
    assert_eq!(added["id"].as_u64(), Some(sandbox.queue(&lap.id)[0]));
    assert_eq!(lap.acknowledge(&sandbox, "abc").await.status, 200);
    assert!(sandbox.is_acknowledged("abc"));
}

#[tokio::test]
async fn icons_and_sounds_are_real_files() {
    let sandbox = sandbox().await;
    let icon = get(&sandbox, "/icons/default.png", &[]).await;
    assert_eq!((icon.status, &icon.headers["content-type"]), (200, &"image/png".parse().unwrap()));
    assert!(icon.body.starts_with(b"\x89PNG\r\n\x1a\n") && icon.body.len() < 2_000);
    let sound = get(&sandbox, "/sounds/po.wav", &[]).await;
    assert!(sound.body.starts_with(b"RIFF") && sound.body.len() < 4_000);
    let sound = get(&sandbox, "/sounds/po.mp3", &[]).await;
    assert_eq!(sound.headers["content-type"], "audio/mpeg");
    // The sync word of an MPEG audio frame of layer III.
    assert_eq!((sound.body[0], sound.body[1] & 0xe6, sound.body.len() < 1_000), (0xff, 0xe2, true));
    for path in
        ["/icons/missing.png", "/sounds/po.ogg", "/icons/..%2Fx.png", "/nowhere", "/1/users/login.json"]
    {
        let reply = get(&sandbox, path, &[]).await;
        assert_eq!((reply.status, &reply.json["status"]), (404, &json!(0)), "{path}");
    }
}
