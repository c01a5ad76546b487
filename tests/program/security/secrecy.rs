//! Tests secrecy: no secret and no message text is in any log, and no login is readable by others.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt;

use handover::sandbox::{Endpoint, Fault, Options};
use handover::system::clock;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::process::{Running, run};
use crate::support::harness::Harness;
use crate::user::PROGRAM;

const PASSWORD: &str = "PASSWORD-kd83hf";
const CODE: &str = "CODE-71935";
/// A word that is in every text of every message.
const MARKER: &str = "MARKER-2f9c";

#[tokio::test]
async fn no_text_of_a_message_reaches_the_log() {
    let options = Options {
        password: PASSWORD.to_owned(),
        two_factor: Some(CODE.to_owned()),
        ..Options::new(clock::unix)
    };
    let mut harness = Harness::with(options).await;
    harness.user.set("HANDOVER_LOG", "trace");
    let mut said = String::new();
    let mut note = |finished: crate::process::Finished| said.push_str(&(finished.out + &finished.err));

    let flags = [
        "setup",
        "--email",
        "sandbox@example.org",
        "--password-stdin",
        "--device-name",
        "desk",
        "--two-factor",
    ];
    note(harness.user.handover_with_input(&[&flags[..], &["000000"]].concat(), PASSWORD).await);
    note(harness.user.handover_with_input(&[&flags[..], &[CODE]].concat(), PASSWORD).await);
    let login = std::fs::read_to_string(harness.user.credentials()).expect("the login is saved");
    let login: Value = serde_json::from_str(&login).expect("the login is JSON");
    let secret = login["secret"].as_str().expect("the login has a secret").to_owned();

    // Every kind of message and every kind of issue.
    let daemon = harness.connected().await;
    send_every_kind(&harness).await;
    for fault in [Fault::status(500), Fault::Garbage, Fault::HalfBody, Fault::CaptivePortal, Fault::Drop] {
        for endpoint in [Endpoint::Download, Endpoint::Delete] {
            harness.sandbox.faults().next(endpoint, fault.clone(), 1);
            harness.send(MARKER);
            note(harness.user.handover(&["sync"]).await);
        }
    }
    let reply =
        json!({"status": 1, "messages": [{"id": "x", "message": MARKER, "title": [MARKER]}, MARKER, 5]});
    harness.sandbox.faults().next(Endpoint::Download, Fault::Json(reply), 1);
    note(harness.user.handover(&["sync"]).await);
    note(harness.user.handover(&["acknowledge", "17"]).await);
    note(harness.user.handover(&["status"]).await);
    note(daemon.kill().await);

    // The same again, with a login that is refused.
    let daemon = harness.connected().await;
    send_every_kind(&harness).await;
    harness.sandbox.revoke_sessions();
    daemon.until_logged("refused").await;
    note(harness.user.handover(&["sync"]).await);
    note(harness.user.handover(&["run"]).await);
    note(daemon.stop(Signal::TERM).await.0);
    note(harness.user.handover(&["logout"]).await);

    assert!(
        said.contains("DEBUG") && said.matches("INFO the connection to the service: connected").count() >= 2,
        "there is a log: {said}"
    );
    let words = [PASSWORD, CODE, &secret, MARKER];
    let leaked: Vec<_> = said.lines().filter(|line| words.iter().any(|word| line.contains(word))).collect();
    assert!(leaked.is_empty(), "{leaked:#?}");
}

/// Sends a message of each kind and waits until all of them are handled.
async fn send_every_kind(harness: &Harness) {
    let fields = [("title", MARKER), ("url", "https://MARKER-2f9c.example/"), ("url_title", MARKER)];
    for more in [
        &[("priority", "-2")][..],
        &[("priority", "-1"), ("sound", MARKER)],
        &[("html", "1")],
        &[("priority", "1")],
        &[("priority", "2"), ("retry", "3600"), ("expire", "10800")],
    ] {
        harness.send_with(&format!("<b>{MARKER}</b>"), &[&fields[..], more].concat());
    }
    harness.sandbox.inject(
        &json!({"message": [MARKER], "title": 5, "app": {"x": MARKER}, "date": MARKER, "html": MARKER}),
    );
    harness.sandbox.inject(&json!({"id": MARKER, "message": MARKER, "receipt": MARKER, "priority": 2}));
    harness.user.handover(&["sync"]).await;
}

#[tokio::test]
async fn a_login_that_others_can_read_is_refused() {
    let harness = Harness::signed_in().await;
    let file = harness.user.credentials();
    for mode in [0o640, 0o604, 0o660] {
        set_permissions(&file, Permissions::from_mode(mode)).expect("change the mode");
        let path = file.display();
        let expected = format!(
            "error: the login cannot be read: {path}: other users can read or write it\n\
             hint: run `chmod 600 {path}`, or sign in again\n"
        );
        assert_eq!(harness.user.handover(&["run"]).await.failed(1), expected);
    }
    assert_eq!(harness.sandbox.counters().sockets_opened, 0);
    set_permissions(&file, Permissions::from_mode(0o600)).expect("change the mode");
    let _daemon = harness.connected().await;
}

#[tokio::test]
async fn all_files_are_readable_by_their_owner_only() {
    for umask in ["000", "022", "777"] {
        let harness = Harness::new().await;
        let with_umask = |arguments: &str| {
            let script = format!("umask {umask}; exec {PROGRAM} {arguments}");
            harness.user.command_of("sh", &["-ec", &script])
        };
        let account = harness.sandbox.account();
        let setup = "setup --email sandbox@example.org --password-stdin --device-name desk";
        run(with_umask(setup), &account.password).await.succeeded();
        run(with_umask("autostart on"), "").await.succeeded();
        let daemon = Running::start(with_umask("run"));
        daemon.until_logged("connected").await;
        for (below, mode) in [
            ("config/autostart", 0o700),
            ("config/autostart/handover.desktop", 0o600),
            ("data/handover", 0o700),
            ("data/handover/credentials.json", 0o600),
            ("data/handover/messages.db", 0o600),
            ("data/handover/messages.db-wal", 0o600),
            ("data/handover/messages.db-shm", 0o600),
            ("run/handover", 0o700),
            ("run/handover/control.sock", 0o600),
            ("run/handover/lock", 0o600),
        ] {
            let found = harness.user.path(below).metadata().expect(below).permissions().mode() & 0o777;
            assert_eq!(found, mode, "umask {umask}, {below}: {found:o}");
        }
        daemon.stop(Signal::TERM).await;
        run(with_umask("logout"), "").await.succeeded();
        let name = harness.user.path("data/handover/device-name").metadata().expect("the name of the device");
        assert_eq!(name.permissions().mode() & 0o777, 0o600, "umask {umask}");
    }
}

#[tokio::test]
async fn a_link_in_place_of_the_runtime_folder_is_refused_by_every_command() {
    let harness = Harness::signed_in().await;
    let (theirs, link) = (harness.user.path("theirs"), harness.user.path("run/handover"));
    std::fs::create_dir(&theirs).expect("make a folder");
    set_permissions(&theirs, Permissions::from_mode(0o755)).expect("change its mode");
    if link.exists() {
        std::fs::remove_dir_all(&link).expect("remove the folder");
    }
    std::os::unix::fs::symlink(&theirs, &link).expect("make a link");
    for arguments in [&["run"][..], &["status"], &["sync"], &["quit"], &["pause"]] {
        let said = harness.user.handover(arguments).await.failed(1);
        assert!(said.contains("is a link, which another user may have made"), "{arguments:?}: {said}");
    }
    assert_eq!(theirs.metadata().expect("the folder").permissions().mode() & 0o777, 0o755);
    assert_eq!(theirs.read_dir().expect("the folder").count(), 0, "nothing is made there");
}

#[tokio::test]
async fn no_core_dump_is_written_but_other_programs_may_write_theirs() {
    let harness = Harness::signed_in().await;
    let limits = harness.user.path("limits");
    harness.user.settings(&format!(
        "[hook]\ncommand = ['sh', '-c', 'cat /proc/self/limits > {0}.new; mv {0}.new {0}']",
        limits.display()
    ));
    let script = format!("ulimit -S -c unlimited; exec {PROGRAM} run");
    let daemon = Running::start(harness.user.command_of("sh", &["-ec", &script]));
    daemon.until_logged("connected").await;
    let process = format!("/proc/{}", daemon.pid().as_raw_nonzero());
    let core =
        |limits: &str| limits.lines().find(|line| line.starts_with("Max core file size")).map(str::to_owned);
    let ours = core(&std::fs::read_to_string(format!("{process}/limits")).expect("the limits"));
    assert!(ours.as_ref().is_some_and(|line| line.split_whitespace().nth(4) == Some("0")), "{ours:?}");
    // The `/proc` files of a process that cannot be dumped belong to root, so no other process of the user can read its
    // memory.
    let owner = std::os::unix::fs::MetadataExt::uid(
        &std::fs::metadata(format!("{process}/mem")).expect("the memory"),
    );
    assert_eq!(owner, 0);
    harness.send("hello");
    harness.until_status("the hook has run", |_| limits.exists()).await;
    let theirs = core(&std::fs::read_to_string(&limits).expect("the limits"));
    assert!(
        theirs.as_ref().is_some_and(|line| line.split_whitespace().nth(4) == Some("unlimited")),
        "{theirs:?}"
    );
}
