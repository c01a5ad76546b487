//! How the daemon starts, and how it ends.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use handover::sandbox::{Endpoint, Fault};
use rustix::process::Signal;
use tokio::net::UnixListener;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::process::{Finished, Running, TIMEOUT};
use crate::support::notification_server::{Behaviour, Moment};
use crate::support::stage::Stage;

/// What the daemon promises.
const A_SECOND: Duration = Duration::from_secs(1);

const NOT_RUNNING: &str = "error: not running: no daemon answers here\nhint: start it with `handover run`\n";
/// The same with what `status` knows besides.
const SIGNED_IN: &str =
    "error: not running: no daemon answers here\nhint: you are signed in; start it with `handover run`\n";
const SIGNED_OUT: &str = "error: not running: no daemon answers here\n\
    hint: nobody is signed in: run `handover setup`, then `handover run`\n";

#[tokio::test]
async fn without_a_login_and_a_terminal_it_says_so_in_a_notification_and_waits() {
    let stage = Stage::new().await;
    for arguments in [&["run"][..], &[], &["run", "--no-tray"]] {
        let daemon = Running::start(stage.home.command(arguments));
        let notification = stage.server.next_shown().await;
        assert_eq!(notification.title, "Not signed in");
        assert!(notification.body.contains("handover setup"), "{}", notification.body);
        stage.until_status("nobody is signed in", |status| status["link"] == "signed-out").await;
        let said = stage.home.handover(&["sync"]).await.badly(3);
        assert_eq!(
            said,
            "error: not signed in: no login is saved here\nhint: run `handover setup` to sign in\n"
        );
        assert!(stage.sandbox.journal().is_empty());
        assert_eq!(daemon.stop(Signal::TERM).await.0.code, Some(0));
        assert_eq!(stage.server.next_closed().await, notification.id, "nobody would take it away");
    }
}

#[tokio::test]
async fn it_goes_on_by_itself_once_somebody_signed_in() {
    let stage = Stage::new().await;
    let _daemon = stage.home.daemon();
    let notification = stage.server.next_shown().await;
    stage.home.sign_in(&stage.sandbox).await;
    stage.until_status("it is connected", |status| status["link"] == "connected").await;
    assert_eq!(stage.server.next_closed().await, notification.id);
    stage.send("the first");
    assert_eq!(stage.server.next_shown().await.body, "the first");
}

/// Puts a terminal on the user's path that notes what it is to run: its file, and the note's.
fn a_terminal(stage: &Stage) -> (PathBuf, PathBuf) {
    let noted = stage.home.path("ran");
    let script = format!("#!/bin/sh\nprintf '%s\\n' \"$@\" > {0}.new\nmv {0}.new {0}\n", noted.display());
    (stage.home.install("xdg-terminal-exec", &script), noted)
}

#[tokio::test]
async fn the_notification_opens_a_terminal_to_sign_in() {
    let stage = Stage::new().await;
    let (_, noted) = a_terminal(&stage);
    let _daemon = stage.home.daemon();
    let notification = stage.server.next_shown().await;
    assert!(
        notification.actions.windows(2).any(|pair| pair == ["sign-in", "Sign in"]),
        "{:?}",
        notification.actions
    );
    stage.server.choose(notification.id, "sign-in").await;
    // Status answers in between give the terminal its time.
    stage.until_status("the terminal runs", |_| noted.exists()).await;
    let ran = fs::read_to_string(&noted).expect("what it ran");
    assert_eq!(ran, format!("{}\nsetup\n", env!("CARGO_BIN_EXE_handover")));
}

#[tokio::test]
async fn the_terminal_runs_what_an_update_put_in_the_place_of_the_program() {
    let stage = Stage::new().await;
    let (terminal, noted) = a_terminal(&stage);
    let program = terminal.with_file_name("handover");
    fs::copy(env!("CARGO_BIN_EXE_handover"), &program).expect("copy the program");
    let _daemon = Running::start(stage.home.command_of(&program, &["run"]));
    let notification = stage.server.next_shown().await;
    fs::remove_file(&program).expect("remove the program");
    fs::write(&program, "the next version").expect("write another");
    stage.server.choose(notification.id, "sign-in").await;
    stage.until_status("the terminal runs", |_| noted.exists()).await;
    let ran = fs::read_to_string(&noted).expect("what it ran");
    assert_eq!(ran, format!("{}\nsetup\n", program.display()));
}

#[tokio::test]
async fn there_is_only_one() {
    let stage = Stage::signed_in().await;
    let _daemon = stage.connected().await;
    let second = stage.home.handover(&["run"]).await.badly(1);
    let expected = "error: already running: Connected as desk\n\
        hint: `handover status` says more; `handover quit` stops it\n";
    assert_eq!(second, expected);
    stage.home.handover(&["sync"]).await.well();
    assert_eq!(stage.sandbox.counters().socket_logins, 1);
}

/// The ways to end it.
#[derive(Clone, Copy, Debug)]
enum Way {
    Signal(Signal),
    Quit,
}

const WAYS: [Way; 3] = [Way::Signal(Signal::TERM), Way::Signal(Signal::INT), Way::Quit];

/// Ends the daemon, which has to do well and take less than a second, and starts another.
async fn ends_well(stage: &Stage, daemon: Running, way: Way) -> Finished {
    let (finished, span) = match way {
        Way::Signal(signal) => daemon.stop(signal).await,
        Way::Quit => {
            assert_eq!(stage.home.handover(&["quit"]).await.well(), "stopped\n");
            // The lock is free, so the process is as good as gone.
            (daemon.ended().await, Duration::ZERO)
        }
    };
    assert_eq!(finished.code, Some(0), "{way:?}: {}", finished.err);
    assert!(span < A_SECOND, "{way:?} took {span:?}");
    assert_eq!(stage.home.handover(&["status"]).await.badly(4), SIGNED_IN, "{way:?}");
    finished
}

#[tokio::test]
async fn it_ends_within_a_second() {
    let stage = Stage::signed_in().await;
    for way in WAYS {
        let daemon = stage.connected().await;
        let finished = ends_well(&stage, daemon, way).await;
        assert_eq!(finished.out, "");
    }
}

#[tokio::test]
async fn it_ends_within_a_second_while_a_download_hangs() {
    let stage = Stage::signed_in().await;
    for way in WAYS {
        let daemon = stage.connected().await;
        let before = stage.sandbox.counters().faults;
        stage.sandbox.faults().next(Endpoint::Download, Fault::Hang, 1);
        stage.send("late");
        stage.until("a download hangs", |now| now.faults > before).await;
        ends_well(&stage, daemon, way).await;
    }
    let _daemon = stage.connected().await;
    assert_eq!(stage.home.messages().await.len(), WAYS.len());
}

#[tokio::test]
async fn it_ends_within_a_second_while_the_service_does_not_let_it_in() {
    let stage = Stage::signed_in().await;
    for way in WAYS {
        let before = stage.sandbox.counters().faults;
        stage.sandbox.faults().next(Endpoint::Socket, Fault::Hang, 1);
        let daemon = stage.home.daemon();
        stage.until("the connection hangs", |now| now.faults > before).await;
        ends_well(&stage, daemon, way).await;
    }
}

#[tokio::test]
async fn it_ends_within_a_second_while_the_session_bus_does_not_let_it_in() {
    let mut stage = Stage::signed_in().await;
    let path = stage.home.path("run/hangs");
    let bus = UnixListener::bind(&path).expect("listen");
    stage.home.set("DBUS_SESSION_BUS_ADDRESS", &format!("unix:path={}", path.display()));
    for signal in [Signal::TERM, Signal::INT] {
        let daemon = stage.home.daemon();
        let _asking = timeout(TIMEOUT, bus.accept()).await.expect("it connects").expect("accept");
        let (finished, span) = daemon.stop(signal).await;
        assert_eq!(finished.code, Some(0), "{signal:?}: {}", finished.err);
        assert!(span < A_SECOND, "{signal:?} took {span:?}");
    }
}

#[tokio::test]
async fn it_ends_within_a_second_while_a_keyring_is_asked_that_hangs() {
    let stage = Stage::signed_in().await;
    let daemon = stage.connected().await;
    stage.bus.freeze();
    stage.home.settings("secret_store = 'keyring'");
    daemon.until_logged("the settings were changed").await;
    let (finished, span) = daemon.stop(Signal::TERM).await;
    assert_eq!(finished.code, Some(0), "{}", finished.err);
    assert!(span < A_SECOND, "it took {span:?}");
}

/// Sends a message and waits until the notification server leaves the daemon without an answer.
async fn send_to_a_server_that_hangs(stage: &Stage, text: &str) {
    stage.server.behave(Behaviour::Hang);
    let (tell, is_there) = oneshot::channel();
    stage.server.at_next(Moment::LeftUnanswered, || tell.send(()).expect("the test waits"));
    stage.send(text);
    timeout(TIMEOUT, is_there).await.expect("a call arrives").expect("the server is there");
}

#[tokio::test]
async fn it_ends_within_a_second_while_the_notification_server_hangs() {
    let stage = Stage::signed_in().await;
    // A daemon that has not met the server yet hangs at its first question, one that has at the notification itself.
    for (is_known, way) in [false, true].into_iter().flat_map(|is_known| WAYS.map(|way| (is_known, way))) {
        let daemon = stage.connected().await;
        if is_known {
            stage.send("known");
            stage.home.handover(&["sync"]).await.well();
        }
        stage.shown_so_far().await;
        send_to_a_server_that_hangs(&stage, "late").await;
        ends_well(&stage, daemon, way).await;
        stage.server.behave(Behaviour::Answer);
    }
    let _daemon = stage.connected().await;
    // Nobody took it, so it is shown when somebody does.
    let shown: Vec<_> =
        stage.shown_so_far().await.into_iter().map(|notification| notification.body).collect();
    assert_eq!(shown, ["late"]);
}

#[tokio::test]
async fn a_notification_that_is_taken_while_it_ends_is_not_shown_again() {
    let stage = Stage::signed_in().await;
    let daemon = stage.connected().await;
    let pid = daemon.pid();
    stage.server.at_next(Moment::BeforeAnswer, move || {
        rustix::process::kill_process(pid, Signal::TERM).expect("ask it to end");
    });
    stage.send("once");
    let finished = daemon.ended().await;
    assert_eq!(finished.code, Some(0), "{}", finished.err);
    let _daemon = stage.connected().await;
    assert_eq!(stage.shown_so_far().await.len(), 1);
    assert!(stage.home.messages().await[0]["announced"].is_i64());
}

#[tokio::test]
async fn what_a_killed_daemon_leaves_behind_keeps_nobody_from_starting() {
    let stage = Stage::signed_in().await;
    stage.connected().await.kill().await;
    for left in ["run/handover/control.sock", "run/handover/lock"] {
        assert!(stage.home.path(left).exists(), "{left}");
    }
    for (command, said) in [("status", SIGNED_IN), ("sync", NOT_RUNNING), ("quit", NOT_RUNNING)] {
        assert_eq!(stage.home.handover(&[command]).await.badly(4), said, "{command}");
    }
    let daemon = stage.connected().await;
    assert_eq!(stage.home.status().await["link"], "connected");
    ends_well(&stage, daemon, Way::Quit).await;
    assert!(!stage.home.path("run/handover/control.sock").exists());
}

#[tokio::test]
async fn commands_for_the_daemon_say_when_there_is_none() {
    let stage = Stage::new().await;
    for (arguments, said) in [
        (&["status"][..], SIGNED_OUT),
        (&["status", "--json"], SIGNED_OUT),
        (&["sync"], NOT_RUNNING),
        (&["quit"], NOT_RUNNING),
    ] {
        let finished = stage.home.handover(arguments).await;
        assert_eq!(finished.out, "");
        assert_eq!(finished.badly(4), said, "{arguments:?}");
    }
}
