//! Notifications that an earlier process left on the screen.

use handover::desktop::notifier::freedesktop::FreedesktopNotifier;
use handover::domain::notification::{Notification, NotificationAction, NotificationEvent, NotificationId};
use handover::ports::{Notifier, Reattached};
use tokio::time::timeout;

use crate::support::bus::Bus;
use crate::support::notification_server::NotificationServer;
use crate::support::process::TIMEOUT;

fn process(bus: &Bus) -> FreedesktopNotifier {
    FreedesktopNotifier::new(Some(bus.address().to_owned()))
}

/// A process that showed two notifications and ended; the name of the server, and the ids.
async fn earlier(bus: &Bus) -> (String, [NotificationId; 2]) {
    let process = process(bus);
    assert_eq!(process.server_name(), None);
    let one = process.show(&Notification::about_handover("one", "")).await.expect("a notification");
    let two = process.show(&Notification::about_handover("two", "")).await.expect("a notification");
    (process.server_name().expect("the server has a name"), [one, two])
}

async fn next_event(process: &FreedesktopNotifier) -> NotificationEvent {
    timeout(TIMEOUT, process.next_event()).await.expect("an event within 30 s")
}

#[tokio::test]
async fn events_of_leftover_notifications_are_reported() {
    let bus = Bus::start();
    let server = NotificationServer::start(bus.address()).await;
    let (name, [one, two]) = earlier(&bus).await;
    let process = process(&bus);
    assert_eq!(process.reattach(&name, &[one, two]).await, Reattached::Yes);
    server.choose(one.0, "mark-read").await;
    assert_eq!(
        next_event(&process).await,
        NotificationEvent::ActionInvoked(one, NotificationAction::MarkRead)
    );
    process.close(one).await;
    assert_eq!(next_event(&process).await, NotificationEvent::Closed(one));
    assert_eq!(server.screen().keys().copied().collect::<Vec<_>>(), [two.0]);
    // A notification of this process replaces one of the other process.
    let notification = Notification { replaces: Some(two), ..Notification::about_handover("three", "") };
    assert_eq!(process.show(&notification).await, Ok(two));
    assert_eq!(process.server_name(), Some(name));
    server.dismiss(two.0).await;
    assert_eq!(next_event(&process).await, NotificationEvent::Dismissed(two));
}

#[tokio::test]
async fn leftover_notifications_of_another_server_are_ignored() {
    let bus = Bus::start();
    let server = NotificationServer::start(bus.address()).await;
    let (name, ids) = earlier(&bus).await;
    let other_bus = Bus::start();
    let _other_server = NotificationServer::start(other_bus.address()).await;
    let reattached = process(&other_bus).reattach(&name, &ids).await;
    assert_eq!(reattached, Reattached::No, "the same numbers on another bus");
    drop(server);
    let process = process(&bus);
    assert_eq!(process.reattach(&name, &ids).await, Reattached::No, "nobody is there");
    let server = NotificationServer::start(bus.address()).await;
    let own = process.show(&Notification::about_handover("own", "")).await.expect("a notification");
    assert_eq!(own, ids[0], "it counts from the start");
    assert_ne!(process.server_name(), Some(name.clone()), "another life, another name");
    assert_eq!(next_event(&process).await, NotificationEvent::ServerAvailable);
    server.choose(ids[1].0, "default").await;
    server.choose(own.0, "default").await;
    assert_eq!(
        next_event(&process).await,
        NotificationEvent::ActionInvoked(own, NotificationAction::Default)
    );
    assert_eq!(process.reattach(&name, &ids).await, Reattached::No);
}

#[tokio::test]
async fn leftover_notifications_are_replaced_where_only_their_program_hears_of_clicks() {
    for (name, revives_closed) in [("gnome-shell", false), ("dunst", true)] {
        let bus = Bus::start();
        let server = NotificationServer::called(name, bus.address(), &["actions", "body"]).await;
        let earlier = earlier(&bus).await;
        let (run, [one, two]) = earlier;
        // The earlier process is gone once the bus says so.
        server.until_alone(one.0).await;
        let process = process(&bus);
        assert_eq!(process.reattach(&run, &[one, two]).await, Reattached::OnceReplaced { revives_closed });
        server.dismiss(two.0).await;
        let again = Notification::about_handover("once more", "");
        assert!(process.update(one, &again).await, "{name}");
        if name == "gnome-shell" {
            assert!(!process.update(two, &again).await, "the user closed it");
        }
        server.choose(one.0, "mark-read").await;
        let event = next_event(&process).await;
        assert_eq!(event, NotificationEvent::ActionInvoked(one, NotificationAction::MarkRead), "{name}");
        assert_eq!(server.screen().keys().copied().collect::<Vec<_>>(), [one.0], "{name}");
    }
}
