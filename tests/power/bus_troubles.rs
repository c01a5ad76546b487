//! A system bus that is absent, hangs, goes away, or comes back.

use std::os::unix::net::UnixListener;
use std::time::Duration;

use rustix::process::Signal;

use crate::computer::{Computer, LISTENS, NETWORK_MANAGER, System};
use crate::eavesdropper::Eavesdropper;
use crate::support::process::Running;

/// The time limit that the daemon promises.
const A_SECOND: Duration = Duration::from_secs(1);

/// Receives a message, and stops when told to.
async fn works_and_ends(computer: &Computer, daemon: Running) {
    let before = computer.sandbox.counters().deletes;
    computer.sandbox.send(&[("message", "hello")]);
    computer.until("it is received", |now| now.deletes > before).await;
    let (finished, took) = daemon.stop(Signal::TERM).await;
    assert_eq!(finished.code, Some(0), "{}", finished.err);
    assert!(took < A_SECOND, "it took {took:?}");
    assert!(!finished.err.contains("woke") && !finished.err.contains("came up"), "{}", finished.err);
    let complaints: Vec<&str> = finished.err.lines().filter(|line| line.contains("system bus")).collect();
    assert!(complaints.iter().all(|line| line.contains("DEBUG")), "{complaints:?}");
    assert!(complaints.len() <= 3, "within seconds: {complaints:?}");
}

#[tokio::test]
async fn it_runs_quietly_without_a_system_bus() {
    let mut computer = Computer::new().await;
    computer.bus.stop();
    let daemon = computer.user.daemon();
    daemon.until_logged("the system bus cannot be used").await;
    daemon.until_logged(" connected\n").await;
    works_and_ends(&computer, daemon).await;
}

#[tokio::test]
async fn a_bus_that_hangs_delays_neither_start_nor_exit() {
    let mut computer = Computer::new().await;
    let socket = computer.user.path("hangs");
    let listener = UnixListener::bind(&socket).expect("bind a socket");
    computer.user.set("DBUS_SYSTEM_BUS_ADDRESS", &format!("unix:path={}", socket.display()));
    let daemon = computer.user.daemon();
    daemon.until_logged(" connected\n").await;
    // A program accepts the call and never replies.
    listener.set_nonblocking(true).expect("set the mode");
    let listener = tokio::net::UnixListener::from_std(listener).expect("watch the socket");
    let called = tokio::time::timeout(crate::support::process::TIMEOUT, listener.accept()).await;
    let _held = called.expect("it calls").expect("take the call");
    works_and_ends(&computer, daemon).await;
}

#[tokio::test]
async fn it_reconnects_after_the_bus_ends() {
    let mut computer = Computer::new().await;
    let daemon = computer.connected().await;
    computer.bus.stop();
    daemon.until_logged("the system bus cannot be used, retrying in 5s").await;
    computer.sandbox.send(&[("message", "meanwhile")]);
    computer.until("it is received", |now| now.deletes > 0).await;

    computer.bus.restart();
    computer.system = System::on(&computer.bus).await;
    let mut eavesdropper = Eavesdropper::on(&computer.bus).await;
    let asks = "it asks for NetworkManager";
    eavesdropper
        .until_called(asks, |call| call.member == "GetNameOwner" && call.about == NETWORK_MANAGER)
        .await;
    let before = computer.connections();
    computer.system.sleep().await;
    computer.until("it connects again", |now| now.socket_logins > before).await;
    assert_eq!(daemon.until_logged("woke").await.matches(LISTENS).count(), 2);
    let (finished, took) = daemon.stop(Signal::TERM).await;
    assert_eq!(finished.code, Some(0), "{}", finished.err);
    assert!(took < A_SECOND, "it took {took:?}");
}

#[tokio::test]
async fn the_daemon_stops_within_a_second_while_the_bus_is_gone() {
    let mut computer = Computer::new().await;
    let daemon = computer.connected().await;
    computer.bus.stop();
    daemon.until_logged("the system bus cannot be used").await;
    works_and_ends(&computer, daemon).await;
}
