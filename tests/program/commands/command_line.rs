//! Tests the command line, and the short commands.

use std::collections::BTreeSet;

use crate::support::harness::Harness;

const COMMANDS: [&str; 22] = [
    "run",
    "start",
    "setup",
    "status",
    "messages",
    "listen",
    "rules",
    "acknowledge",
    "send",
    "receipt",
    "http",
    "pause",
    "resume",
    "sync",
    "autostart",
    "doctor",
    "quit",
    "logout",
    "install-desktop-files",
    "uninstall",
    "demo",
    "sandbox",
];
/// Commands that are planned and do not exist yet.
const UNBUILT: [&str; 1] = ["window"];

#[tokio::test]
async fn help_lists_exactly_the_existing_commands() {
    let harness = Harness::new().await;
    let help = harness.user.handover(&["--help"]).await.succeeded();
    let mut words =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    assert!(
        COMMANDS.iter().all(|name| words.next().is_some_and(|line| line.starts_with(&format!("  {name} "))))
    );
    assert!(words.next().is_some_and(|line| line.starts_with("  help ")), "{help}");
    assert_eq!(words.next(), None);
    for variable in ["HANDOVER_LOG", "HANDOVER_API_URL", "HANDOVER_WEBSOCKET_URL"] {
        assert!(help.contains(variable), "{help}");
    }
    for command in COMMANDS {
        let help = harness.user.handover(&[command, "--help"]).await.succeeded();
        assert!(help.contains(&format!("\nUsage: handover {command}")), "{help}");
        let first = help.lines().next().unwrap_or_default();
        assert!(first.starts_with(|letter: char| letter.is_uppercase()) && first.len() > 10, "{help}");
        let words: BTreeSet<_> = help.split(|letter: char| !letter.is_alphanumeric()).collect();
        assert!(UNBUILT.iter().all(|name| !words.contains(name)), "{help}");
    }
    for command in UNBUILT {
        let said = harness.user.handover(&[command]).await.failed(2);
        assert!(said.starts_with(&format!("error: unrecognized subcommand '{command}'\n")), "{said}");
    }
    for version in ["--version", "-V", "version"] {
        let version = harness.user.handover(&[version]).await.succeeded();
        assert_eq!(version, format!("handover {}\n", env!("CARGO_PKG_VERSION")));
    }
}

#[tokio::test]
async fn a_usage_error_says_what_was_wrong_and_exits_with_2() {
    let harness = Harness::new().await;
    for (line, why) in [
        ("acknowledge abc", "invalid value 'abc' for '[ID]'"),
        ("messages --limit x", "invalid value 'x' for '--limit <LIMIT>'"),
        ("messages --limit", "a value is required for '--limit <LIMIT>'"),
        (
            "messages --limt 3",
            "unexpected argument '--limt' found\n\n  tip: a similar argument exists: '--limit'",
        ),
        ("pause -5m", "unexpected argument '-5' found"),
        ("sandbox --port 99999", "invalid value '99999' for '--port <PORT>': 99999 is not in 0..=65535"),
        ("setup --device-name a.b", "invalid value 'a.b' for '--device-name <DEVICE_NAME>': use up to 25 of"),
        ("setup --encryption-key --email a@b", "the argument '--encryption-key' cannot be used with"),
        ("statsu", "unrecognized subcommand 'statsu'\n\n  tip: a similar subcommand exists: 'status'\n"),
        ("quit now", "unexpected argument 'now' found"),
        (
            "autostart maybe",
            "invalid value 'maybe' for '<on|off|status>'\n  [possible values: on, off, status]",
        ),
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        let said = harness.user.handover(&words).await.failed(2);
        assert!(said.starts_with(&format!("error: {why}")), "{line}: {said}");
        assert!(said.contains("\nUsage: handover ") || said.contains("try '--help'"), "{line}: {said}");
    }
}

#[tokio::test]
async fn commands_that_people_guess_work_or_suggest_the_right_one() {
    let harness = Harness::new().await;
    for (alias, command) in
        [("stop", "quit"), ("list", "messages"), ("ack", "acknowledge"), ("unpause", "resume")]
    {
        let help = harness.user.handover(&[alias, "--help"]).await.succeeded();
        assert!(help.contains(&format!("\nUsage: handover {command}")), "{alias}: {help}");
    }
    for (typed, tip) in [
        ("log", "  tip: a similar subcommand exists: 'messages'\n"),
        ("login", "  tip: a similar subcommand exists: 'setup'\n"),
        ("mute", "  tip: a similar subcommand exists: 'pause'\n"),
        ("reload", "  tip: changed settings are used at once; "),
        ("mesages", "  tip: a similar subcommand exists: 'messages'\n"),
    ] {
        let said = harness.user.handover(&[typed]).await.failed(2);
        assert!(said.starts_with(&format!("error: unrecognized subcommand '{typed}'\n\n{tip}")), "{said}");
    }
    let said = harness.user.handover(&["bogus"]).await.failed(2);
    let expected = "error: unrecognized subcommand 'bogus'\n\nUsage: handover [OPTIONS]\n";
    assert!(said.starts_with(expected), "{said}");
}

#[tokio::test]
async fn status_shows_the_state_of_the_daemon() {
    let harness = Harness::signed_in().await;
    let daemon = harness.connected().await;
    let first = harness.user.handover(&["status"]).await.succeeded();
    let lines: Vec<_> = first.lines().collect();
    assert!(
        lines.len() == 2
            && lines[0] == "Connected as desk"
            && lines[1].starts_with("state    connected since 2"),
        "{first}"
    );

    harness.send("hello");
    harness.server.next_shown().await;
    harness.user.handover(&["sync"]).await.succeeded();
    let second = harness.user.handover(&["status"]).await.succeeded();
    let lines: Vec<_> = second.lines().collect();
    assert_eq!(lines[0], "Connected as desk, 1 unread");
    assert!(
        lines.len() == 3 && lines[2].starts_with("latest   2") && lines[2].ends_with(", just now"),
        "{second}"
    );

    let status = harness.user.status().await;
    let fields = [
        "device",
        "hint",
        "hints",
        "hook_failures",
        "last_message",
        "licence",
        "link",
        "paused_until",
        "pending_acknowledgements",
        "pid",
        "problems",
        "rules",
        "sentence",
        "service_time",
        "since",
        "tray",
        "unacknowledged",
        "unread",
        "version",
    ];
    assert_eq!(status.as_object().expect("an object").keys().collect::<Vec<_>>(), fields);
    assert_eq!(status["link"], "connected");
    assert_eq!(status["device"], "desk");
    assert_eq!(status["unread"], 1);
    assert_eq!(status["unacknowledged"], 0);
    assert_eq!(status["paused_until"], serde_json::Value::Null);
    assert_eq!(status["pid"], daemon.pid().as_raw_nonzero().get());
    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(status["sentence"], "Connected as desk, 1 unread");
    assert_eq!(status["problems"], serde_json::json!([]));
    assert_eq!(status["licence"], serde_json::Value::Null);
    let now = handover::system::clock::unix();
    for time in ["since", "last_message"] {
        assert!(status[time].as_i64().is_some_and(|unix| (now - 60..=now).contains(&unix)), "{status}");
    }
}

#[tokio::test]
async fn status_shows_issues() {
    let mut harness = Harness::signed_in().await;
    harness.user.set("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
    let _daemon = harness.connected().await;
    harness.send("hello");
    harness.until("it is deleted", |now| now.deletes > 0).await;
    harness.user.handover(&["sync"]).await.succeeded();
    let printed = harness.user.handover(&["status"]).await.succeeded();
    let problem = printed.lines().find(|line| line.starts_with("problem  ")).expect("a problem");
    assert!(
        problem.starts_with("problem  messages cannot be shown: the session bus cannot be reached: "),
        "{problem}"
    );
    let hint =
        "hint     start Handover inside your desktop session; until then messages are saved, and shown later";
    assert_eq!(printed.lines().last(), Some(hint));
}

#[tokio::test]
async fn a_revoked_login_is_reported() {
    let harness = Harness::signed_in().await;
    let _daemon = harness.connected().await;
    harness.send("kept");
    harness.server.next_shown().await;
    harness.sandbox.revoke_sessions();
    let notification = harness.server.next_shown().await;
    assert_eq!(notification.title, "Stopped: the service refuses this device");
    harness.until_status("it is refused", |status| status["link"] == "refused").await;
    let logins = harness.sandbox.counters().sockets_opened;
    let said = harness.user.handover(&["sync"]).await.failed(1);
    let hint = "sign in again with `handover setup`, or, once the cause is fixed, reconnect with `handover sync`; \
        your messages are kept";
    let refused = "the service refused: secret is invalid";
    assert_eq!(said, format!("error: nothing was downloaded: {refused}\nhint: {hint}\n"));
    harness.until_status("it is refused again", |status| status["link"] == "refused").await;
    let status = harness.user.status().await;
    assert_eq!((&status["hint"], &status["hints"]), (&serde_json::json!(hint), &serde_json::json!([null])));
    let said = harness.user.handover(&["status"]).await.succeeded();
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(
        lines[..2],
        ["Stopped: the service refuses this device, 1 unread", &format!("hint     {hint}")]
    );
    assert_eq!(lines.last(), Some(&&*format!("problem  {refused}")), "the same hint is above");
    assert_eq!(harness.user.messages().await.len(), 1);
    assert!(harness.sandbox.counters().sockets_opened <= logins + 1, "asked once because the user asked");
}

#[tokio::test]
async fn sync_takes_back_a_displaced_connection() {
    let harness = Harness::signed_in().await;
    let daemon = harness.connected().await;
    harness.sandbox.close_sockets(b"A");
    daemon.until_logged("displaced").await;
    assert_eq!(harness.user.status().await["link"], "displaced");
    let notification = harness.server.next_shown().await;
    assert_eq!(notification.title, "Stopped: this device is connected from somewhere else");
    harness.user.handover(&["sync"]).await.succeeded();
    harness.until("it is connected again", |now| now.socket_logins == 2).await;
}

#[tokio::test]
async fn sync_downloads_now() {
    let harness = Harness::signed_in().await;
    let _daemon = harness.connected().await;
    harness.sandbox.switch(|switches| switches.signal_new = false);
    for (count, said) in [
        (0, "up to date, nothing new\n"),
        (1, "up to date, 1 new message\n"),
        (2, "up to date, 2 new messages\n"),
    ] {
        for number in 0..count {
            harness.send(&format!("{number} of {count}"));
        }
        assert_eq!(harness.user.handover(&["sync"]).await.succeeded(), said);
        assert_eq!(harness.shown_so_far().await.len(), count);
        assert_eq!(harness.left_on_server(), 0);
    }
}

#[tokio::test]
async fn an_error_in_the_settings_names_its_line() {
    let harness = Harness::signed_in().await;
    let file = harness.user.settings("backlog = 'all'\n\ncolour = 'red'\n");
    for command in ["run", "setup"] {
        let said = harness.user.handover(&[command]).await.failed(1);
        let expected = format!(
            "error: the settings cannot be used: {}:3: there is no setting \"colour\"\nhint: ",
            file.display()
        );
        assert!(said.starts_with(&expected) && said.lines().count() == 2, "{command}: {said}");
    }
    assert_eq!(harness.sandbox.counters().socket_logins, 0, "something was done");
    // Commands that do not depend on the settings still work.
    for command in ["status", "sync", "quit"] {
        assert!(
            harness
                .user
                .handover(&[command])
                .await
                .failed(4)
                .starts_with("error: the daemon is not running\n"),
            "{command}"
        );
    }
    assert_eq!(harness.user.handover(&["messages"]).await.failed(0), "no messages\n");
    let said = harness.user.handover(&["logout"]).await.succeeded();
    assert!(said.starts_with("signed out; the messages are kept\n"), "{said}");
}

#[tokio::test]
async fn plain_http_is_refused_except_for_loopback() {
    let mut harness = Harness::new().await;
    harness.user.set("HANDOVER_API_URL", "http://example.org");
    for command in ["run", "setup", "status"] {
        let said = harness.user.handover(&[command]).await.failed(2);
        let expected = "error: HANDOVER_API_URL or HANDOVER_WEBSOCKET_URL cannot be used: the address of the API cannot \
            be used: plain http is for this machine only (127.0.0.1, ::1, localhost); use https\n\
            hint: unset both to use the official service\n";
        assert_eq!(said, expected);
    }
}

#[tokio::test]
async fn an_invalid_log_filter_is_reported() {
    let mut harness = Harness::new().await;
    harness.user.set("HANDOVER_LOG", "debgu");
    let expected = "error: HANDOVER_LOG cannot be used: there is no level `debgu`\n\
        hint: use error, warn, info, debug or trace, as in HANDOVER_LOG=debug\n";
    assert_eq!(harness.user.handover(&["run"]).await.failed(2), expected);
}
