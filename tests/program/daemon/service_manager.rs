//! What systemd hears of the daemon: the test has the socket it would have.

use std::fs;
use std::time::Duration;

use rustix::process::Signal;
use tokio::net::UnixDatagram;
use tokio::time::timeout;

use crate::process::TIMEOUT;
use crate::support::stage::Stage;

/// Names a service manager in the user's environment.
fn manager(stage: &mut Stage) -> UnixDatagram {
    let path = stage.home.path("run/notify");
    let socket = UnixDatagram::bind(&path).expect("listen");
    stage.home.set("NOTIFY_SOCKET", path.to_str().expect("a path in UTF-8"));
    socket
}

/// The next thing it is told.
async fn told(manager: &UnixDatagram) -> String {
    let mut buffer = [0; 1024];
    let heard = timeout(TIMEOUT, manager.recv(&mut buffer)).await;
    let length = heard.expect("the manager is told within 30 s").expect("receive");
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}

#[tokio::test]
async fn it_hears_of_the_start_of_every_change_and_of_the_end() {
    let mut stage = Stage::signed_in().await;
    let manager = manager(&mut stage);
    let daemon = stage.home.daemon();
    let first = told(&manager).await;
    assert!(first.starts_with("READY=1\nSTATUS="), "{first}");
    // Ready means that commands are answered.
    stage.home.status().await;
    let mut standing = first;
    while !standing.ends_with("STATUS=Connected as desk\n") {
        standing = told(&manager).await;
    }
    stage.send("hunter2");
    while standing != "STATUS=Connected as desk, 1 unread\n" {
        standing = told(&manager).await;
        assert!(
            standing.starts_with("STATUS=Connected as desk") && !standing.contains("hunter2"),
            "{standing}"
        );
    }
    let (finished, _) = daemon.stop(Signal::TERM).await;
    assert_eq!(finished.code, Some(0));
    assert_eq!(told(&manager).await, "STOPPING=1\n");
}

#[tokio::test]
async fn a_daemon_that_waits_for_a_login_is_ready() {
    let mut stage = Stage::new().await;
    let manager = manager(&mut stage);
    let _daemon = stage.home.daemon();
    assert_eq!(told(&manager).await, "READY=1\nSTATUS=Not signed in\n");
    stage.home.status().await;
    stage.home.sign_in(&stage.sandbox).await;
    while told(&manager).await != "STATUS=Connected as desk\n" {}
}

#[tokio::test]
async fn a_start_that_makes_way_is_no_failure() {
    let mut stage = Stage::signed_in().await;
    let _daemon = stage.connected().await;
    let manager = manager(&mut stage);
    let said = stage.home.handover(&["run", "--at-login"]).await.well();
    assert_eq!(said, "already running: Connected as desk\n");
    assert_eq!(told(&manager).await, "READY=1\nSTATUS=Made way for another: Connected as desk\n");
    stage.home.handover(&["sync"]).await.well();
    assert_eq!(stage.sandbox.counters().socket_logins, 1);
}

#[tokio::test]
async fn nobody_waits_for_a_manager_that_does_not_listen() {
    let mut stage = Stage::signed_in().await;
    let _deaf = manager(&mut stage);
    for address in [stage.home.path("run/notify"), stage.home.path("gone"), "vsock:2:1234".into()] {
        stage.home.set("NOTIFY_SOCKET", address.to_str().expect("a path in UTF-8"));
        let daemon = stage.connected().await;
        let (finished, span) = daemon.stop(Signal::TERM).await;
        assert_eq!(finished.code, Some(0), "{}", finished.err);
        assert!(span < Duration::from_secs(1), "{span:?}");
    }
}

#[tokio::test]
async fn no_other_program_can_speak_for_the_daemon() {
    let mut stage = Stage::new().await;
    let manager = manager(&mut stage);
    let noted = stage.home.path("noted");
    let script = format!("#!/bin/sh\nenv > {0}.new\nmv {0}.new {0}\n", noted.display());
    stage.home.install("xdg-terminal-exec", &script);
    let _daemon = stage.home.daemon();
    assert!(told(&manager).await.starts_with("READY=1\n"));
    let notification = stage.server.next_shown().await;
    stage.server.choose(notification.id, "sign-in").await;
    // Status answers in between give the terminal its time.
    stage.until_status("the terminal runs", |_| noted.exists()).await;
    let environment = fs::read_to_string(&noted).expect("what it was given");
    assert!(environment.contains("HOME=") && !environment.contains("NOTIFY_SOCKET"), "{environment}");
}
