//! What is sent depends on the capabilities and on the name of the server.

use handover::domain::notification::{Notification, NotificationAction};
use handover::domain::text::Text;
use handover::ports::Notifier as _;

use crate::harness::{notification, notifier};
use crate::support::bus::Bus;
use crate::support::notification_server::NotificationServer;

#[tokio::test]
async fn a_body_is_rendered_for_the_capabilities_of_the_server() {
    let html = "1 < 2 &amp; <b>b</b> <a href=\"https://a.example/?x&y\">l</a> <font color=#f00>c</font>\n'";
    for (capabilities, body, has_actions) in [
        (&["actions"][..], "1 < 2 & b l (https://a.example/?x&y) c\n'", true),
        (&["body-hyperlinks"], "1 < 2 & b l (https://a.example/?x&y) c\n'", false),
        (&["actions", "body-markup"], "1 &lt; 2 &amp; <b>b</b> l (https://a.example/?x&amp;y) c\n'", true),
        (
            &["body-markup", "body-hyperlinks"],
            "1 &lt; 2 &amp; <b>b</b> <a href=\"https://a.example/?x&amp;y\">l</a> c\n'",
            false,
        ),
    ] {
        let bus = Bus::start();
        let server = NotificationServer::with_capabilities(bus.address(), capabilities).await;
        let actions = vec![
            (NotificationAction::Default, "Open".to_owned()),
            (NotificationAction::Acknowledge, "Acknowledge".to_owned()),
        ];
        notifier(&bus).show(&Notification { actions, ..notification(html) }).await.expect("a notification");
        let shown = server.next_shown().await;
        assert_eq!(shown.body, body, "{capabilities:?}");
        let actions = ["default", "Open", "acknowledge", "Acknowledge"];
        assert_eq!(shown.actions, if has_actions { &actions[..] } else { &[] }, "{capabilities:?}");
    }
}

#[tokio::test]
async fn colours_and_fonts_are_sent_only_to_servers_that_show_them() {
    let pango = "<span foreground=\"#ff0000\"><tt>red</tt></span>";
    for (name, capabilities, body) in [
        ("dunst", &["body-markup"][..], pango),
        ("mako", &["body-markup"], pango),
        ("Xfce Notify Daemon", &["body-markup"], pango),
        ("dunst", &[], "red"),
        ("gnome-shell", &["body-markup"], "red"),
        ("Plasma", &["body-markup", "body-hyperlinks"], "red"),
    ] {
        let bus = Bus::start();
        let server = NotificationServer::called(name, bus.address(), capabilities).await;
        let body_sent = Text::from_html("<font color=\"#F00\">red</font>").monospaced();
        let red = Notification { body: body_sent, ..notification("") };
        notifier(&bus).show(&red).await.expect("a notification");
        assert_eq!(server.next_shown().await.body, body, "{name} {capabilities:?}");
    }
}

#[tokio::test]
async fn the_default_action_is_not_a_second_button_with_the_same_label() {
    let actions = |click: &str| {
        let offered = [(NotificationAction::MarkRead, "Mark as read"), (NotificationAction::Default, click)];
        offered.map(|(action, words)| (action, words.to_owned())).to_vec()
    };
    for (name, click, has_click) in [
        ("fake", "Mark as read", true),
        ("Xfce Notify Daemon", "Mark as read", false),
        ("Xfce Notify Daemon", "Open", true),
    ] {
        let bus = Bus::start();
        let server = NotificationServer::called(name, bus.address(), &["actions"]).await;
        let notification = Notification { actions: actions(click), ..notification("a") };
        notifier(&bus).show(&notification).await.expect("a notification");
        let expected = ["mark-read", "Mark as read", "default", click];
        let expected = if has_click { &expected[..] } else { &expected[..2] };
        assert_eq!(server.next_shown().await.actions, expected, "{name} {click}");
    }
}
