//! Who is asked to play the sound of a notification.
//!
//! Invariant: it is heard once, or not at all.

use std::path::PathBuf;

use handover::desktop::notifier::freedesktop::FreedesktopNotifier;
use handover::domain::notification::Notification;
use handover::ports::Notifier;

use crate::support::bus::Bus;
use crate::support::notification_server::NotificationServer;

#[tokio::test]
async fn a_sound_is_left_to_a_server_that_plays_them() {
    for (capabilities, silent, file, expected) in [
        (&["sound"][..], false, Some("/a b/bike.wav"), "sound-file=/a b/bike.wav"),
        (&["sound"], false, None, "sound-name=message-new-instant"),
        (&["sound"], true, Some("/a b/bike.wav"), "suppress-sound=true"),
        // It is played beside the server then, and is not to be heard twice.
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
