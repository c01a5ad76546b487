//! Tests `handover messages`: its output for people and for programs.

use handover::system::clock;
use serde_json::{Value, json};

use crate::process::{Running, run};
use crate::support::harness::Harness;
use crate::user::PROGRAM;

/// Signs in, which records these items without showing them, and marks them as read. The service's time stays
/// [`MORNING`].
async fn recorded(items: &[Value]) -> Harness {
    let harness = Harness::new().await;
    harness.sandbox.switch(|switches| switches.clock_ahead = MORNING - clock::unix());
    // The initial sync takes these messages, so the device has to be registered before the program signs in.
    let (_, device) = harness.sandbox.add_device("desk");
    for item in items {
        harness.sandbox.inject_into(&device, item.clone()).expect("the device is there");
    }
    let account = harness.sandbox.account();
    let flags =
        ["setup", "--email", &account.email, "--password-stdin", "--device-name", "desk", "--take-over"];
    harness.user.handover_with_input(&flags, &account.password).await.succeeded();
    assert_eq!(harness.left_on_server(), 0);
    harness.user.handover(&["messages", "--limit", "1000", "--mark-read"]).await.succeeded();
    harness
}

fn texts(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|message| message["text"].as_str().expect("a text")).collect()
}

/// 2026-11-21 08:00:00 UTC.
const MORNING: i64 = 1_795_248_000;

#[tokio::test]
async fn the_json_output_has_every_field() {
    let harness = recorded(&[
        json!({
            "id_str": "481923793627906049", "id": 481_923_793_627_906_049_u64, "umid_str": "7000000000000000001",
            "app": "Backup", "aid": 5, "icon": "disk", "title": "Done", "message": "<b>12</b> &lt; 13", "html": 1,
            "date": MORNING, "priority": 1, "sound": "po", "url": "https://a.example/", "url_title": "Open",
            "expiration_date": MORNING + 60,
        }),
        json!({"id": 481_923_793_627_906_050_u64, "app": "Door", "message": "plain <b>", "date": MORNING}),
        json!({"id": 481_923_793_627_906_051_u64, "app": "Odd", "message": 5, "date": "yesterday"}),
    ])
    .await;
    let messages = harness.user.messages().await;
    let fields = [
        "acknowledged",
        "announced",
        "app",
        "body",
        "date",
        "encrypted",
        "expires",
        "html",
        "id",
        "monospace",
        "priority",
        "problem",
        "read",
        "receipt",
        "sound",
        "text",
        "title",
        "umid",
        "url",
        "url_title",
    ];
    for message in &messages {
        let names: Vec<_> = message.as_object().expect("an object").keys().collect();
        assert_eq!(names, fields);
        assert!(
            message["announced"].is_null() && message["read"].is_i64(),
            "the daemon announces it when it starts: {message}"
        );
    }
    let [full, plain, odd] = messages.try_into().expect("three messages");
    let mut expected = json!({
        "id": "481923793627906049", "umid": "7000000000000000001", "app": "Backup", "title": "Done",
        "text": "12 < 13", "body": "<b>12</b> &lt; 13", "html": true, "monospace": false, "priority": 1, "date": MORNING, "url": "https://a.example/",
        "url_title": "Open", "sound": "po", "receipt": null, "acknowledged": false, "expires": MORNING + 60,
        "encrypted": false, "problem": null,
    });
    expected["announced"] = full["announced"].clone();
    expected["read"] = full["read"].clone();
    assert_eq!(full, expected);
    assert_eq!(
        (&plain["text"], &plain["title"], &plain["url"]),
        (&"plain <b>".into(), &Value::Null, &Value::Null)
    );
    assert!(odd["problem"].is_string(), "{odd}");
}

#[tokio::test]
async fn programs_get_the_text_as_it_was_sent() {
    let text = "a\tb\u{200e}\u{200f}\u{61c}\u{202e}c\u{2066}d\r\n\u{7}\u{85}\u{2028}\u{feff}  e";
    let item = |id: u64, more: Value| {
        let mut item = json!({"id": id, "app": text, "title": text, "message": text, "date": MORNING});
        item.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        item
    };
    let html = format!("<b>{text}</b><br>&lt;");
    let harness = recorded(&[
        item(1001, json!({})),
        item(1002, json!({"monospace": 1, "url": "https://a.example/\u{200e}", "url_title": text})),
        item(1003, json!({"html": 1, "message": html})),
    ])
    .await;
    let [plain, monospace, html_message] = harness.user.messages().await.try_into().expect("three messages");
    for message in [&plain, &monospace, &html_message] {
        assert_eq!((&message["app"], &message["title"]), (&json!(text), &json!(text)));
    }
    assert_eq!(
        (&plain["text"], &plain["body"], &plain["monospace"]),
        (&json!(text), &json!(text), &json!(false))
    );
    assert_eq!(monospace["monospace"], json!(true));
    assert_eq!(monospace["url"], json!("https://a.example/\u{200e}"));
    assert_eq!(monospace["url_title"], json!(text));
    // A reader of HTML sees every line break as one character.
    let read = format!("{}\n<", text.replace("\r\n", "\n"));
    assert_eq!((&html_message["text"], &html_message["body"]), (&json!(read), &json!(html)));
}

#[tokio::test]
async fn the_text_output_has_every_message() {
    let harness = recorded(&[
        json!({"id": 1001, "app": "Backup", "title": "Done", "message": "two\nlines", "date": MORNING, "priority": 1}),
        json!({"id": 1002, "app": "Door", "message": "<i>open</i>", "html": 1, "date": MORNING,
            "url": "https://a.example/"}),
        json!({"id": 1003, "app": "Alarm", "message": "fire", "date": MORNING, "priority": 2, "acked": 1,
            "receipt": "r1"}),
        json!({"id": 1004, "app": "Door", "message": "see <a href='https://b.example/x'>here</a>", "html": 1,
            "date": MORNING, "expiration_date": MORNING + 60}),
    ])
    .await;
    let expected = "2026-11-21 08:00  Done  (Backup)  [high]\n    two\n    lines\n\
        2026-11-21 08:00  Door\n    open\n    https://a.example/\n\
        2026-11-21 08:00  Alarm  [emergency, acknowledged]\n    fire\n\
        2026-11-21 08:00  Door  [expired]\n    see here (https://b.example/x)\n";
    assert_eq!(harness.user.handover(&["messages"]).await.succeeded(), expected);
}

#[tokio::test]
async fn unread_messages_are_marked_and_new_ones_are_watched() {
    let harness = Harness::signed_in().await;
    let said = harness.user.handover(&["messages", "--watch"]).await.failed(4);
    assert!(said.starts_with("error: the daemon is not running\n"), "{said}");
    let daemon = harness.connected().await;
    harness.send("first");
    harness.server.next_shown().await;
    let listed = harness.user.handover(&["messages"]).await.succeeded();
    assert!(listed.contains("  Sandbox  [unread]\n    first\n"), "{listed}");
    harness.user.handover(&["messages", "--mark-read"]).await.succeeded();
    let listed = harness.user.handover(&["messages"]).await.succeeded();
    assert!(listed.contains("  Sandbox\n    first\n"), "{listed}");

    let watch = Running::start(harness.user.command(&["messages", "--watch"]));
    watch.until_printed("first\n").await;
    let backups =
        Running::start(harness.user.command(&["messages", "--watch", "--json", "--search", "backup"]));
    harness.send("second");
    harness.send("a backup");
    watch.until_printed("    second\n").await;
    let printed = watch.until_printed("    a backup\n").await;
    for text in ["first", "second", "a backup"] {
        assert_eq!(printed.matches(&format!("    {text}\n")).count(), 1, "{printed}");
    }
    backups.until_printed("\"text\":\"a backup\"").await;
    drop(daemon);
    let (watch, backups) = (watch.ended().await, backups.ended().await);
    let said = "waiting for new messages; press Ctrl-C to stop\nerror: the daemon has stopped\n";
    assert_eq!((watch.code, &*watch.err), (Some(1), said));
    assert_eq!(backups.err, "error: the daemon has stopped\n");
    assert_eq!(backups.out.lines().count(), 1, "{}", backups.out);
}

#[tokio::test]
async fn a_message_cannot_control_the_terminal() {
    let evil = "\u{1b}[31mred\u{7}\r\u{9b}2J\u{202e}\u{8}\u{1b}]0;title\u{1b}\\\nnext";
    let harness = recorded(&[json!({
        "id": 1001, "app": evil, "title": evil, "message": evil, "date": MORNING, "url": evil, "url_title": evil,
    })])
    .await;
    let printed = harness.user.handover(&["messages"]).await.succeeded();
    let steering = |letter: char| (letter.is_control() && letter != '\n') || letter == '\u{202e}';
    assert_eq!(printed.chars().find(|letter| steering(*letter)), None, "{printed:?}");
    assert!(
        printed.lines().skip(1).all(|line| line.starts_with("    ")),
        "no line can pass for a message: {printed}"
    );
    let json = harness.user.handover(&["messages", "--json"]).await.succeeded();
    assert_eq!(json.chars().find(|letter| letter.is_control() && *letter != '\n'), None, "{json:?}");
    assert_eq!(json.lines().count(), 1);
}

#[tokio::test]
async fn each_flag_filters_the_list() {
    let item = |id: u64, title: &str, text: &str, date: i64| json!({"id": id, "app": "Backup", "title": title, "message": text, "date": date});
    let harness = recorded(&[
        item(10_001, "Disk", "full", MORNING),
        item(10_002, "Disk", "empty", MORNING),
        item(10_003, "Zwölf", "Räume & 100 %", MORNING),
    ])
    .await;
    for (arguments, expected) in [
        (&[][..], &["full", "empty", "Räume & 100 %"][..]),
        (&["--limit", "2"], &["empty", "Räume & 100 %"]),
        (&["--limit", "0"], &[]),
        (&["--since", "10001"], &["empty", "Räume & 100 %"]),
        (&["--since", "10003"], &[]),
        (&["--since", "2h"], &["full", "empty", "Räume & 100 %"]),
        (&["--since", "3d"], &["full", "empty", "Räume & 100 %"]),
        (&["--since", "2 weeks"], &["full", "empty", "Räume & 100 %"]),
        (&["--since", "2026-11-20"], &["full", "empty", "Räume & 100 %"]),
        (&["--since", "2026-11-20T08:00"], &["full", "empty", "Räume & 100 %"]),
        (&["--since", "2999-01-01"], &[]),
        (&["--search", "disk"], &["full", "empty"]),
        (&["--search", "disk emp"], &["empty"]),
        (&["--search", "zwölf"], &["Räume & 100 %"]),
        (&["--search", "backup"], &["full", "empty", "Räume & 100 %"]),
        (&["--search", "\" OR *"], &[]),
        (&["--search", "disk", "--since", "10001", "--limit", "5"], &["empty"]),
        (&["--unread"], &[]),
        (&["--app", "backup"], &["full", "empty", "Räume & 100 %"]),
        (&["--app", "Back"], &[]),
        (&["--app", "Fan"], &[]),
        (&["--app", "Backup", "--search", "disk", "--limit", "1"], &["empty"]),
    ] {
        let messages = harness.user.messages_of(arguments).await;
        assert_eq!(texts(&messages), expected, "{arguments:?}");
    }
    for unknown in ["5", "2026"] {
        let said = harness.user.handover(&["messages", "--since", unknown]).await.failed(1);
        assert_eq!(
            said,
            format!(
                "error: --since cannot be used: there is no message {unknown}\n\
                 hint: `handover messages --json` shows the ids; a date needs a month and a day\n"
            )
        );
    }
    for when in ["yesterday", "", "12345x", "2026-13-01"] {
        let said = harness.user.handover(&["messages", "--since", when]).await.failed(2);
        let expected = format!(
            "error: --since cannot be used: `{when}` is neither a time nor a message id\n\
             hint: try 2h, 3d, 2026-11-21, 2026-11-21T08:00, or a message id\n"
        );
        assert_eq!(said, expected);
    }
}

#[tokio::test]
async fn a_search_finds_words_in_any_script_and_no_markup() {
    let item =
        |id: u64, text: &str| json!({"id": id, "app": "Backup", "message": text, "date": MORNING, "html": 1});
    let harness = recorded(&[
        item(10_001, "<font color='red'>Disk <b>fu</b>ll</font> on db-01.example.com: /var/log/syslog"),
        item(10_002, "データベースサーバーが停止しました"),
        item(10_003, "ระบบสำรองข้อมูลล้มเหลว"),
    ])
    .await;
    for (words, expected) in [
        ("font", &[][..]),
        ("color", &[]),
        ("full", &["10001"]),
        ("db-01.example.com", &["10001"]),
        ("/var/log", &["10001"]),
        ("停止", &["10002"]),
        ("サーバー", &["10002"]),
        ("ข้อมูล", &["10003"]),
    ] {
        let messages = harness.user.messages_of(&["--search", words]).await;
        let ids: Vec<_> = messages.iter().map(|message| message["id"].as_str().expect("an id")).collect();
        assert_eq!(ids, expected, "{words}");
    }
}

#[tokio::test]
async fn messages_are_deleted_by_the_filters_of_the_list() {
    let item = |id: u64, text: &str| json!({"id": id, "app": "Backup", "message": text, "date": MORNING});
    let harness = recorded(&[
        item(10_001, "disk full"),
        item(10_002, "disk empty"),
        item(10_003, "fan"),
        item(10_004, "door"),
        json!({"id": 10_005, "app": "Door", "message": "open", "date": MORNING}),
        json!({"id": 10_006, "app": "Door", "message": "disk", "date": MORNING}),
    ])
    .await;
    let user = &harness.user;
    let said = user.handover(&["messages", "--delete"]).await.failed(2);
    assert_eq!(
        said,
        "error: nothing was deleted: there is no terminal to ask on\nhint: add --yes to do it without being asked\n"
    );
    for (arguments, expected) in [
        (&["--search", "disk", "--app", "backup"][..], "2 messages deleted\n"),
        (&["--app", "Door"], "2 messages deleted\n"),
        (&["--limit", "1"], "1 message deleted\n"),
        (&[], "1 message deleted\n"),
    ] {
        let printed =
            user.handover(&[&["messages", "--delete", "--yes"], arguments].concat()).await.succeeded();
        assert_eq!(printed, expected, "{arguments:?}");
    }
    assert!(user.messages().await.is_empty());
    let finished = user.handover(&["messages", "--delete"]).await;
    assert_eq!((finished.code, finished.err.as_str()), (Some(0), "no messages to delete\n"));
    for misplaced in [&["messages", "--yes"][..], &["messages", "--delete", "--json"]] {
        user.handover(misplaced).await.failed(2);
    }
}

#[tokio::test]
async fn unread_messages_and_open_emergencies_are_kept_unless_asked_for() {
    let harness = Harness::signed_in().await;
    harness.user.settings("emergency = 'manual'");
    let _daemon = harness.connected().await;
    harness.send("one");
    let one = harness.server.next_shown().await;
    harness.send("two");
    harness.server.next_shown().await;
    harness.send_emergency("fire");
    let fire = harness.server.next_shown().await;
    harness.user.handover(&["sync"]).await.succeeded();
    harness.server.dismiss(one.id).await;
    harness.server.dismiss(fire.id).await;
    harness.until_status("two of them are read", |status| status["unread"] == 1).await;

    let delete = async |flags: &[&str]| {
        let finished = harness.user.handover(&[&["messages", "--delete", "--yes"], flags].concat()).await;
        (finished.code, finished.out, finished.err)
    };
    let kept = "2 messages are unread or an open emergency and kept; --include-unread deletes them too\n";
    assert_eq!(delete(&[]).await, (Some(0), "1 message deleted\n".to_owned(), kept.to_owned()));
    assert_eq!(texts(&harness.user.messages().await), ["two", "fire"]);
    assert_eq!(delete(&["--unread"]).await.1, "1 message deleted\n");
    let (_, _, said) = delete(&[]).await;
    assert!(said.ends_with("no messages to delete\n"), "{said}");
    assert_eq!(delete(&["--include-unread"]).await.1, "1 message deleted\n");
    harness
        .until_status("nothing is left", |status| status["unread"] == 0 && status["unacknowledged"] == 0)
        .await;
}

#[tokio::test]
async fn messages_are_unread_until_they_are_read() {
    let harness = Harness::signed_in().await;
    let _daemon = harness.connected().await;
    harness.send("one");
    let one = harness.server.next_shown().await;
    harness.send("two");
    harness.server.next_shown().await;
    harness.user.handover(&["sync"]).await.succeeded();
    assert_eq!(texts(&harness.user.messages_of(&["--unread"]).await), ["one", "two"]);
    harness.server.dismiss(one.id).await;
    harness.until_status("one is read", |status| status["unread"] == 1).await;
    assert_eq!(texts(&harness.user.messages_of(&["--unread"]).await), ["two"]);
    harness.user.handover(&["messages", "--mark-read", "--search", "two"]).await.succeeded();
    assert!(harness.user.messages_of(&["--unread"]).await.is_empty());
    harness.until_status("all is read", |status| status["unread"] == 0).await;
    harness.send_with("three", &[("ttl", "2")]);
    harness.server.next_shown().await;
    harness.until_status("it is there", |status| status["unread"] == 1).await;
    harness.until_status("expired messages are not unread", |status| status["unread"] == 0).await;
    assert!(harness.user.messages_of(&["--unread"]).await.is_empty());
    assert_eq!(texts(&harness.user.messages_of(&[]).await), ["one", "two", "three"]);
}

#[tokio::test]
async fn a_closed_pipe_is_no_error() {
    let text = "x".repeat(1000);
    let items: Vec<_> = (0..200)
        .map(|number| json!({"id": 20_000 + number, "app": "a", "message": text, "date": MORNING}))
        .collect();
    // The output is larger than a pipe holds, so that the program is still writing when `head` exits.
    let harness = recorded(&items).await;
    for flags in ["", "--json"] {
        let script = format!("{{ {PROGRAM} messages --limit 1000 {flags}; echo $? >&2; }} | head -n 1");
        let finished = run(harness.user.command_of("sh", &["-c", &script]), "").await;
        assert_eq!((finished.out.lines().count(), finished.err.as_str()), (1, "0\n"));
    }
}

#[tokio::test]
async fn without_a_log_there_are_no_messages() {
    let harness = Harness::new().await;
    for (arguments, said) in [
        (&["messages"][..], "no messages\n"),
        (&["messages", "--unread"], "no matching messages\n"),
        (&["messages", "--search", "disk"], "no matching messages\n"),
        (&["messages", "--json"], ""),
    ] {
        let finished = harness.user.handover(arguments).await;
        assert_eq!((finished.code, finished.out.as_str(), finished.err.as_str()), (Some(0), "", said));
    }
    assert!(!harness.user.path("data/handover").exists(), "reading creates nothing");
}
