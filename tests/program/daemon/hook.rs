//! Tests the program that is run for each message.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use handover::sandbox::{Endpoint, Fault, Gate};
use handover::system::clock;
use rustix::fs::{FileType, Mode};
use rustix::process::{Pid, Signal, test_kill_process};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::time::timeout;

use crate::process::TIMEOUT;
use crate::support::harness::Harness;
use crate::support::notification_server::Behaviour;

/// A harness whose user has this script as hook, followed by these settings.
async fn harness(script: &str, more: &str) -> Harness {
    let harness = Harness::signed_in().await;
    write_hook(&harness, script);
    use_hook(&harness, more);
    harness
}

fn write_hook(harness: &Harness, script: &str) {
    let (path, new) = (harness.user.path("hook"), harness.user.path("hook.new"));
    fs::write(&new, format!("#!/bin/sh\ncd {}\n{script}\n", harness.user.path("").display()))
        .expect("a script");
    fs::set_permissions(&new, fs::Permissions::from_mode(0o755)).expect("its mode");
    fs::rename(new, path).expect("put it in place");
}

fn use_hook(harness: &Harness, more: &str) {
    let command = harness.user.path("hook");
    harness.user.settings(&format!("[hook]\ncommand = ['{}', 'an argument']\n{more}", command.display()));
}

/// Waits for a file that a script creates in one step; returns its content.
async fn made(harness: &Harness, name: &str) -> String {
    let path = harness.user.path(name);
    harness.until_status(name, |_| path.exists()).await;
    fs::read_to_string(path).expect("read what the script wrote")
}

async fn until_problems_are(harness: &Harness, expected: &[&str]) {
    harness.until_status("the problems", |status| status["problems"] == json!(expected)).await;
}

#[tokio::test]
async fn a_tilde_in_the_settings_is_the_home_folder() {
    let harness = Harness::signed_in().await;
    write_hook(&harness, "echo \"$1\" > ran.new; mv ran.new ran");
    harness.user.settings("hook.command = ['~/hook', '~/log']");
    let _daemon = harness.connected().await;
    harness.send("hello");
    let expected = format!("{}\n", harness.user.path("log").display());
    assert_eq!(made(&harness, "ran").await.replace("//", "/"), expected);
}

#[tokio::test]
async fn the_hook_does_not_inherit_the_notify_socket() {
    let mut harness = harness("env > env.new; mv env.new env", "").await;
    harness.user.set("NOTIFY_SOCKET", "/nowhere/notify");
    let _daemon = harness.connected().await;
    harness.send("hello");
    let environment = made(&harness, "env").await;
    assert!(environment.contains("HANDOVER_TEXT=hello\n"), "{environment}");
    assert!(!environment.contains("NOTIFY_SOCKET"), "{environment}");
}

#[tokio::test]
async fn the_hook_receives_the_message_as_json_and_as_variables() {
    let script =
        "cat > in; env | grep ^HANDOVER_ | sort > env; echo \"$1\" > args; echo \"huge\" >&2; mv in json";
    let harness = harness(script, "").await;
    let daemon = harness.connected().await;
    let more = [
        ("title", "it's \"odd\" $(touch no)"),
        ("html", "1"),
        ("url", "https://example.org/?a=1&b=2"),
        ("url_title", "A\u{1b}[31m\u{202e} link\u{9b}"),
        ("priority", "1"),
    ];
    harness.send_with("<b>bold</b> `touch no`\u{9b}1m", &more);
    let given = made(&harness, "json").await;
    assert!(given.ends_with("}\n") && given.lines().count() == 1, "{given}");
    for escaped in [r"A\u001b[31m\u202e link\u009b", r"`touch no`\u009b1m"] {
        assert!(given.contains(escaped), "{given}");
    }
    let mut given: Value = serde_json::from_str(&given).expect("it is JSON");
    let mut listed = harness.user.messages().await.remove(0);
    assert_eq!(given["text"], "bold `touch no`\u{9b}1m");
    // The hook is not told whether the message was on the screen by then.
    for message in [&mut given, &mut listed] {
        message["announced"] = Value::Null;
    }
    assert_eq!(given, listed);
    let id = listed["id"].as_str().expect("the id");
    let environment = fs::read_to_string(harness.user.path("env")).expect("the environment");
    for line in [
        &format!("HANDOVER_ID={id}"),
        "HANDOVER_APP=Sandbox",
        "HANDOVER_TITLE=it's \"odd\" $(touch no)",
        "HANDOVER_TEXT=bold `touch no`1m",
        "HANDOVER_PRIORITY=1",
        "HANDOVER_URL=https://example.org/?a=1&b=2",
        "HANDOVER_URL_TITLE=A[31m link",
        "HANDOVER_RECEIPT=",
        "HANDOVER_ENCRYPTED=",
    ] {
        assert!(environment.lines().any(|found| found == line), "no {line} in {environment}");
    }
    assert_eq!(fs::read_to_string(harness.user.path("args")).expect("the arguments"), "an argument\n");
    assert!(!harness.user.path("no").exists());
    let status = harness.user.status().await;
    assert_eq!((&status["hook_failures"], &status["problems"]), (&json!(0), &json!([])));
    let log = daemon.stop(Signal::TERM).await.0.err;
    assert!(!log.contains("huge") && !log.contains("bold"), "{log}");
}

#[tokio::test]
async fn the_hook_receives_every_character_in_the_json_and_only_safe_ones_in_the_variables() {
    let harness = harness("cat > in; printf %s \"$HANDOVER_TEXT\" > text; mv in json", "").await;
    let _daemon = harness.connected().await;
    let text = "a\tb\u{200e}\u{200f}\u{61c}\u{202e}c\u{2066}\u{7}  d";
    harness.send_with(&format!("<b>{text}</b>"), &[("html", "1")]);
    let given: Value = serde_json::from_str(&made(&harness, "json").await).expect("it is JSON");
    assert_eq!((&given["text"], &given["body"]), (&json!(text), &json!(format!("<b>{text}</b>"))));
    let safe = "a b\u{200e}\u{200f}\u{61c}c  d";
    assert_eq!(fs::read_to_string(harness.user.path("text")).expect("the text"), safe);
}

#[tokio::test]
async fn the_hook_does_not_inherit_a_used_token() {
    let mut harness = harness("env > env.new; mv env.new env", "").await;
    harness.user.set("XDG_ACTIVATION_TOKEN", "used");
    harness.user.set("DESKTOP_STARTUP_ID", "used");
    let _daemon = harness.connected().await;
    harness.send("hello");
    let environment = made(&harness, "env").await;
    assert!(!environment.contains("=used"), "{environment}");
}

#[tokio::test]
async fn the_hook_runs_for_a_thousand_messages_one_at_a_time_and_in_order() {
    let script = "echo begin $HANDOVER_TEXT >> given; echo end $HANDOVER_TEXT >> given\n\
        if [ $HANDOVER_TEXT = 1000 ]; then echo > done; fi";
    let harness = harness(script, "").await;
    let done = harness.user.path("done");
    rustix::fs::mknodat(rustix::fs::CWD, &done, FileType::Fifo, Mode::RWXU, 0).expect("a named pipe");
    let mut done = pipe::OpenOptions::new().read_write(true).open_receiver(done).expect("open the pipe");
    let _daemon = harness.connected().await;
    for number in 1..=1000 {
        harness.send(&number.to_string());
    }
    timeout(TIMEOUT, done.read_u8()).await.expect("all are given within 30 s").expect("read the pipe");
    let given = fs::read_to_string(harness.user.path("given")).expect("read what the script wrote");
    let expected: Vec<String> =
        (1..=1000).flat_map(|number| [format!("begin {number}"), format!("end {number}")]).collect();
    assert_eq!(given.lines().collect::<Vec<_>>(), expected);
    until_problems_are(&harness, &[]).await;
}

#[tokio::test]
async fn a_failing_hook_is_reported_with_a_count_until_it_succeeds() {
    let harness = harness("exit 3", "").await;
    let daemon = harness.connected().await;
    harness.send("one");
    let path = harness.user.path("hook").display().to_string();
    until_problems_are(
        &harness,
        &[&format!("the hook does not work: {path}: it exited with code 3 (it was run once)")],
    )
    .await;
    harness.send("two");
    let said = format!("the hook does not work: {path}: it exited with code 3 (2 of the last 2 runs failed)");
    until_problems_are(&harness, &[&said]).await;
    let words = harness.user.handover(&["status"]).await.succeeded();
    let hint = "run the program by hand to see why, or change `command` under [hook] in the settings";
    assert!(words.contains(&format!("\nproblem  {said}\nhint     {hint}\n")), "{words}");
    assert_eq!(harness.user.status().await["hook_failures"], 2);
    write_hook(&harness, "exit 0");
    harness.send("three");
    until_problems_are(&harness, &[]).await;
    assert_eq!(harness.user.status().await["hook_failures"], 2);

    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("its mode");
    harness.send("four");
    let said = format!("the hook does not work: {path} cannot be started: it is not executable");
    harness.until_status("the fourth", |status| status["hook_failures"] == 3).await;
    let problem = harness.user.status().await["problems"][0].as_str().expect("a problem").to_owned();
    assert_eq!(problem, format!("{said} (3 of the last 4 runs failed)"));
    fs::remove_file(&path).expect("remove it");
    harness.send("five");
    harness.until_status("the fifth", |status| status["hook_failures"] == 4).await;
    let problem = harness.user.status().await["problems"].to_string();
    assert!(problem.contains("cannot be started: there is no such program (4 of the last 5"), "{problem}");
    // Failures of a previous hook are not reported for this one, nor without a hook.
    harness.user.settings("# none\n");
    until_problems_are(&harness, &[]).await;
    // The message path was not affected.
    assert_eq!(harness.shown_so_far().await.len(), 5);
    assert_eq!(harness.left_on_server(), 0);
    daemon.kill().await;
}

#[tokio::test]
async fn the_hook_follows_the_configured_priority() {
    let harness =
        harness("echo $HANDOVER_TEXT >> given; cp given seen-$HANDOVER_TEXT", "min_priority = 1").await;
    let daemon = harness.connected().await;
    harness.send("normal");
    harness.send_with("high", &[("priority", "1")]);
    assert_eq!(made(&harness, "seen-high").await, "high\n");
    use_hook(&harness, "min_priority = -2");
    daemon.until_logged("the settings were changed").await;
    harness.send_with("lowest", &[("priority", "-2")]);
    assert_eq!(made(&harness, "seen-lowest").await, "high\nlowest\n");
}

#[tokio::test]
async fn the_hook_runs_although_nothing_can_be_shown() {
    let harness = harness("echo $HANDOVER_TEXT > new; mv new given", "").await;
    let _daemon = harness.connected().await;
    harness.server.behave(Behaviour::Hang);
    harness.send("unseen");
    assert_eq!(made(&harness, "given").await, "unseen\n");
}

#[tokio::test]
async fn the_hook_skips_the_initial_sync_and_runs_once_per_message() {
    let harness = harness("echo $HANDOVER_TEXT >> given; cp given seen-$HANDOVER_TEXT", "").await;
    let daemon = harness.connected().await;
    harness.send("first");
    made(&harness, "seen-first").await;
    daemon.kill().await;
    harness.send("waited");
    let _daemon = harness.connected().await;
    assert_eq!(made(&harness, "seen-waited").await, "first\nwaited\n");
    // A new device, for which a message is waiting.
    let account = harness.sandbox.account();
    let gate = Gate::new();
    harness.sandbox.faults().next(Endpoint::Download, Fault::Gate(gate.clone()), 1);
    let again = ["setup", "--email", &account.email, "--password-stdin", "--device-name", "attic"];
    let setup = harness.user.handover_with_input(&again, &account.password);
    let flush = async {
        gate.reached(1).await;
        harness.send("old news");
        gate.open();
    };
    let (setup, ()) = tokio::join!(setup, flush);
    setup.succeeded();
    harness.user.handover(&["sync"]).await.succeeded();
    harness.send("news");
    assert_eq!(made(&harness, "seen-news").await, "first\nwaited\nnews\n");
    assert!(harness.user.messages().await.iter().any(|message| message["text"] == "old news"));
}

#[tokio::test]
async fn messages_beyond_the_hook_queue_are_counted_and_block_nothing() {
    let harness = harness("echo > new; mv new begun; sleep 1000", "").await;
    harness.sandbox.switch(|switches| switches.monthly_limit = 20_000);
    // The first is being run when the queue is full, and the last two batches of the download do not fit.
    for number in 1..=11_501 {
        harness.send(&number.to_string());
    }
    let daemon = harness.connected().await;
    made(&harness, "begun").await;
    let said = "the hook does not work: it was not run for 1500 messages, because 10000 were already waiting";
    until_problems_are(&harness, &[said]).await;
    assert_eq!(harness.user.status().await["hook_failures"], 1_500);
    assert_eq!(harness.left_on_server(), 0);
    assert!(daemon.stop(Signal::TERM).await.1 < Duration::from_secs(1));
}

fn is_alive(file: &Path) -> bool {
    let number = fs::read_to_string(file).expect("a process id").trim().parse().expect("a number");
    let stat = fs::read_to_string(format!("/proc/{number}/stat"));
    test_kill_process(Pid::from_raw(number).expect("a process id")).is_ok()
        && stat.is_ok_and(|stat| !stat.contains(") Z "))
}

#[tokio::test]
async fn a_stopping_daemon_kills_the_hook_and_its_children_within_a_second() {
    let harness = harness("sleep 1000 & echo $! > child; echo $$ > self; mv self ready; wait", "").await;
    let daemon = harness.connected().await;
    harness.send("hang");
    harness.send("wait");
    made(&harness, "ready").await;
    // The message path continues meanwhile.
    assert_eq!(harness.server.next_shown().await.body, "hang");
    assert_eq!(harness.server.next_shown().await.body, "wait");
    let processes: [PathBuf; 2] = ["child", "ready"].map(|name| harness.user.path(name));
    assert!(processes.iter().all(|process| is_alive(process)));
    let (finished, span) = daemon.stop(Signal::TERM).await;
    assert_eq!(finished.code, Some(0), "{}", finished.err);
    assert!(span < Duration::from_secs(1), "{span:?}");
    let began = clock::instant();
    while processes.iter().any(|process| is_alive(process)) {
        assert!(clock::instant().duration_since(began) < Duration::from_secs(1), "it lives on");
        tokio::task::yield_now().await;
    }
}
