//! Tests `handover start`, which starts the daemon in the background.

use std::fs;

use handover::control::{Command, Reply, ask};
use handover::sandbox::{Endpoint, Fault};
use rustix::process::{Pid, Signal, getpgid, getpgrp, kill_process};
use tokio::time::timeout;

use crate::process::TIMEOUT;
use crate::support::harness::Harness;
use crate::user::User;

const END: &str = "; `handover status` shows details, `handover quit` stops it\n";

/// Ends the daemon in the background when it is dropped, also after a test that failed.
struct Background<'a>(&'a User);

impl Drop for Background<'_> {
    fn drop(&mut self) {
        drop(self.0.command(&["quit"]).output());
    }
}

#[tokio::test]
async fn the_daemon_is_started_in_the_background_and_answers_when_the_command_returns() {
    let harness = Harness::signed_in().await;
    let _background = Background(&harness.user);
    let said = harness.user.handover(&["start"]).await.succeeded();
    assert_eq!(said, format!("started in the background: Connected as desk{END}"));
    let status = harness.user.status().await;
    assert_eq!(status["link"], "connected");
    let pid =
        Pid::from_raw(i32::try_from(status["pid"].as_i64().expect("a pid")).expect("a pid")).expect("a pid");
    assert_ne!(getpgid(Some(pid)), Ok(getpgrp()), "Ctrl-C in the terminal would end it");
    assert_eq!(fs::read_link(format!("/proc/{pid}/cwd")).ok(), fs::canonicalize(harness.user.path("")).ok());
    for stream in 0..=2 {
        let file = fs::read_link(format!("/proc/{pid}/fd/{stream}")).expect("it is open");
        assert_eq!(file.to_str(), Some("/dev/null"), "the terminal would be written to or not close");
    }

    harness.send("hello");
    assert_eq!(harness.server.next_shown().await.body, "hello");
    let again = harness.user.handover(&["start"]).await.succeeded();
    assert_eq!(again, format!("already running: Connected as desk, 1 unread{END}"));
    assert_eq!(harness.user.status().await["pid"], status["pid"]);
    harness.user.settings("colour = 'red'\n");
    harness.until_status("the mistake is known", |status| status["problems"] != serde_json::json!([])).await;
    let again = harness.user.handover(&["start"]).await.succeeded();
    assert!(again.starts_with("already running: Connected as desk, 1 unread"), "{again}");
    assert_eq!(harness.user.handover(&["quit"]).await.succeeded(), "stopped\n");
}

#[tokio::test]
async fn a_daemon_that_starts_never_says_that_nobody_is_signed_in() {
    let harness = Harness::signed_in().await;
    let socket = harness.user.path("run/handover/control.sock");
    for _ in 0..5 {
        let daemon = harness.user.daemon();
        let connected = async {
            loop {
                let Ok(Reply::Status(status)) = ask(&socket, &Command::Status).await else {
                    tokio::task::yield_now().await;
                    continue;
                };
                let said = (status.link.as_str(), status.since > 1_700_000_000);
                assert!([("connecting", true), ("connected", true)].contains(&said), "{said:?}");
                if said.0 == "connected" {
                    break;
                }
            }
        };
        timeout(TIMEOUT, connected).await.expect("it connects");
        daemon.stop(Signal::TERM).await;
    }
}

#[tokio::test]
async fn a_daemon_without_a_connection_is_started_and_says_so() {
    let harness = Harness::signed_in().await;
    let _background = Background(&harness.user);
    harness.sandbox.faults().always(Endpoint::Socket, Fault::status(502));
    let said = harness.user.handover(&["start", "--no-tray"]).await.succeeded();
    assert_eq!(said, format!("started in the background: Offline, will reconnect{END}"));
    assert_eq!(harness.user.status().await["tray"], false);
}

#[tokio::test]
async fn what_only_a_person_can_fix_is_an_error() {
    let harness = Harness::new().await;
    let user = &harness.user;
    let said = user.handover(&["start"]).await.failed(3);
    assert_eq!(said, "error: not signed in: no login is saved here\nhint: run `handover setup` to sign in\n");
    user.sign_in(&harness.sandbox).await;
    let file = user.settings("colour = 'red'\n");
    let said = user.handover(&["start"]).await.failed(1);
    let expected = format!(
        "error: the settings cannot be used: {}:1: there is no setting \"colour\"\nhint: ",
        file.display()
    );
    assert!(said.starts_with(&expected), "{said}");
    assert!(user.handover(&["status"]).await.failed(4).starts_with("error: the daemon is not running\n"));
    user.settings("");

    // It starts nevertheless, and continues once that is fixed.
    let _background = Background(user);
    let login = fs::read(user.credentials()).expect("the login");
    fs::write(user.credentials(), "{").expect("damage it");
    let said = user.handover(&["start"]).await.failed(1);
    assert!(said.starts_with("error: no messages are being received: the login cannot be "), "{said}");
    assert!(said.contains("\nhint: "), "{said}");
    fs::write(user.credentials(), login).expect("repair it");
    user.handover(&["sync"]).await;
    harness.until_status("it is connected", |status| status["link"] == "connected").await;
}

#[tokio::test]
async fn a_daemon_that_cannot_run_at_all_is_an_error() {
    let harness = Harness::signed_in().await;
    let lock = harness.user.path("run/handover/lock");
    fs::remove_file(&lock).expect("remove the lock of the command before");
    fs::create_dir(&lock).expect("a folder where the lock belongs");
    let said = harness.user.handover(&["start"]).await.failed(1);
    assert!(said.starts_with("error: "), "{said}");
    assert!(said.ends_with("hint: run `handover run` in a terminal to see why\n"), "{said}");
}

#[tokio::test]
async fn systemd_starts_the_daemon_if_a_unit_starts_it_at_login() {
    let harness = Harness::signed_in().await;
    let user = &harness.user;
    let unit = user.path("config/systemd/user/graphical-session.target.wants/handover.service");
    fs::create_dir_all(unit.parent().expect("a folder")).expect("make it");
    std::os::unix::fs::symlink(crate::user::PROGRAM, &unit).expect("link it");
    user.install("systemctl", "#!/bin/sh\nexit 1\n");
    let said = user.handover(&["start"]).await.failed(1);
    let expected = "error: Handover was not started: systemd could not start handover.service\n\
        hint: `systemctl --user status handover.service` says why\n";
    assert_eq!(said, expected);
    let program = crate::user::PROGRAM;
    let systemctl =
        format!("#!/bin/sh\n[ \"$*\" = '--user start handover.service' ] && exec {program} run --at-login\n");
    user.install("systemctl", &systemctl);
    let _background = Background(user);
    let said = user.handover(&["start"]).await.succeeded();
    assert_eq!(said, format!("started in the background: Connected as desk{END}"));
    let pid = user.status().await["pid"].as_i64().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
    kill_process(pid.expect("a pid"), Signal::TERM).expect("stop it");
}
