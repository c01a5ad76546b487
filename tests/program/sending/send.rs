//! Sending: every option, every limit, and how a refusal and an outage look.

use std::fs;

use handover::sandbox::{Endpoint, Fault};
use serde_json::Value;

use super::{params, requests, sender, settings};
use crate::support::e2ee;
use crate::support::harness::Harness;

/// The smallest PNG.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

#[tokio::test]
async fn a_message_with_every_option_arrives_as_it_was_asked_for() {
    let (user, sandbox) = sender().await;
    fs::write(user.path("graph.png"), PNG).unwrap();
    let arguments = [
        "send",
        "--to",
        "sean",
        "--title",
        "Fire",
        "--url",
        "https://a.example/?x=1&y",
        "--url-title",
        "The log",
        "--priority",
        "emergency",
        "--retry",
        "90s",
        "--expire",
        "2h",
        "--callback",
        "https://a.example/acked",
        "--tag",
        "cellar",
        "--sound",
        "sir",
        "--html",
        "--ttl",
        "1d",
        "--timestamp",
        "1795262400",
        "--device",
        "phone",
        "--attachment",
        "graph.png",
        "the",
        "<b>cellar</b>",
    ];
    let said = user.handover(&arguments).await.succeeded();
    assert!(said.starts_with("sent to sean\nreceipt "), "{said}");
    let params = params(&sandbox);
    for (name, value) in [
        ("message", "the <b>cellar</b>"),
        ("title", "Fire"),
        ("url", "https://a.example/?x=1&y"),
        ("url_title", "The log"),
        ("priority", "2"),
        ("retry", "90"),
        ("expire", "7200"),
        ("callback", "https://a.example/acked"),
        ("tags", "cellar"),
        ("sound", "siren"),
        ("html", "1"),
        ("ttl", "86400"),
        ("timestamp", "1795262400"),
        ("device", "phone"),
        ("attachment_type", "image/png"),
    ] {
        assert_eq!(params.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert_eq!(sandbox.counters().sent, 1);
}

#[tokio::test]
async fn a_text_from_standard_input_goes_to_every_recipient_that_the_expression_selects() {
    let (user, sandbox) = sender().await;
    let sent = user.handover_with_input(&["send", "--to", "ops", "--json", "-"], "two\nlines\n").await;
    let sent: Value = serde_json::from_str(&sent.succeeded()).unwrap();
    assert_eq!(sent["recipients"], serde_json::json!(["night-shift", "sean"]));
    assert!(
        sent["quota"]["remaining"].as_u64().unwrap() < sent["quota"]["limit"].as_u64().unwrap(),
        "{sent}"
    );
    assert_eq!((sent["status"].as_u64(), sent["request"].as_str().unwrap().len()), (Some(1), 36));
    assert_eq!(params(&sandbox)["message"], "two\nlines");

    let verbose = user.handover(&["send", "--to", "ops and not night", "--verbose", "x"]).await.succeeded();
    assert!(verbose.starts_with("sent to sean\nrequest "), "{verbose}");
    assert!(verbose.contains(" of 10000 messages left until "), "{verbose}");
    let unknown = user.handover(&["send", "--to", "ops and eve", "x"]).await.failed(2);
    assert!(
        unknown.starts_with("error: nothing was sent: there is no recipient or tag `eve`\n"),
        "{unknown}"
    );
}

#[tokio::test]
async fn the_error_for_a_value_out_of_range_has_its_size_and_nothing_is_sent() {
    let (user, sandbox) = sender().await;
    fs::write(user.path("notes.txt"), "text").unwrap();
    fs::write(user.path("large.png"), [PNG, &vec![0; 5_242_880]].concat()).unwrap();
    let (message, title) = ("🚒".repeat(1025), "ä".repeat(252));
    for (arguments, said) in [
        (vec![message.as_str()], "the message is too long: 1025 characters, at most 1024, so 1 too many"),
        (vec!["--title", &title, "x"], "the title is too long: 252 characters, at most 250, so 2 too many"),
        (vec![" "], "the message is empty"),
        (vec!["--url-title", "x", "x"], "the title of a link needs a link"),
        (vec!["--retry", "60", "x"], "only an emergency, priority 2, can have a retry time"),
        (vec!["--priority", "2", "--retry", "29", "x"], "the retry time is too short: 29 s, at least 30"),
        (
            vec!["--priority", "2", "--expire", "4h", "x"],
            "the expiry time is too long: 14400 s, at most 10800",
        ),
        (vec!["--wait", "x"], "only an emergency can be waited for"),
        (vec!["--sound", "trumpet", "x"], "there is no sound `trumpet`"),
        (vec!["--template", "none", "x"], "there is no template `none`"),
        (vec!["--application", "none", "x"], "there is no application `none` in the settings"),
    ] {
        let arguments = [vec!["send", "--to", "sean"], arguments].concat();
        let error = user.handover(&arguments).await.failed(2);
        assert!(error.starts_with(&format!("error: nothing was sent: {said}\n")), "{error}");
    }
    for (file, why) in [
        ("notes.txt", "it is not a picture"),
        ("large.png", "it has 5242896 bytes, at most 5242880"),
        ("none.png", "it does not exist"),
    ] {
        let error = user.handover(&["send", "--to", "sean", "--attachment", file, "x"]).await.failed(1);
        assert!(error.starts_with(&format!("error: the attachment {file} cannot be sent: {why}")), "{error}");
    }
    assert_eq!(requests(&sandbox).len(), 0);
}

#[tokio::test]
async fn a_dry_run_shows_the_request_and_sends_nothing() {
    let (user, sandbox) = sender().await;
    let shown = user.handover(&[
        "send",
        "--to",
        "ops",
        "--priority",
        "high",
        "--sound",
        "bik",
        "--dry-run",
        "a\u{1b}b",
    ]);
    let shown = shown.await.succeeded();
    let url = sandbox.api_url();
    assert_eq!(
        shown,
        format!(
            "POST {url}/1/messages.json\ntoken=••• (application servers)\nuser=••• (recipients night-shift, sean)\n\
             message=\"a\\u001bb\"\npriority=\"1\"\nsound=\"bike\"\n"
        )
    );
    let json = user.handover(&["send", "--to", "sean", "--dry-run", "--json", "x"]).await.succeeded();
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((json["fields"]["message"].as_str(), json["dry_run"].as_bool()), (Some("x"), Some(true)));
    assert_eq!(sandbox.counters().requests, 0, "something was sent");
}

#[tokio::test]
async fn an_encrypted_message_is_unreadable_for_the_service_and_readable_for_the_user() {
    let harness = Harness::signed_in().await;
    let key = format!("[encryption]\nkey_command = ['sh', '-c', 'echo {}']\n", e2ee::KEY);
    harness.user.settings(&(settings(&harness.sandbox) + &key));
    let _daemon = harness.connected().await;
    let arguments = ["send", "--to", "sean", "--encrypt", "--title", "Wasser", "im Keller"];
    assert_eq!(harness.user.handover(&arguments).await.succeeded(), "sent to sean\n");
    let params = params(&harness.sandbox);
    assert_eq!(params["encrypted"], "1");
    assert!(!params["message"].contains("Keller") && !params["title"].contains("Wasser"), "{params:?}");
    let shown = harness.server.next_shown().await;
    assert!(shown.title.starts_with("Wasser") && shown.body == "im Keller", "{shown:?}");
    // What fits as it is may not fit once it is encrypted.
    let error = harness
        .user
        .handover(&[
            "send",
            "--to",
            "sean",
            "--encrypt",
            "--url",
            "https://a.example/",
            "--url-title",
            "x",
            "y",
        ])
        .await
        .failed(2);
    assert!(
        error.contains("the title of the link is too long: 108 characters once encrypted, at most 100"),
        "{error}"
    );
    harness.user.settings(&settings(&harness.sandbox));
    let error = harness.user.handover(&arguments).await.failed(1);
    assert!(error.starts_with("error: the message cannot be encrypted: there is no key\nhint: "), "{error}");
    assert_eq!(requests(&harness.sandbox).len(), 1);
}

#[tokio::test]
async fn a_refusal_is_final_and_says_what_to_check() {
    let (user, sandbox) = sender().await;
    let text = settings(&sandbox).replace(&sandbox.account().user_key, "x12345678901234567890123456789");
    user.settings(&text);
    let error = user.handover(&["send", "--to", "sean", "x"]).await.failed(1);
    assert!(error.contains("hint: check the key of the recipient"), "{error}");
    let text = settings(&sandbox).replace(&sandbox.account().app_token, "x12345678901234567890123456789");
    user.settings(&text);
    let error = user.handover(&["send", "--to", "sean", "x"]).await.failed(1);
    assert!(error.contains("hint: check the token of the application `servers`"), "{error}");
    assert_eq!(requests(&sandbox).len(), 2, "a refused request was repeated");

    user.settings(&settings(&sandbox));
    sandbox.switch(|switches| switches.monthly_limit = 0);
    let error = user.handover(&["send", "--to", "sean", "x"]).await.failed(1);
    assert!(error.contains("the quota of 0 messages is used up\nhint: wait until "), "{error}");
}

#[tokio::test]
async fn after_an_outage_the_message_is_sent_again_after_five_seconds() {
    let (user, sandbox) = sender().await;
    sandbox.faults().next(Endpoint::Send, Fault::status(503), 1);
    let sent = user.handover(&["send", "--to", "sean", "x"]).await;
    assert_eq!((sent.code, sent.out.as_str()), (Some(0), "sent to sean\n"));
    assert_eq!(sent.err, "the service is unavailable: HTTP 503; trying again in 5 s\n");
    let [first, second] = requests(&sandbox).try_into().unwrap();
    assert!(second.at.duration_since(first.at).as_secs() >= 5);
    assert!(sandbox.counters().max_connections <= 2);
}

#[tokio::test]
async fn a_short_retry_after_is_waited_for_and_a_long_one_is_left_to_the_user() {
    let (user, sandbox) = sender().await;
    sandbox.faults().next(Endpoint::Send, Fault::too_many(6), 1);
    let sent = user.handover(&["send", "--to", "sean", "x"]).await;
    assert_eq!((sent.code, sent.out.as_str()), (Some(0), "sent to sean\n"), "{}", sent.err);
    assert!(sent.err.ends_with("; trying again in 6 s\n"), "{}", sent.err);
    let [first, second] = requests(&sandbox).try_into().unwrap();
    assert!(second.at.duration_since(first.at).as_secs() >= 6);
    sandbox.faults().next(Endpoint::Send, Fault::too_many(120), 1);
    let error = user.handover(&["send", "--to", "sean", "x"]).await.failed(1);
    assert!(error.starts_with("error: the message to sean was not sent: "), "{error}");
    assert!(error.contains("hint: try again later, or let the daemon send it with --queue"), "{error}");
    assert_eq!(requests(&sandbox).len(), 3);
}

#[tokio::test]
async fn a_message_whose_answer_is_lost_is_not_sent_again() {
    let (user, sandbox) = sender().await;
    sandbox.faults().next(Endpoint::Send, Fault::DropAfter, 1);
    let error = user.handover(&["send", "--to", "sean", "x"]).await.failed(1);
    assert!(error.starts_with("error: it is not known whether the message to sean was sent: "), "{error}");
    assert_eq!((requests(&sandbox).len(), sandbox.counters().sent), (1, 1));
}

#[tokio::test]
async fn without_an_application_or_a_recipient_the_hint_says_how_to_add_one() {
    let (user, sandbox) = sender().await;
    user.settings("");
    let error = user.handover(&["send", "x"]).await.failed(1);
    assert!(
        error.starts_with(
            "error: nothing was sent: no application is set up\nhint: run `handover send setup`"
        ),
        "{error}"
    );
    user.settings("[applications.a]\n");
    let error = user.handover(&["send", "x"]).await.failed(1);
    assert!(error.starts_with("error: nothing was sent: no recipient is set up\n"), "{error}");
    user.settings("[applications.a]\n[recipients.me]\n");
    let error = user.handover(&["send", "x"]).await.failed(1);
    assert!(error.contains("the token of the application `a` is not known"), "{error}");
    assert_eq!(sandbox.counters().requests, 0);
}
