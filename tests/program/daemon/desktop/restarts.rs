//! Tests a desktop that starts late, or disappears and returns.

use handover::sandbox::Options;
use handover::system::clock;
use rustix::process::Signal;

use crate::process::Running;
use crate::support::bus::Bus;
use crate::support::harness::Harness;
use crate::support::notification_server::NotificationServer;
use crate::user::{User, sandbox};

#[tokio::test]
async fn messages_are_shown_once_a_notification_server_starts() {
    let sandbox = sandbox(Options::new(clock::unix)).await;
    let bus = Bus::start();
    let mut user = User::new(&sandbox);
    user.set("DBUS_SESSION_BUS_ADDRESS", bus.address());
    user.sign_in(&sandbox).await;
    let daemon = user.daemon();
    daemon.until_logged(" connected\n").await;

    let sent =
        sandbox.send(&[("message", "fire"), ("priority", "2"), ("retry", "3600"), ("expire", "10800")]);
    let receipt = sent["receipt"].as_str().expect("an emergency has a receipt");
    daemon.until_logged("messages cannot be shown: no notification server is running").await;
    user.handover(&["sync"]).await.succeeded();
    let messages = user.messages().await;
    assert!(messages.len() == 1 && messages[0]["announced"].is_null(), "{messages:?}");
    assert!(
        sandbox.queue(&sandbox.devices()[0]).is_empty(),
        "it is on disk, so it is deleted from the service"
    );
    assert!(!sandbox.is_acknowledged(receipt), "nobody has seen it");

    let server = NotificationServer::start(bus.address()).await;
    assert_eq!(server.next_shown().await.body, "fire");
    crate::user::until(&sandbox, "it is acknowledged", |_| sandbox.is_acknowledged(receipt)).await;
    assert_eq!(user.status().await["problems"], serde_json::json!([]));
    assert_eq!(server.screen().len(), 1);
}

#[tokio::test]
async fn a_restarted_bus_is_found_again() {
    let Harness { user, sandbox, server, mut bus } = Harness::signed_in().await;
    let daemon: Running = user.daemon();
    daemon.until_logged(" connected\n").await;
    sandbox.send(&[("message", "before")]);
    assert_eq!(server.next_shown().await.body, "before");
    // The daemon has received the reply; otherwise it would be right to show the notification again.
    user.handover(&["sync"]).await.succeeded();

    bus.stop();
    drop(server);
    sandbox.send(&[("message", "meanwhile")]);
    daemon.until_logged("messages cannot be shown: ").await;
    bus.restart();
    let server = NotificationServer::start(bus.address()).await;
    assert_eq!(server.next_shown().await.body, "meanwhile");
    sandbox.send(&[("message", "after")]);
    assert_eq!(server.next_shown().await.body, "after");
    user.handover(&["sync"]).await.succeeded();
    assert_eq!(server.screen().len(), 2);
    assert_eq!(user.status().await["problems"], serde_json::json!([]));
}

#[tokio::test]
async fn an_open_emergency_is_shown_again_at_once_in_a_new_session() {
    let Harness { user, sandbox, server, bus } = Harness::signed_in().await;
    user.settings("emergency = 'manual'");
    let emergency = |text| [("message", text), ("priority", "2"), ("retry", "3600"), ("expire", "10800")];
    {
        let daemon: Running = user.daemon();
        daemon.until_logged(" connected\n").await;
        sandbox.send(&emergency("fire"));
        assert_eq!(server.next_shown().await.body, "fire");
        sandbox.send(&emergency("flood"));
        assert_eq!(server.next_shown().await.body, "flood");
        sandbox.send(&[("message", "news")]);
        assert_eq!(server.next_shown().await.body, "news");
        user.handover(&["sync"]).await.succeeded();
        let flood = user.messages_of(&["--search", "flood"]).await;
        let id = flood[0]["id"].as_str().expect("an id");
        user.handover(&["acknowledge", id]).await.succeeded();
        daemon.stop(Signal::TERM).await;
    }
    drop(server);
    let server = NotificationServer::start(bus.address()).await;
    let _daemon = user.daemon();
    let again = server.next_shown().await;
    assert_eq!((again.body.as_str(), again.title.as_str()), ("fire", "Emergency: Sandbox"));
    assert_eq!((again.byte_hint("urgency"), again.has_hint("resident")), (Some(2), true));
    assert!(again.actions.contains(&"Acknowledge".to_owned()), "{again:?}");
    user.handover(&["sync"]).await.succeeded();
    assert_eq!(server.screen().len(), 1, "acknowledged emergencies and other messages are not shown again");
}
