//! The icon and the sound of a notification.
//!
//! Invariant: the server gets a file as a URI, and this program plays sounds only if the server cannot.

use std::path::PathBuf;
use std::sync::Arc;

use handover::desktop::notifier::freedesktop::FreedesktopNotifier;
use handover::domain::notification::Notification;
use handover::ports::Notifier;
use tokio::sync::oneshot;

use crate::support::bus::Bus;
use crate::support::notification_server::{Behaviour, NotificationServer, Trigger};

#[tokio::test]
async fn an_icon_is_sent_as_a_file_uri() {
    let bus = Bus::start();
    let server = NotificationServer::start(bus.address()).await;
    let icon = Some("/x/ä%41.png".into());
    FreedesktopNotifier::new(Some(bus.address().to_owned()))
        .show(&Notification { icon, ..Notification::about_handover("title", "") })
        .await
        .expect("a notification");
    let shown = server.next_shown().await;
    let hint = String::try_from(shown.hints["image-path"].try_clone().unwrap()).unwrap();
    assert_eq!(hint, "file:///x/%C3%A4%2541.png");
    assert!(!shown.hints.contains_key("image-data"), "it has a picture of its own");
}

#[tokio::test]
async fn a_notification_that_is_closed_during_an_update_does_not_stay() {
    for name in ["dunst", "any other"] {
        let bus = Bus::start();
        let server = NotificationServer::called(name, bus.address(), &["body"]).await;
        let notifier = Arc::new(FreedesktopNotifier::new(Some(bus.address().to_owned())));
        let notification = Notification::about_handover("title", "");
        let id = notifier.show(&notification).await.expect("a notification");
        server.behave(Behaviour::Hang);
        let (tell, told) = oneshot::channel();
        server.at_next(Trigger::LeftUnanswered, move || {
            let _: Result<(), ()> = tell.send(());
        });
        let updating = tokio::spawn({
            let (notifier, notification) = (Arc::clone(&notifier), notification.clone());
            async move { notifier.update(id, &notification).await }
        });
        told.await.expect("the change is on its way");
        server.dismiss(id.0).await;
        assert_eq!(server.next_closed().await, id.0);
        server.catch_up().await;
        updating.await.expect("it comes to an end");
        server.next_closed().await;
        assert_eq!(server.screen().len(), 0, "{name}");
        // The notification that is on the screen now was shown independently.
        let other = notifier.show(&notification).await.expect("a notification");
        assert_eq!(server.screen().keys().copied().collect::<Vec<_>>(), [other.0], "{name}");
    }
}

#[tokio::test]
async fn a_server_that_supports_sounds_plays_them() {
    for (capabilities, silent, file, expected) in [
        (&["sound"][..], false, Some("/a b/bike.wav"), "sound-file=/a b/bike.wav"),
        (&["sound"], false, None, "sound-name=message-new-instant"),
        (&["sound"], true, Some("/a b/bike.wav"), "suppress-sound=true"),
        // This program plays it then, and the server must not play it again.
        (&[], false, Some("/a b/bike.wav"), "suppress-sound=true"),
        (&[], true, None, "suppress-sound=true"),
    ] {
        let bus = Bus::start();
        let server = NotificationServer::with_capabilities(bus.address(), capabilities).await;
        let sound = file.map(PathBuf::from);
        FreedesktopNotifier::new(Some(bus.address().to_owned()))
            .show(&Notification { silent, sound, ..Notification::about_handover("title", "") })
            .await
            .expect("a notification");
        let hints = server.next_shown().await.hints;
        let about_sound: Vec<_> = hints
            .iter()
            .filter(|(name, _)| name.contains("sound"))
            .map(|(name, value)| match (value.downcast_ref::<&str>(), value.downcast_ref::<bool>()) {
                (Ok(text), _) => format!("{name}={text}"),
                (_, Ok(flag)) => format!("{name}={flag}"),
                (Err(_), Err(_)) => format!("{name}={value:?}"),
            })
            .collect();
        assert_eq!(about_sound, [expected], "{capabilities:?}");
    }
}
