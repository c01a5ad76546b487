//! Tests what the daemon reports to systemd: the test listens on systemd's socket.

use std::fs;
use std::time::Duration;

use rustix::process::Signal;
use tokio::net::UnixDatagram;
use tokio::time::timeout;

use crate::process::TIMEOUT;
use crate::support::harness::Harness;

/// Sets a service manager in the user's environment.
fn manager(harness: &mut Harness) -> UnixDatagram {
    let path = harness.user.path("run/notify");
    let socket = UnixDatagram::bind(&path).expect("listen");
    harness.user.set("NOTIFY_SOCKET", path.to_str().expect("a path in UTF-8"));
    socket
}

/// The next report.
async fn next_report(manager: &UnixDatagram) -> String {
    let mut buffer = [0; 1024];
    let received = timeout(TIMEOUT, manager.recv(&mut buffer)).await;
    let length = received.expect("the manager is notified within 30 s").expect("receive");
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}

#[tokio::test]
async fn systemd_is_notified_of_start_status_changes_and_stop() {
    let mut harness = Harness::signed_in().await;
    let manager = manager(&mut harness);
    let daemon = harness.user.daemon();
    let first = next_report(&manager).await;
    assert!(first.starts_with("READY=1\nSTATUS="), "{first}");
    // Ready means that commands are answered.
    harness.user.status().await;
    let mut report = first;
    while !report.ends_with("STATUS=Connected as desk\n") {
        report = next_report(&manager).await;
    }
    harness.send("hunter2");
    while report != "STATUS=Connected as desk, 1 unread\n" {
        report = next_report(&manager).await;
        assert!(report.starts_with("STATUS=Connected as desk") && !report.contains("hunter2"), "{report}");
    }
    let (finished, _) = daemon.stop(Signal::TERM).await;
    assert_eq!(finished.code, Some(0));
    assert_eq!(next_report(&manager).await, "STOPPING=1\n");
}

#[tokio::test]
async fn a_daemon_that_waits_for_a_login_is_ready() {
    let mut harness = Harness::new().await;
    let manager = manager(&mut harness);
    let _daemon = harness.user.daemon();
    assert_eq!(next_report(&manager).await, "READY=1\nSTATUS=Connecting\n");
    assert_eq!(next_report(&manager).await, "STATUS=Not signed in\n");
    harness.user.status().await;
    harness.user.sign_in(&harness.sandbox).await;
    while next_report(&manager).await != "STATUS=Connected as desk\n" {}
}

#[tokio::test]
async fn a_second_start_at_login_is_not_a_failure() {
    let mut harness = Harness::signed_in().await;
    let _daemon = harness.connected().await;
    let manager = manager(&mut harness);
    let said = harness.user.handover(&["run", "--at-login"]).await.succeeded();
    assert_eq!(said, "already running: Connected as desk\n");
    assert_eq!(next_report(&manager).await, "READY=1\nSTATUS=Exiting: already running: Connected as desk\n");
    harness.user.handover(&["sync"]).await.succeeded();
    assert_eq!(harness.sandbox.counters().socket_logins, 1);
}

#[tokio::test]
async fn an_unresponsive_service_manager_delays_nothing() {
    let mut harness = Harness::signed_in().await;
    let _deaf = manager(&mut harness);
    for address in [harness.user.path("run/notify"), harness.user.path("gone"), "vsock:2:1234".into()] {
        harness.user.set("NOTIFY_SOCKET", address.to_str().expect("a path in UTF-8"));
        let daemon = harness.connected().await;
        let (finished, span) = daemon.stop(Signal::TERM).await;
        assert_eq!(finished.code, Some(0), "{}", finished.err);
        assert!(span < Duration::from_secs(1), "{span:?}");
    }
}

#[tokio::test]
async fn started_programs_do_not_inherit_the_notify_socket() {
    let mut harness = Harness::new().await;
    let manager = manager(&mut harness);
    let noted = harness.user.path("noted");
    let script = format!("#!/bin/sh\nenv > {0}.new\nmv {0}.new {0}\n", noted.display());
    harness.user.install("xdg-terminal-exec", &script);
    let _daemon = harness.user.daemon();
    assert!(next_report(&manager).await.starts_with("READY=1\n"));
    let notification = harness.server.next_shown().await;
    harness.server.choose(notification.id, "sign-in").await;
    // Status replies in between give the terminal time to start.
    harness.until_status("the terminal runs", |_| noted.exists()).await;
    let environment = fs::read_to_string(&noted).expect("what it was given");
    assert!(environment.contains("HOME=") && !environment.contains("NOTIFY_SOCKET"), "{environment}");
}

/// systemd rates a unit from 0 to 10. Skipped if its tool is not installed or does not rate files.
#[test]
fn the_unit_confines_the_daemon() {
    let unit = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/linux/handover.service");
    let rate = |threshold: &str| {
        let mut command = std::process::Command::new("systemd-analyze");
        command.args(["security", "--offline=true", "--no-pager", threshold, unit]).output()
    };
    let Ok(rated) = rate("--threshold=30") else { return };
    let said = String::from_utf8_lossy(&rated.stdout);
    if said.contains("Overall exposure level") {
        assert!(rated.status.success(), "rated above 3.0: {said}");
        assert!(!rate("--threshold=1").expect("run it again").status.success(), "a stricter threshold fails");
    }
}

#[tokio::test]
async fn a_confined_daemon_opens_links_outside() {
    let mut harness = Harness::signed_in().await;
    harness.user.set("HANDOVER_CONFINED", "1");
    let given = harness.user.path("given");
    harness.user.install(
        "systemd-run",
        &format!("#!/bin/sh\necho \"$*\" > {0}.new; mv {0}.new {0}\n", given.display()),
    );
    let _daemon = harness.connected().await;
    harness.send_with("news", &[("url", "https://a.example/")]);
    let shown = harness.server.next_shown().await;
    harness.server.choose(shown.id, "open-link").await;
    harness.until_status("the link is opened", |_| given.exists()).await;
    let given = fs::read_to_string(given).expect("the arguments");
    assert!(given.starts_with("--user --collect --quiet"), "{given}");
    assert!(given.ends_with(" https://a.example/\n"), "{given}");
}
