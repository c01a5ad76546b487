//! Notices that an earlier process left on the screen.

use handover::desktop::notifier::freedesktop::FreedesktopNotifier;
use handover::domain::notice::{Notice, NoticeAction, NoticeEvent, NoticeId};
use handover::ports::Notifier;
use tokio::time::timeout;

use crate::support::bus::Bus;
use crate::support::notification_server::NotificationServer;
use crate::support::process::PATIENCE;

fn process(bus: &Bus) -> FreedesktopNotifier {
    FreedesktopNotifier::new(Some(bus.address().to_owned()))
}

/// A process that showed two notices and is gone; the name of the server, and their ids.
async fn earlier(bus: &Bus) -> (String, [NoticeId; 2]) {
    let process = process(bus);
    assert_eq!(process.server(), None);
    let one = process.show(&Notice::about_handover("one", "")).await.expect("a notice");
    let two = process.show(&Notice::about_handover("two", "")).await.expect("a notice");
    (process.server().expect("the server has a name"), [one, two])
}

async fn next_event(process: &FreedesktopNotifier) -> NoticeEvent {
    timeout(PATIENCE, process.next_event()).await.expect("an event within 30 s")
}

#[tokio::test]
async fn are_attended_to_like_those_of_this_process() {
    let bus = Bus::start();
    let server = NotificationServer::start(bus.address()).await;
    let (name, [one, two]) = earlier(&bus).await;
    let process = process(&bus);
    assert!(process.adopt(&name, &[one, two]).await);
    server.choose(one.0, "mark-read").await;
    assert_eq!(next_event(&process).await, NoticeEvent::Chosen(one, NoticeAction::MarkRead));
    process.close(one).await;
    assert_eq!(next_event(&process).await, NoticeEvent::Gone(one));
    assert_eq!(server.screen().keys().copied().collect::<Vec<_>>(), [two.0]);
    // One of this process takes the place of one of the other.
    let notice = Notice { replaces: Some(two), ..Notice::about_handover("three", "") };
    assert_eq!(process.show(&notice).await, Ok(two));
    assert_eq!(process.server(), Some(name));
    server.dismiss(two.0).await;
    assert_eq!(next_event(&process).await, NoticeEvent::Dismissed(two));
}

#[tokio::test]
async fn are_nobodys_at_another_server() {
    let bus = Bus::start();
    let server = NotificationServer::start(bus.address()).await;
    let (name, ids) = earlier(&bus).await;
    let other_bus = Bus::start();
    let _other_server = NotificationServer::start(other_bus.address()).await;
    assert!(!process(&other_bus).adopt(&name, &ids).await, "the same numbers on another bus");
    drop(server);
    let process = process(&bus);
    assert!(!process.adopt(&name, &ids).await, "nobody is there");
    let server = NotificationServer::start(bus.address()).await;
    let own = process.show(&Notice::about_handover("own", "")).await.expect("a notice");
    assert_eq!(own, ids[0], "it counts from the start");
    assert_ne!(process.server(), Some(name.clone()), "another life, another name");
    assert_eq!(next_event(&process).await, NoticeEvent::Returned);
    server.choose(ids[1].0, "default").await;
    server.choose(own.0, "default").await;
    assert_eq!(next_event(&process).await, NoticeEvent::Chosen(own, NoticeAction::Default));
    assert!(!process.adopt(&name, &ids).await);
}
