//! A desktop that comes late, or goes and comes back.

use handover::sandbox::Options;
use handover::system::clock;

use crate::home::{Home, sandbox};
use crate::process::Running;
use crate::support::bus::Bus;
use crate::support::notification_server::NotificationServer;
use crate::support::stage::Stage;

#[tokio::test]
async fn what_could_not_be_shown_is_shown_once_there_is_a_notification_server() {
    let sandbox = sandbox(Options::new(clock::unix)).await;
    let bus = Bus::start();
    let mut home = Home::new(&sandbox);
    home.set("DBUS_SESSION_BUS_ADDRESS", bus.address());
    home.sign_in(&sandbox).await;
    let daemon = home.daemon();
    daemon.until_logged(" connected\n").await;

    let sent =
        sandbox.send(&[("message", "fire"), ("priority", "2"), ("retry", "3600"), ("expire", "10800")]);
    let receipt = sent["receipt"].as_str().expect("an emergency has a receipt");
    daemon.until_logged("messages cannot be shown: no notification server is running").await;
    home.handover(&["sync"]).await.well();
    let messages = home.messages().await;
    assert!(messages.len() == 1 && messages[0]["announced"].is_null(), "{messages:?}");
    assert!(
        sandbox.queue(&sandbox.devices()[0]).is_empty(),
        "it is on disk, so the service need not keep it"
    );
    assert!(!sandbox.is_acknowledged(receipt), "nobody has seen it");

    let server = NotificationServer::start(bus.address()).await;
    assert_eq!(server.next_shown().await.body, "fire");
    crate::home::until(&sandbox, "it is acknowledged", |_| sandbox.is_acknowledged(receipt)).await;
    assert_eq!(home.status().await["problems"], serde_json::json!([]));
    assert_eq!(server.screen().len(), 1);
}

#[tokio::test]
async fn a_bus_that_was_restarted_is_found_again() {
    let Stage { home, sandbox, server, mut bus } = Stage::signed_in().await;
    let daemon: Running = home.daemon();
    daemon.until_logged(" connected\n").await;
    sandbox.send(&[("message", "before")]);
    assert_eq!(server.next_shown().await.body, "before");
    // The daemon has had the answer, or it would be right to show it again.
    home.handover(&["sync"]).await.well();

    bus.stop();
    drop(server);
    sandbox.send(&[("message", "meanwhile")]);
    daemon.until_logged("messages cannot be shown: ").await;
    bus.restart();
    let server = NotificationServer::start(bus.address()).await;
    assert_eq!(server.next_shown().await.body, "meanwhile");
    sandbox.send(&[("message", "after")]);
    assert_eq!(server.next_shown().await.body, "after");
    home.handover(&["sync"]).await.well();
    assert_eq!(server.screen().len(), 2);
    assert_eq!(home.status().await["problems"], serde_json::json!([]));
}
