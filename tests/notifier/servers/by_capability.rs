//! What is sent to each of the common notification servers.
//!
//! Invariant: a server is sent only what it says it understands.

use handover::desktop::notifier::freedesktop::FreedesktopNotifier;
use handover::domain::notification::{Notification, NotificationAction, Urgency};
use handover::domain::text::Text;
use handover::ports::Notifier;

use crate::support::bus::Bus;
use crate::support::notification_server::NotificationServer;

/// A server, and its reply to `GetCapabilities`.
struct Server {
    name: &'static str,
    capabilities: &'static str,
    body: &'static str,
    has_actions: bool,
    has_sound: bool,
}

const HTML: &str =
    "1 < 2 &amp; <b>b</b> <a href=\"https://a.example/?x&y\">l</a> <font color=#f00>c</font>\n'";
const PLAIN: &str = "1 < 2 & b l (https://a.example/?x&y) c\n'";
const STYLED: &str = "1 &lt; 2 &amp; <b>b</b> l (https://a.example/?x&amp;y) c\n'";
const LINKED: &str = "1 &lt; 2 &amp; <b>b</b> <a href=\"https://a.example/?x&amp;y\">l</a> c\n'";

/// The first two were queried; the replies of the others are from their source code.
const SERVERS: [Server; 10] = [
    Server {
        name: "dunst 1.12",
        capabilities: "actions body body-hyperlinks icon-static synchronous private-synchronous \
                       x-canonical-private-synchronous x-dunst-stack-tag body-markup",
        body: LINKED,
        has_actions: true,
        has_sound: false,
    },
    Server {
        name: "xfce4-notifyd 0.9",
        capabilities: "action-icons actions body body-hyperlinks body-markup icon-static \
                       x-canonical-private-icon-only",
        body: LINKED,
        has_actions: true,
        has_sound: false,
    },
    Server {
        name: "xfce4-notifyd with sound",
        capabilities: "action-icons actions body body-hyperlinks body-markup icon-static sound \
                       x-canonical-private-icon-only",
        body: LINKED,
        has_actions: true,
        has_sound: true,
    },
    Server {
        name: "GNOME Shell",
        capabilities: "actions body body-markup icon-static persistence sound",
        body: STYLED,
        has_actions: true,
        has_sound: true,
    },
    Server {
        name: "Plasma",
        capabilities: "body body-hyperlinks body-markup body-images icon-static actions persistence inline-reply \
                       x-kde-urls x-kde-origin-name x-kde-display-appname inhibitions",
        body: LINKED,
        has_actions: true,
        has_sound: false,
    },
    Server {
        name: "mako",
        capabilities: "body body-markup actions icon-static x-canonical-private-synchronous x-dunst-stack-tag",
        body: STYLED,
        has_actions: true,
        has_sound: false,
    },
    Server {
        name: "mako with neither markup nor actions",
        capabilities: "body icon-static x-canonical-private-synchronous x-dunst-stack-tag",
        body: PLAIN,
        has_actions: false,
        has_sound: false,
    },
    Server {
        name: "lxqt-notificationd",
        capabilities: "actions body body-hyperlinks body-images body-markup persistence",
        body: LINKED,
        has_actions: true,
        has_sound: false,
    },
    Server { name: "none of it", capabilities: "", body: PLAIN, has_actions: false, has_sound: false },
    Server {
        name: "hyperlinks without markup",
        capabilities: "actions body-hyperlinks",
        body: PLAIN,
        has_actions: true,
        has_sound: false,
    },
];

#[tokio::test]
async fn a_notification_is_written_for_the_capabilities_of_the_server() {
    for Server { name, capabilities, body, has_actions, has_sound } in SERVERS {
        let bus = Bus::start();
        let words: Vec<&str> = capabilities.split_whitespace().collect();
        let server = NotificationServer::with_capabilities(bus.address(), &words).await;
        let notifier = FreedesktopNotifier::new(Some(bus.address().to_owned()));
        let actions =
            [(NotificationAction::Default, "Open"), (NotificationAction::Acknowledge, "Acknowledge")];
        let emergency = Notification {
            body: Text::from_html(HTML),
            urgency: Urgency::Critical,
            resident: true,
            silent: false,
            sound: Some("/x/po.wav".into()),
            icon: Some("/x/icon.png".into()),
            actions: actions.map(|(action, label)| (action, label.to_owned())).into(),
            ..Notification::about_handover("title <b>&amp;", "")
        };
        notifier.show(&emergency).await.expect("a notification");
        let shown = server.next_shown().await;
        assert_eq!(shown.body, body, "{name}");
        assert_eq!(shown.title, "title <b>&amp;", "{name}: a title is no markup anywhere");
        let actions = ["default", "Open", "acknowledge", "Acknowledge"];
        assert_eq!(shown.actions, if has_actions { &actions[..] } else { &[] }, "{name}");
        let text = |hint: &str| {
            shown.hints.get(hint).map(|hint| String::try_from(hint.try_clone().unwrap()).unwrap())
        };
        assert_eq!(text("sound-file").as_deref(), has_sound.then_some("/x/po.wav"), "{name}");
        // A server without sound support may still play one: the sound is played here, and must be heard once.
        assert_eq!(shown.has_hint("suppress-sound"), !has_sound, "{name}");
        // These hints are sent to any server; one that cannot keep or draw the notification ignores them.
        assert_eq!(text("image-path").as_deref(), Some("file:///x/icon.png"), "{name}");
        assert_eq!((shown.has_hint("resident"), shown.expires), (true, 0), "{name}");
        assert!(!shown.hints.contains_key("transient"), "{name}");

        let silent = Notification { silent: true, resident: false, ..emergency };
        notifier.show(&silent).await.expect("a notification");
        let shown = server.next_shown().await;
        assert!(shown.has_hint("suppress-sound") && !shown.hints.contains_key("sound-file"), "{name}");
        assert_eq!((shown.has_hint("resident"), shown.expires), (false, -1), "{name}");
    }
}
