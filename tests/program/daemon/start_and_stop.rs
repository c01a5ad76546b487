//! Tests how the daemon starts and stops.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use handover::sandbox::{Endpoint, Fault};
use rustix::process::Signal;
use tokio::net::UnixListener;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::process::{Finished, Running, TIMEOUT};
use crate::support::harness::Harness;
use crate::support::notification_server::{Behaviour, Trigger};

/// The time limit that the daemon promises.
const A_SECOND: Duration = Duration::from_secs(1);

const NOT_RUNNING: &str = "error: the daemon is not running\nhint: start it with `handover start`\n";
const NOTHING_TO_STOP: &str = "error: the daemon is not running\n";
const SIGNED_OUT: &str = "error: the daemon is not running\n\
    hint: you are not signed in: run `handover setup`, then `handover start`\n";

#[tokio::test]
async fn without_a_login_and_a_terminal_the_daemon_shows_a_notification_and_waits() {
    let harness = Harness::new().await;
    for arguments in [&["run"][..], &[], &["run", "--no-tray"]] {
        let daemon = Running::start(harness.user.command(arguments));
        let notification = harness.server.next_shown().await;
        assert_eq!(notification.title, "Not signed in");
        assert!(notification.body.contains("handover setup"), "{}", notification.body);
        harness.until_status("nobody is signed in", |status| status["link"] == "signed-out").await;
        let said = harness.user.handover(&["sync"]).await.failed(3);
        assert_eq!(
            said,
            "error: not signed in: no login is saved here\nhint: run `handover setup` to sign in\n"
        );
        assert!(harness.sandbox.journal().is_empty());
        assert_eq!(daemon.stop(Signal::TERM).await.0.code, Some(0));
        assert_eq!(harness.server.next_closed().await, notification.id, "nothing would close it");
    }
}

#[tokio::test]
async fn the_daemon_continues_once_the_user_signs_in() {
    let harness = Harness::new().await;
    let _daemon = harness.user.daemon();
    let notification = harness.server.next_shown().await;
    harness.user.sign_in(&harness.sandbox).await;
    harness.until_status("it is connected", |status| status["link"] == "connected").await;
    assert_eq!(harness.server.next_closed().await, notification.id);
    // What came before the end of the initial sync is not shown.
    harness.user.handover(&["sync"]).await.succeeded();
    harness.send("the first");
    assert_eq!(harness.server.next_shown().await.body, "the first");
}

/// Puts a terminal on the user's path that records its command; returns its file, and the file with the record.
fn a_terminal(harness: &Harness) -> (PathBuf, PathBuf) {
    let noted = harness.user.path("ran");
    let script = format!("#!/bin/sh\nprintf '%s\\n' \"$@\" > {0}.new\nmv {0}.new {0}\n", noted.display());
    (harness.user.install("xdg-terminal-exec", &script), noted)
}

#[tokio::test]
async fn the_notification_opens_a_terminal_to_sign_in() {
    let harness = Harness::new().await;
    let (_, noted) = a_terminal(&harness);
    let _daemon = harness.user.daemon();
    let notification = harness.server.next_shown().await;
    assert!(
        notification.actions.windows(2).any(|pair| pair == ["sign-in", "Sign in"]),
        "{:?}",
        notification.actions
    );
    harness.server.choose(notification.id, "sign-in").await;
    // Status replies in between give the terminal time to start.
    harness.until_status("the terminal runs", |_| noted.exists()).await;
    let ran = fs::read_to_string(&noted).expect("what it ran");
    assert_eq!(ran, format!("{}\nsetup\n", env!("CARGO_BIN_EXE_handover")));
}

#[tokio::test]
async fn a_newcomer_who_starts_it_from_a_menu_gets_the_window_to_sign_in() {
    let mut harness = Harness::new().await;
    harness.user.set("DISPLAY", ":none");
    let noted = harness.user.path("ran");
    let script = format!("#!/bin/sh\nprintf '%s\\n' \"$@\" > {0}.new\nmv {0}.new {0}\n", noted.display());
    let window = harness.user.install("handover-window", &script);
    let program = window.with_file_name("handover");
    fs::copy(env!("CARGO_BIN_EXE_handover"), &program).expect("copy the program beside the window");
    for (arguments, opens) in [(&[][..], true), (&["run", "--at-login"], false), (&["run"], false)] {
        let daemon = Running::start(harness.user.command_of(&program, arguments));
        let notification = harness.server.next_shown().await;
        if opens {
            harness.until_status("the window runs", |_| noted.exists()).await;
            assert_eq!(fs::read_to_string(&noted).expect("what it ran"), "setup\n");
            fs::remove_file(&noted).expect("forget it");
        }
        assert_eq!(daemon.stop(Signal::TERM).await.0.code, Some(0));
        assert_eq!(harness.server.next_closed().await, notification.id);
        assert!(!noted.exists(), "{arguments:?} opened a window");
    }
    harness.user.sign_in(&harness.sandbox).await;
    let _daemon = Running::start(harness.user.command_of(&program, &[]));
    harness.until("the connection", |now| now.socket_logins > 0).await;
    harness.until_status("it is connected", |status| status["link"] == "connected").await;
    assert!(!noted.exists(), "there is nothing to sign in to");
}

#[tokio::test]
async fn the_terminal_runs_the_updated_program() {
    let harness = Harness::new().await;
    let (terminal, noted) = a_terminal(&harness);
    let program = terminal.with_file_name("handover");
    fs::copy(env!("CARGO_BIN_EXE_handover"), &program).expect("copy the program");
    let _daemon = Running::start(harness.user.command_of(&program, &["run"]));
    let notification = harness.server.next_shown().await;
    fs::remove_file(&program).expect("remove the program");
    fs::write(&program, "the next version").expect("write another");
    harness.server.choose(notification.id, "sign-in").await;
    harness.until_status("the terminal runs", |_| noted.exists()).await;
    let ran = fs::read_to_string(&noted).expect("what it ran");
    assert_eq!(ran, format!("{}\nsetup\n", program.display()));
}

#[tokio::test]
async fn a_second_daemon_does_not_start() {
    let harness = Harness::signed_in().await;
    let _daemon = harness.connected().await;
    let second = harness.user.handover(&["run"]).await.failed(1);
    let expected = "error: already running: Connected as desk\n\
        hint: `handover status` shows details; `handover quit` stops it\n";
    assert_eq!(second, expected);
    harness.user.handover(&["sync"]).await.succeeded();
    assert_eq!(harness.sandbox.counters().socket_logins, 1);
}

/// How to stop the daemon.
#[derive(Clone, Copy, Debug)]
enum Stop {
    Signal(Signal),
    Quit,
}

const STOPS: [Stop; 3] = [Stop::Signal(Signal::TERM), Stop::Signal(Signal::INT), Stop::Quit];

/// Stops the daemon, which has to succeed within a second, and starts another.
async fn stop_and_restart(harness: &Harness, daemon: Running, way: Stop) -> Finished {
    let (finished, span) = match way {
        Stop::Signal(signal) => daemon.stop(signal).await,
        Stop::Quit => {
            assert_eq!(harness.user.handover(&["quit"]).await.succeeded(), "stopped\n");
            // The lock is free, so the process has practically ended.
            (daemon.ended().await, Duration::ZERO)
        }
    };
    assert_eq!(finished.code, Some(0), "{way:?}: {}", finished.err);
    assert!(span < A_SECOND, "{way:?} took {span:?}");
    assert_eq!(harness.user.handover(&["status"]).await.failed(4), NOT_RUNNING, "{way:?}");
    finished
}

#[tokio::test]
async fn the_daemon_stops_within_a_second() {
    let harness = Harness::signed_in().await;
    for way in STOPS {
        let daemon = harness.connected().await;
        let finished = stop_and_restart(&harness, daemon, way).await;
        assert_eq!(finished.out, "");
    }
}

#[tokio::test]
async fn the_daemon_stops_within_a_second_while_a_download_hangs() {
    let harness = Harness::signed_in().await;
    for way in STOPS {
        let daemon = harness.connected().await;
        let before = harness.sandbox.counters().faults;
        harness.sandbox.faults().next(Endpoint::Download, Fault::Hang, 1);
        harness.send("late");
        harness.until("a download hangs", |now| now.faults > before).await;
        stop_and_restart(&harness, daemon, way).await;
    }
    let _daemon = harness.connected().await;
    assert_eq!(harness.user.messages().await.len(), STOPS.len());
}

#[tokio::test]
async fn the_daemon_stops_within_a_second_while_the_service_does_not_accept() {
    let harness = Harness::signed_in().await;
    for way in STOPS {
        let before = harness.sandbox.counters().faults;
        harness.sandbox.faults().next(Endpoint::Socket, Fault::Hang, 1);
        let daemon = harness.user.daemon();
        harness.until("the connection hangs", |now| now.faults > before).await;
        stop_and_restart(&harness, daemon, way).await;
    }
}

#[tokio::test]
async fn the_daemon_stops_within_a_second_while_the_session_bus_does_not_accept() {
    let mut harness = Harness::signed_in().await;
    let path = harness.user.path("run/hangs");
    let bus = UnixListener::bind(&path).expect("listen");
    harness.user.set("DBUS_SESSION_BUS_ADDRESS", &format!("unix:path={}", path.display()));
    for signal in [Signal::TERM, Signal::INT] {
        let daemon = harness.user.daemon();
        let _asking = timeout(TIMEOUT, bus.accept()).await.expect("it connects").expect("accept");
        let (finished, span) = daemon.stop(signal).await;
        assert_eq!(finished.code, Some(0), "{signal:?}: {}", finished.err);
        assert!(span < A_SECOND, "{signal:?} took {span:?}");
    }
}

#[tokio::test]
async fn the_daemon_stops_within_a_second_while_the_keyring_hangs() {
    let harness = Harness::signed_in().await;
    let daemon = harness.connected().await;
    harness.bus.freeze();
    harness.user.settings("secret_store = 'keyring'");
    daemon.until_logged("the settings were changed").await;
    let (finished, span) = daemon.stop(Signal::TERM).await;
    assert_eq!(finished.code, Some(0), "{}", finished.err);
    assert!(span < A_SECOND, "it took {span:?}");
}

/// Sends a message and waits until the notification server has left the daemon without a reply.
async fn send_to_a_server_that_hangs(harness: &Harness, text: &str) {
    harness.server.behave(Behaviour::Hang);
    let (tell, is_there) = oneshot::channel();
    harness.server.at_next(Trigger::LeftUnanswered, || tell.send(()).expect("the test waits"));
    harness.send(text);
    timeout(TIMEOUT, is_there).await.expect("a call arrives").expect("the server is there");
}

#[tokio::test]
async fn the_daemon_stops_within_a_second_while_the_notification_server_hangs() {
    let harness = Harness::signed_in().await;
    // A daemon that has not used the server yet hangs at its first query, any other at the notification itself.
    for (is_known, way) in [false, true].into_iter().flat_map(|is_known| STOPS.map(|way| (is_known, way))) {
        let daemon = harness.connected().await;
        if is_known {
            harness.send("known");
            harness.user.handover(&["sync"]).await.succeeded();
        }
        harness.shown_so_far().await;
        send_to_a_server_that_hangs(&harness, "late").await;
        stop_and_restart(&harness, daemon, way).await;
        harness.server.behave(Behaviour::Answer);
    }
    let _daemon = harness.connected().await;
    // No server has accepted it, so it is shown once one does.
    let shown: Vec<_> =
        harness.shown_so_far().await.into_iter().map(|notification| notification.body).collect();
    assert_eq!(shown, ["late"]);
}

#[tokio::test]
async fn a_notification_accepted_during_shutdown_is_not_shown_again() {
    let harness = Harness::signed_in().await;
    let daemon = harness.connected().await;
    let pid = daemon.pid();
    harness.server.at_next(Trigger::BeforeAnswer, move || {
        rustix::process::kill_process(pid, Signal::TERM).expect("ask it to end");
    });
    harness.send("once");
    let finished = daemon.ended().await;
    assert_eq!(finished.code, Some(0), "{}", finished.err);
    let _daemon = harness.connected().await;
    assert_eq!(harness.shown_so_far().await.len(), 1);
    assert!(harness.user.messages().await[0]["announced"].is_i64());
}

#[tokio::test]
async fn leftovers_of_a_killed_daemon_do_not_prevent_a_start() {
    let harness = Harness::signed_in().await;
    harness.connected().await.kill().await;
    for left in ["run/handover/control.sock", "run/handover/lock"] {
        assert!(harness.user.path(left).exists(), "{left}");
    }
    for (command, said) in [("status", NOT_RUNNING), ("sync", NOT_RUNNING), ("quit", NOTHING_TO_STOP)] {
        assert_eq!(harness.user.handover(&[command]).await.failed(4), said, "{command}");
    }
    let daemon = harness.connected().await;
    assert_eq!(harness.user.status().await["link"], "connected");
    stop_and_restart(&harness, daemon, Stop::Quit).await;
    assert!(!harness.user.path("run/handover/control.sock").exists());
}

#[tokio::test]
async fn commands_report_that_no_daemon_runs() {
    let harness = Harness::new().await;
    for (arguments, said) in [
        (&["status"][..], SIGNED_OUT),
        (&["status", "--json"], SIGNED_OUT),
        (&["sync"], SIGNED_OUT),
        (&["pause", "45m"], SIGNED_OUT),
        (&["listen"], SIGNED_OUT),
        (&["messages", "--watch"], SIGNED_OUT),
        (&["quit"], NOTHING_TO_STOP),
    ] {
        let finished = harness.user.handover(arguments).await;
        assert_eq!(finished.out, "");
        assert_eq!(finished.failed(4), said, "{arguments:?}");
    }
}
