//! Another program on the session bus replies before the notification server does.
//!
//! Invariant: the bus is a real one that delivers such replies. A bus with the usual rules delivers none.

use handover::ports::Notifier;
use handover::system::dbus;
use tokio::sync::oneshot;
use zbus::{Connection, Message};

use crate::harness::{notification, notifier};
use crate::support::bus::Bus;
use crate::support::notification_server::{Behaviour, NotificationServer, Trigger, connect};

const SERVER: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";
const FORGED: u32 = 4_711;

#[tokio::test]
async fn a_notification_has_the_id_that_the_server_gave_it() {
    let bus = Bus::with_any_replies();
    let server = NotificationServer::start(bus.address()).await;
    let notifier = notifier(&bus);
    notifier.show(&notification("")).await.expect("a notification");
    let forger = connect(bus.address()).await;
    let called = hang(&server);
    let forge = async {
        called.await.expect("the server is called");
        forge_reply(&server, &forger).await;
        server.catch_up().await;
    };
    let second = notification("");
    let (shown, ()) = tokio::join!(notifier.show(&second), forge);
    assert_ne!(shown.expect("a notification").0, FORGED);
}

#[tokio::test]
async fn a_call_of_another_service_such_as_the_keyring_fails_with_a_forged_reply() {
    let bus = Bus::with_any_replies();
    let server = NotificationServer::start(bus.address()).await;
    let (ours, forger) = (connect(bus.address()).await, connect(bus.address()).await);
    let called = hang(&server);
    let forge = async {
        called.await.expect("the server is called");
        forge_reply(&server, &forger).await;
    };
    let call = dbus::call(&ours, SERVER, PATH, SERVER, "GetCapabilities", &());
    let (reply, ()) = tokio::join!(call, forge);
    assert!(matches!(reply, Err(zbus::Error::InvalidReply)), "{reply:?}");
}

#[tokio::test]
async fn a_bus_with_the_usual_rules_delivers_no_forged_reply() {
    let bus = Bus::start();
    let server = NotificationServer::start(bus.address()).await;
    let (ours, forger) = (connect(bus.address()).await, connect(bus.address()).await);
    let called = hang(&server);
    let forge = async {
        called.await.expect("the server is called");
        forge_reply(&server, &forger).await;
        server.catch_up().await;
    };
    let call = dbus::call(&ours, SERVER, PATH, SERVER, "GetCapabilities", &());
    let (reply, ()) = tokio::join!(call, forge);
    reply.expect("the reply of the server");
}

/// The server replies to nothing; when it was called next.
fn hang(server: &NotificationServer) -> oneshot::Receiver<()> {
    let (on_call, called) = oneshot::channel();
    server.behave(Behaviour::Hang);
    server.at_next(Trigger::LeftUnanswered, move || on_call.send(()).expect("the test waits"));
    called
}

/// Replies to the call in the place of the server, and waits until the bus has handled that.
async fn forge_reply(server: &NotificationServer, forger: &Connection) {
    for call in server.unanswered_calls() {
        let reply = Message::method_return(&call.header()).expect("a reply").build(&(FORGED,));
        forger.send(&reply.expect("a reply")).await.expect("send a reply");
    }
    forger.request_name("org.example.Done").await.expect("a name");
}
