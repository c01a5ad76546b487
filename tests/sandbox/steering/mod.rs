//! Steering the sandbox: over HTTP under `/_sandbox`, and from Rust.

mod faults;
mod organisation;
mod page;
mod remote;

use handover::sandbox::{Options, RequestFilter, Sandbox, Seed};
use serde_json::{Value, json};

use crate::harness::{Device, NOON, Received, Reply, get, http, options, post, read, sandbox};

/// Posts JSON to the steering API; returns the answer, which must be a success.
async fn steer(sandbox: &Sandbox, path: &str, body: Value) -> Value {
    let reply = steered(sandbox, path, body).await;
    assert_eq!((reply.status, &reply.json["status"]), (200, &json!(1)), "{path}: {reply:?}");
    reply.json
}

async fn steered(sandbox: &Sandbox, path: &str, body: Value) -> Reply {
    let request = http().post(format!("{}/_sandbox{path}", sandbox.api_url()));
    read(request.header("content-type", "application/json").body(body.to_string())).await.unwrap()
}

async fn look(sandbox: &Sandbox, path: &str, query: &[(&str, &str)]) -> Value {
    let reply = get(sandbox, &format!("/_sandbox{path}"), query).await;
    assert_eq!(reply.status, 200, "{path}: {reply:?}");
    reply.json
}

/// Sends a message as a sender does.
async fn send(sandbox: &Sandbox, fields: &[(&str, &str)]) -> Reply {
    let account = sandbox.account();
    let form = [("token", account.app_token.as_str()), ("user", account.user_key.as_str())];
    post(sandbox, "/1/messages.json", &[&form[..], fields].concat()).await
}

#[tokio::test]
async fn the_journal_can_be_filtered_and_counted() {
    let sandbox = sandbox().await;
    send(&sandbox, &[("message", "one"), ("title", "Backup")]).await;
    send(&sandbox, &[("message", "two's $HOME")]).await;
    send(&sandbox, &[("message", "x"), ("priority", "9")]).await;
    post(&sandbox, "/1/messages.jsn", &[("message", "lost"), ("token", "a-real-token")]).await;
    let count = async |query: &[(&str, &str)]| look(&sandbox, "/journal", query).await["count"].clone();
    assert_eq!(count(&[]).await, 4);
    assert_eq!(count(&[("endpoint", "send")]).await, 3);
    assert_eq!(count(&[("endpoint", "send"), ("status", "200")]).await, 2);
    assert_eq!(count(&[("failed", "1")]).await, 2);
    assert_eq!(count(&[("path", "/1/mess*"), ("method", "post")]).await, 4);
    assert_eq!(count(&[("param.title", "Backup")]).await, 1);
    assert_eq!(count(&[("since", "3")]).await, 1);

    let unmatched = look(&sandbox, "/journal", &[("matched", "0")]).await;
    let lost = &unmatched["requests"][0];
    assert_eq!((&lost["path"], &lost["status"]), (&json!("/1/messages.jsn"), &json!(404)));
    assert_eq!(lost["params"]["token"], "a-re…", "a key that may be a real one is not kept");
    let newest = look(&sandbox, "/journal", &[("limit", "1")]).await;
    assert_eq!((&newest["count"], newest["requests"].as_array().unwrap().len()), (&json!(4), 1));
    let rejected = look(&sandbox, "/journal", &[("status", "400")]).await;
    assert_eq!(rejected["requests"][0]["errors"], json!(["priority is invalid, must be from -2 to 2"]));
    assert_eq!(get(&sandbox, "/_sandbox/journal", &[("endpoint", "sned")]).await.status, 400);
    assert_eq!(get(&sandbox, "/_sandbox/jurnal", &[]).await.status, 404);

    // The line for a shell sends the same message again.
    let line = look(&sandbox, "/journal", &[("param.message", "two's $HOME")]).await;
    let line = line["requests"][0]["curl"].as_str().unwrap().replace("curl ", "curl -sS --noproxy '*' ");
    let output = tokio::process::Command::new("sh").args(["-c", &line]).output().await.unwrap();
    assert!(output.status.success(), "{line}: {output:?}");
    assert_eq!(
        sandbox.count(&RequestFilter {
            params: [("message".to_owned(), "two's $HOME".to_owned())].into(),
            status: Some(200),
            ..RequestFilter::default()
        }),
        2
    );

    read(http().delete(format!("{}/_sandbox/journal", sandbox.api_url()))).await.unwrap();
    assert_eq!(count(&[]).await, 0);
}

#[tokio::test]
async fn messages_are_listed_with_their_devices_and_what_became_of_them() {
    let sandbox = sandbox().await;
    send(&sandbox, &[("message", "to nobody")]).await;
    let (desk, lap) = (Device::add(&sandbox, "desk"), Device::add(&sandbox, "lap"));
    send(&sandbox, &[("message", "hello there"), ("title", "T")]).await;
    desk.delete(&sandbox, &sandbox.queue(&desk.id)[0].to_string()).await;
    let found = look(&sandbox, "/messages", &[("text", "there")]).await;
    assert_eq!(found["count"], 1);
    assert_eq!(
        found["messages"][0]["devices"],
        json!([{"device": "desk", "deleted": true}, {"device": "lap", "deleted": false}])
    );
    assert_eq!(look(&sandbox, "/messages", &[("title", "T")]).await["count"], 1);
    assert_eq!(look(&sandbox, "/messages", &[]).await["messages"][0]["devices"], json!([]));
    assert_eq!(sandbox.queue(&lap.id).len(), 1);
}

#[tokio::test]
async fn a_seed_adds_accounts_applications_groups_devices_and_messages() {
    let seed = r#"
        devices = ["desk"]
        remaining = 100
        switches = { welcome = false, small_ids = true, shortest_retry = 1 }

        [[accounts]]
        email = "other@example.org"
        password = "pw"
        two_factor = "123456"
        user_key = "uOther000000000000000000000001"
        devices = ["phone", "tablet"]

        [[applications]]
        name = "Backup"
        token = "aBackup00000000000000000000001"

        [[groups]]
        name = "On call"
        key = "gOnCall00000000000000000000001"
        members = [{ user = "other@example.org", device = "phone" }, { user = "sandbox@example.org", disabled = true }]

        [[messages]]
        message = "from the seed"
        priority = -1

        [[faults]]
        fault = "status"
        code = 502
        path = "/1/sounds.json"
    "#;
    let seed = Seed::from_toml(seed).unwrap();
    let sandbox = Sandbox::start(Options { seed, ..options() }).await.unwrap();
    let described = look(&sandbox, "/account", &[]).await;
    let devices: Vec<&Value> =
        described["devices"].as_array().unwrap().iter().map(|it| &it["name"]).collect();
    assert_eq!(devices, ["phone", "tablet", "desk"]);
    let desk = &described["devices"][2];
    let desk =
        Device { secret: desk["secret"].as_str().unwrap().into(), id: desk["id"].as_str().unwrap().into() };
    assert_eq!(desk.messages(&sandbox).await[0]["message"], "from the seed");
    assert!(desk.messages(&sandbox).await[0]["id"].as_u64() < Some(100));

    let login = [("email", "other@example.org"), ("password", "pw")];
    assert_eq!(post(&sandbox, "/1/users/login.json", &login).await.status, 412);
    let code = [login[0], login[1], ("twofa", "123456")];
    let session = post(&sandbox, "/1/users/login.json", &code).await.json;
    assert_eq!(session["id"], "uOther000000000000000000000001");

    // To one device of the other user, and not to the disabled member.
    let to_group = [
        ("token", "aBackup00000000000000000000001"),
        ("user", "gOnCall00000000000000000000001"),
        ("message", "wake up"),
    ];
    assert_eq!(post(&sandbox, "/1/messages.json", &to_group).await.status, 200);
    let found = look(&sandbox, "/messages", &[("text", "wake up")]).await;
    assert_eq!(found["messages"][0]["devices"], json!([{"device": "phone", "deleted": false}]));
    assert_eq!(found["messages"][0]["app"], "Backup");
    assert_eq!(get(&sandbox, "/1/sounds.json", &to_group[..1]).await.status, 502);
    let limits = get(&sandbox, "/1/apps/limits.json", &to_group[..1]).await.json;
    assert_eq!(limits["remaining"], 98, "a message of the seed counts");

    // A device of one user is not reached by another.
    let stranger = session["secret"].as_str().unwrap();
    let query = [("secret", stranger), ("device_id", desk.id.as_str())];
    assert_eq!(get(&sandbox, "/1/messages.json", &query).await.status, 400);
}

#[tokio::test]
async fn a_seed_with_a_mistake_is_refused_and_changes_nothing() {
    let sandbox = sandbox().await;
    for (toml, named) in [
        ("device = ['a']", "device"),
        ("devices = 3", "devices"),
        ("[[accounts]]\nemail = 'a'", "password"),
        ("[switches]\nwelcom = false", "welcom"),
        ("[switches]\norder = 'backwards'", "order"),
        ("[[faults]]\nfault = 'explosion'", "explosion"),
        ("[[groups]]\nname = 'g'\nmembers = [{ user = 'nobody' }]", "nobody"),
    ] {
        let before = look(&sandbox, "/account", &[]).await["accounts"].clone();
        let request = http().post(format!("{}/_sandbox/seed", sandbox.api_url()));
        let request = request.header("content-type", "application/toml").body(toml);
        let reply = read(request).await.unwrap();
        let error = reply.json["errors"][0].as_str().unwrap_or_default().to_owned();
        assert!(reply.status == 400 && error.contains(named), "{toml}: {error}");
        assert_eq!(look(&sandbox, "/account", &[]).await["accounts"], before);
    }
    steer(&sandbox, "/seed", json!({"devices": ["json"]})).await;
    assert_eq!(sandbox.devices().len(), 1);
}

#[tokio::test]
async fn a_reset_goes_back_to_the_start() {
    let seed = Seed { devices: vec!["seeded".to_owned()], ..Seed::default() };
    let sandbox = Sandbox::start(Options { seed, ..options() }).await.unwrap();
    let device = Device::add(&sandbox, "desk");
    let mut socket = device.listen(&sandbox).await;
    send(&sandbox, &[("message", "m")]).await;
    steer(&sandbox, "/switches", json!({"monthly_limit": 1})).await;
    steer(&sandbox, "/faults", json!({"fault": "garbage"})).await;
    assert_eq!(socket.receive().await, Received::frame(b"!"));
    steer(&sandbox, "/reset", json!({})).await;
    assert_eq!(socket.receive().await, Received::frame(b"E"));
    assert_eq!(device.download(&sandbox).await.status, 400);
    let described = look(&sandbox, "/account", &[]).await;
    assert_eq!(described["devices"].as_array().unwrap().len(), 1);
    assert_eq!(look(&sandbox, "/messages", &[]).await["count"], 0);
    assert_eq!(look(&sandbox, "/journal", &[]).await["count"], 1, "only the download after the reset");
    assert_eq!(look(&sandbox, "/switches", &[]).await["switches"]["monthly_limit"], 10_000);
}

#[tokio::test]
async fn frames_go_to_all_websockets_or_to_one() {
    let sandbox = sandbox().await;
    let (desk, lap) = (Device::add(&sandbox, "desk"), Device::add(&sandbox, "lap"));
    let (mut at_desk, mut at_lap) = (desk.listen(&sandbox).await, lap.listen(&sandbox).await);
    steer(&sandbox, "/frames", json!({"frame": "R"})).await;
    assert_eq!(at_desk.receive().await, Received::frame(b"R"));
    assert_eq!(at_lap.receive().await, Received::frame(b"R"));
    steer(&sandbox, "/frames", json!({"frame": "A", "close": 1, "device": "lap"})).await;
    assert_eq!((at_lap.receive().await, at_lap.receive().await), (Received::frame(b"A"), Received::Close));
    steer(&sandbox, "/devices/desk/disable", json!({})).await;
    assert_eq!((at_desk.receive().await, at_desk.receive().await), (Received::frame(b"E"), Received::Close));
    assert_eq!(desk.download(&sandbox).await.status, 400);
    assert_eq!(steered(&sandbox, "/devices/nowhere/disable", json!({})).await.status, 400);
    assert_eq!(steered(&sandbox, "/frames", json!({"frame": "R", "device": "x"})).await.status, 400);
}

#[tokio::test]
async fn the_quota_can_be_used_up() {
    let sandbox = sandbox().await;
    Device::add(&sandbox, "desk");
    steer(&sandbox, "/quota", json!({"remaining": 1})).await;
    assert_eq!(send(&sandbox, &[("message", "last")]).await.status, 200);
    let over = send(&sandbox, &[("message", "one too many")]).await;
    assert_eq!((over.status, &over.headers["X-Limit-App-Remaining"]), (429, &"0".parse().unwrap()));
}

#[tokio::test]
async fn moving_the_clock_repeats_and_expires_emergencies_at_once() {
    let sandbox = sandbox().await;
    let device = Device::add(&sandbox, "desk");
    let urgent = [("message", "fire"), ("priority", "2"), ("retry", "60"), ("expire", "300")];
    let sent = send(&sandbox, &urgent).await.json;
    let receipt = sent["receipt"].as_str().unwrap();
    let state = async || look(&sandbox, "/receipts", &[]).await["receipts"][0].clone();
    // It was queued when it was sent, and at 60 and 120 seconds.
    steer(&sandbox, "/clock", json!({"advance": 130})).await;
    assert_eq!((sandbox.queue(&device.id).len(), &state().await["repeats"]), (3, &json!(2)));
    assert_eq!(look(&sandbox, "/clock", &[]).await["time"], NOON + 130);
    steer(&sandbox, "/clock", json!({"advance": 1_000})).await;
    assert_eq!(sandbox.queue(&device.id).len(), 5, "at 300 seconds it has expired");
    assert_eq!(state().await["expired"], true);
    assert_eq!(device.acknowledge(&sandbox, receipt).await.status, 400);
    let token = sandbox.account().app_token;
    let poll = get(&sandbox, &format!("/1/receipts/{receipt}.json"), &[("token", &token)]).await.json;
    assert_eq!((&poll["expired"], &poll["last_delivered_at"]), (&json!(1), &json!(NOON + 240)));
    assert_eq!(steered(&sandbox, "/clock", json!({"advance": "soon"})).await.status, 400);
    assert_eq!(steered(&sandbox, "/clock", json!({})).await.status, 400);
}

#[tokio::test]
async fn an_emergency_is_acknowledged_elsewhere() {
    let sandbox = sandbox().await;
    Device::add(&sandbox, "desk");
    let sent =
        send(&sandbox, &[("message", "m"), ("priority", "2"), ("retry", "30"), ("expire", "60")]).await;
    let receipt = sent.json["receipt"].as_str().unwrap();
    steer(&sandbox, "/acknowledge", json!({"receipt": receipt, "device": "watch"})).await;
    let listed = look(&sandbox, "/receipts", &[]).await["receipts"][0].clone();
    assert_eq!((&listed["acknowledged"], &listed["acknowledged_by_device"]), (&json!(true), &json!("watch")));
    assert_eq!(steered(&sandbox, "/acknowledge", json!({"receipt": "x"})).await.status, 400);
}

#[tokio::test]
async fn an_injected_item_and_switches_reach_the_next_download() {
    let sandbox = sandbox().await;
    let device = Device::add(&sandbox, "desk");
    steer(&sandbox, "/inject", json!({"id": 7, "message": null})).await;
    assert_eq!(device.messages(&sandbox).await, [json!({"id": 7, "message": null})]);
    let wrong = steered(&sandbox, "/switches", json!({"errors": "object", "welcom": 1})).await;
    assert_eq!(wrong.json["errors"], json!(["there is no switch `welcom`"]));
    steer(&sandbox, "/switches", json!({"errors": "object"})).await;
    let stranger = Device { secret: "x".into(), ..device };
    assert!(stranger.download(&sandbox).await.json["errors"]["secret"].is_array());
}

#[tokio::test]
async fn fixed_secrets_and_ids_are_the_same_in_every_run() {
    let run = async || {
        let seed = Seed { devices: vec!["desk".to_owned()], ..Seed::default() };
        let sandbox = Sandbox::start(Options { seed, is_fixed: true, ..options() }).await.unwrap();
        let urgent = [("message", "m"), ("priority", "2"), ("retry", "30"), ("expire", "60")];
        let receipt = sandbox.send(&urgent)["receipt"].clone();
        let described = look(&sandbox, "/account", &[]).await["devices"].clone();
        (receipt, described, sandbox.queue(&sandbox.devices()[0]))
    };
    assert_eq!(run().await, run().await);
}

#[tokio::test]
async fn every_path_that_the_help_lists_exists() {
    let sandbox = sandbox().await;
    let help = get(&sandbox, "/_sandbox", &[]).await;
    let help = String::from_utf8(help.body).unwrap();
    for line in help.lines().filter(|line| line.starts_with("GET ") && !line.contains('?')) {
        let path = line.split_whitespace().nth(1).unwrap();
        assert_eq!(get(&sandbox, path, &[]).await.status, 200, "{line}");
    }
}
