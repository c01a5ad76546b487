//! The picture beside a notice.
//!
//! Invariant: a server is told of a file by its address, and of none when there is none.

use handover::desktop::notifier::freedesktop::FreedesktopNotifier;
use handover::domain::notice::Notice;
use handover::ports::Notifier;

use crate::support::bus::Bus;
use crate::support::notification_server::NotificationServer;

#[tokio::test]
async fn an_icon_is_a_file_by_its_address() {
    let bus = Bus::start();
    let server = NotificationServer::start(bus.address()).await;
    let icon = Some("/x/ä%41.png".into());
    FreedesktopNotifier::new(Some(bus.address().to_owned()))
        .show(&Notice { icon, ..Notice::about_handover("title", "") })
        .await
        .expect("a notice");
    let shown = server.next_shown().await;
    let hint = String::try_from(shown.hints["image-path"].try_clone().unwrap()).unwrap();
    assert_eq!((shown.icon.as_str(), hint.as_str()), ("handover", "file:///x/%C3%A4%2541.png"));
}
