//! No token and no key appears where others could read it: on the command line, in the log, in an error.

use handover::sandbox::{Endpoint, Fault};

use super::sender;
use crate::process::Running;

#[tokio::test]
async fn the_log_of_requests_shows_everything_except_secrets_and_texts() {
    let (mut user, sandbox) = sender().await;
    user.set("HANDOVER_LOG", "http=debug");
    let account = sandbox.account();
    let secrets = [&account.app_token, &account.user_key, &account.group_key, &account.password];
    let mut logs = Vec::new();
    let emergency =
        ["send", "--to", "sean", "--priority", "2", "--sound", "sir", "--title", "Fire", "in the cellar"];
    let sent = user.handover(&emergency).await;
    let receipt = sent.out.lines().find_map(|line| line.strip_prefix("receipt ")).unwrap().to_owned();
    assert!(sent.err.contains("> POST http://127.0.0.1:"), "{}", sent.err);
    assert!(
        sent.err.contains("/1/messages.json: token=•••&user=•••&message=•••&title=•••&priority=2&"),
        "{}",
        sent.err
    );
    assert!(sent.err.contains("; content-type: application/x-www-form-urlencoded"), "{}", sent.err);
    assert!(sent.err.contains("x-limit-app-remaining: "), "{}", sent.err);
    assert!(sent.err.contains("/1/sounds.json?token=•••"), "{}", sent.err);
    logs.push(sent.err);
    logs.push(user.handover(&["receipt", &receipt]).await.err);
    logs.push(user.handover(&["receipt", &receipt, "--cancel"]).await.err);
    let input = format!("{}\n{}\n", account.app_token, account.user_key);
    logs.push(user.handover_with_input(&["send", "setup", "--recipient", "other"], &input).await.err);
    let login = [
        "setup",
        "--email",
        &account.email,
        "--password-stdin",
        "--device-name",
        "desk",
        "--secret-store",
        "file",
    ];
    logs.push(user.handover_with_input(&login, &account.password).await.err);
    let stored = std::fs::read_to_string(user.credentials()).unwrap();
    let stored: serde_json::Value = serde_json::from_str(&stored).unwrap();
    let session = [stored["secret"].as_str().unwrap(), stored["device_id"].as_str().unwrap()];
    // The websocket, downloads, deletions and an acknowledgement.
    let daemon = user.daemon();
    daemon.until_logged("/push: 101").await;
    sandbox.send(&[("message", "in the cellar"), ("priority", "2"), ("retry", "3600"), ("expire", "10800")]);
    daemon.until_logged("/1/devices/•••/update_highest_message.json: 200").await;
    logs.push(daemon.kill().await.err);
    let acknowledged = user.handover(&["acknowledge"]).await.err;
    assert!(
        acknowledged.is_empty() || acknowledged.contains("/1/receipts/•••/acknowledge.json"),
        "{acknowledged}"
    );
    sandbox.faults().next(Endpoint::Send, Fault::rejection(400), 1);
    logs.push(user.handover(&["send", "--to", "sean", "x"]).await.err);
    for log in &logs {
        assert!(log.contains(" after "), "no request was logged: {log}");
        for secret in secrets.iter().map(|secret| secret.as_str()).chain(session) {
            assert!(!log.contains(secret), "{secret} in {log}");
        }
        for text in [receipt.as_str(), "cellar", &account.email] {
            assert!(!log.contains(text), "{text} in {log}");
        }
    }
    user.set("HANDOVER_LOG", "http=trace");
    let traced = user.handover(&["send", "--to", "sean", "in the cellar"]).await.err;
    assert!(traced.contains("the log contains the texts of messages: do not pass it on"), "{traced}");
    assert!(traced.contains("message=in the cellar"), "{traced}");
    assert!(!secrets.iter().any(|secret| traced.contains(secret.as_str())), "{traced}");
}

#[tokio::test]
async fn an_error_that_quotes_a_key_is_shown_without_it() {
    let (mut user, sandbox) = sender().await;
    user.set("HANDOVER_LOG", "http=debug");
    let key = sandbox.account().user_key;
    let quoted = format!("user {key} is not a valid user");
    let reply = serde_json::json!({ "status": 0, "user": key, "errors": [quoted] });
    sandbox.faults().next(Endpoint::Send, Fault::Json(reply), 1);
    let shown = user.handover(&["send", "--to", "sean", "x"]).await.err;
    assert_eq!(
        shown.matches("user ••• is not a valid user").count(),
        2,
        "once in the log, once in the error: {shown}"
    );
    assert!(!shown.contains(&key), "{shown}");
}

#[tokio::test]
async fn other_users_see_no_secret_in_the_list_of_processes() {
    let (user, sandbox) = sender().await;
    sandbox.faults().always(Endpoint::Send, Fault::Hang);
    let sending = Running::start(user.command(&["send", "--to", "sean", "x"]));
    crate::user::until(&sandbox, "the request", |now| now.requests == 1).await;
    let pid = sending.pid().as_raw_nonzero();
    let seen = ["cmdline", "comm"]
        .map(|file| std::fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap())
        .concat();
    let account = sandbox.account();
    assert!(!seen.contains(&account.app_token) && !seen.contains(&account.user_key), "{seen}");
    sending.kill().await;
    let error = user.handover(&["send", "--to", &account.user_key, "x"]).await.failed(2);
    assert!(error.contains("a key is not accepted here, since other users could see it"), "{error}");
}
