//! What is sent to servers that are known by their name.
//!
//! Invariant: a server that is not known gets what every server understands.

use handover::domain::message::Receipt;
use handover::domain::notification::{Notification, NotificationAction, Urgency};
use handover::domain::text::{Span, Text};
use handover::ports::Notifier as _;

use crate::harness::{notification, notifier};
use crate::support::bus::Bus;
use crate::support::notification_server::{NotificationServer, Shown};

const CAPABILITIES: [&str; 3] = ["actions", "body", "body-markup"];

/// What a server of this name is sent for these notifications, and how many that stay it shows at once.
async fn sent(name: &str, notifications: &[Notification]) -> (Vec<Shown>, Option<usize>) {
    let bus = Bus::start();
    let server = NotificationServer::called(name, bus.address(), &CAPABILITIES).await;
    let notifier = notifier(&bus);
    let mut sent = Vec::new();
    for notification in notifications {
        notifier.show(notification).await.expect("a notification");
        sent.push(server.next_shown().await);
    }
    (sent, notifier.standing_limit())
}

fn of_backup(html: &str) -> Notification {
    Notification {
        app: Some("Backup".to_owned()),
        title: "Done — Backup".to_owned(),
        title_beside_app: Some("Done".to_owned()),
        ..notification(html)
    }
}

fn text_hint(shown: &Shown, name: &str) -> Option<String> {
    let value = shown.hints.get(name)?.try_clone().expect("a copy");
    Some(String::try_from(value).expect("the hint is a text"))
}

#[tokio::test]
async fn a_high_priority_is_critical_only_where_that_hides_nothing() {
    for (name, high, limit) in [
        ("gnome-shell", 1, Some(1)),
        ("Plasma", 1, Some(3)),
        ("dunst", 2, None),
        ("mako", 2, None),
        ("SwayNotificationCenter", 1, Some(4)),
        ("new", 2, None),
    ] {
        let urgencies = [Urgency::High, Urgency::Critical];
        let notifications = urgencies.map(|urgency| Notification { urgency, ..notification("") });
        let (sent, standing_limit) = sent(name, &notifications).await;
        let urgencies: Vec<_> = sent.iter().map(|shown| shown.byte_hint("urgency")).collect();
        assert_eq!(urgencies, [Some(high), Some(2)], "{name}");
        assert_eq!(standing_limit, limit, "{name}");
    }
}

#[tokio::test]
async fn each_emergency_has_a_source_of_its_own_where_sources_are_limited() {
    let emergency = |receipt: &str| Notification { emergency: Receipt::new(receipt), ..of_backup("") };
    let notifications =
        [of_backup(""), emergency("fire"), emergency("flood"), emergency("fire"), notification("")];
    for (name, sources) in [("gnome-shell", 4), ("new", 2)] {
        let (sent, _) = sent(name, &notifications).await;
        let names: Vec<_> = sent.iter().map(|shown| shown.app_name.as_str()).collect();
        assert_eq!((names[0], names[4]), ("Backup", "Handover"), "{name}");
        assert_eq!(names[1], names[3], "{name}: a repeat stays where it is");
        assert_eq!(
            names.iter().collect::<std::collections::BTreeSet<_>>().len(),
            sources,
            "{name}: {names:?}"
        );
        assert!(sent.iter().all(|shown| text_hint(shown, "desktop-entry").as_deref() == Some("handover")));
    }
}

#[tokio::test]
async fn the_title_names_the_application_where_the_server_does_not() {
    for (name, title, displayed) in [
        ("gnome-shell", "Done — Backup", None),
        ("new", "Done — Backup", None),
        ("Plasma", "Done", Some("Backup")),
    ] {
        let (sent, _) = sent(name, &[of_backup("")]).await;
        assert_eq!(sent[0].title, title, "{name}");
        assert_eq!(text_hint(&sent[0], "x-kde-display-appname").as_deref(), displayed, "{name}");
    }
}

#[tokio::test]
async fn a_long_title_leaves_room_for_the_text_and_keeps_the_application() {
    let long = "t".repeat(100);
    let title = format!("{long} — Backup");
    let notification = Notification { title, title_beside_app: Some(long), ..of_backup("") };
    for (name, limit) in
        [("gnome-shell", 50), ("mako", 40), ("SwayNotificationCenter", 42), ("Xfce Notify Daemon", 42)]
    {
        let (sent, _) = sent(name, std::slice::from_ref(&notification)).await;
        assert_eq!(sent[0].title.chars().count(), limit, "{name}");
        assert!(sent[0].title.ends_with("t… — Backup"), "{name}: {}", sent[0].title);
    }
}

#[tokio::test]
async fn a_long_paragraph_is_broken_where_the_server_would_cut_it() {
    let words = |count: usize| vec!["word"; count].join(" ");
    let text = format!("{}\nshort", words(100));
    for (name, lines) in [("Xfce Notify Daemon", 4), ("dunst", 2), ("new", 2)] {
        let (sent, _) = sent(name, &[notification(&text.replace('\n', "<br>"))]).await;
        let shown: Vec<_> = sent[0].body.lines().map(str::trim_end).collect();
        assert_eq!(shown.len(), lines, "{name}: {shown:?}");
        assert_eq!(shown.join(" "), text.replace('\n', " "), "{name}");
        assert!(lines == 2 || shown.iter().all(|line| line.len() <= 180), "{shown:?}");
    }
}

#[tokio::test]
async fn a_title_that_is_shortened_is_above_the_text_where_there_is_room() {
    let title = format!("{} — Backup", "title ".repeat(10).trim_end());
    let long = Notification { title: title.clone(), title_beside_app: None, ..of_backup("It failed") };
    for (name, body) in
        [("Xfce Notify Daemon", format!("<b>{title}\n</b>It failed")), ("new", "It failed".to_owned())]
    {
        let (sent, _) = sent(name, std::slice::from_ref(&long)).await;
        assert_eq!(sent[0].body, body, "{name}");
    }
    let (sent, _) = sent("Xfce Notify Daemon", &[of_backup("It failed")]).await;
    assert_eq!(sent[0].body, "It failed");
}

#[tokio::test]
async fn the_link_is_in_the_text_only_where_its_button_is_not_seen() {
    let notification = Notification {
        link: Some(Span::plain("Open the build")),
        actions: vec![(NotificationAction::OpenLink, "Open the build".to_owned())],
        ..notification("It failed")
    };
    let with_link = "It failed\nOpen the build";
    for (name, body) in [
        ("gnome-shell", "It failed"),
        ("Plasma", "It failed"),
        ("Xfce Notify Daemon", "It failed"),
        ("dunst", with_link),
        ("mako", with_link),
        ("new", with_link),
    ] {
        let (sent, _) = sent(name, std::slice::from_ref(&notification)).await;
        assert_eq!(sent[0].body, body, "{name}");
    }
}

#[tokio::test]
async fn a_list_is_one_line_where_line_breaks_are_spaces_or_few_lines_are_shown() {
    let body = Text::from_plain("Burst 6\nBurst 5\nand 4 more");
    let list = Notification { is_list: true, body: body.clone(), ..notification("") };
    let text = Notification { body, ..notification("") };
    for name in ["gnome-shell", "mako"] {
        let (sent, _) = sent(name, &[list.clone(), text.clone()]).await;
        assert_eq!(sent[0].body, "Burst 6 · Burst 5 · and 4 more", "{name}");
        assert_eq!(sent[1].body, "Burst 6\nBurst 5\nand 4 more", "{name}: a text keeps its lines");
    }
    let (sent, _) = sent("new", &[list]).await;
    assert_eq!(sent[0].body, "Burst 6\nBurst 5\nand 4 more");
}

#[tokio::test]
async fn the_address_of_a_link_is_not_repeated_where_a_button_opens_it() {
    let actions = vec![(NotificationAction::OpenLink, "Open link".to_owned())];
    let of = |html: &str| Notification { actions: actions.clone(), ..notification(html) };
    let link = |words: &str| format!("See <a href=\"https://a.example/\">{words}</a>");
    let other = format!("{} <a href=\"https://c.example/\">one</a>", link("this"));
    for (name, body, sent_body) in [
        ("gnome-shell", link("this"), "See this"),
        ("dunst", link("this"), "See this (https://a.example/)"),
        ("gnome-shell", link("b.example"), "See b.example (https://a.example/)"),
        ("gnome-shell", other, "See this (https://a.example/) one (https://c.example/)"),
    ] {
        let (sent, _) = sent(name, &[of(&body)]).await;
        assert_eq!(sent[0].body, sent_body, "{name}");
    }
    let own = Notification { link: Some(Span::plain("Open the build")), ..of(&link("this")) };
    let (sent, _) = sent("gnome-shell", &[own]).await;
    assert_eq!(sent[0].body, "See this (https://a.example/)", "the button opens another link");
}

#[tokio::test]
async fn what_was_done_about_an_emergency_is_kept_apart_where_line_breaks_are_spaces() {
    let over = Notification {
        emergency: Receipt::new("fire"),
        urgency: Urgency::High,
        body: Text::from_plain("Fire\nin the hall\nSeen here"),
        ..notification("")
    };
    for (name, body) in
        [("gnome-shell", "Fire\nin the hall · Seen here"), ("new", "Fire\nin the hall\nSeen here")]
    {
        let (sent, _) = sent(name, std::slice::from_ref(&over)).await;
        assert_eq!(sent[0].body, body, "{name}");
    }
}

#[tokio::test]
async fn a_picture_is_a_path_where_the_server_reads_no_uri() {
    for (name, path) in [("SwayNotificationCenter", "/x/a b.png"), ("new", "file:///x/a%20b.png")] {
        let notification = Notification { icon: Some("/x/a b.png".into()), ..notification("") };
        let (sent, _) = sent(name, &[notification]).await;
        assert_eq!(text_hint(&sent[0], "image-path").as_deref(), Some(path), "{name}");
    }
}

#[tokio::test]
async fn a_text_that_the_server_cuts_can_be_shown_whole_by_a_click() {
    let text = "word ".repeat(100);
    let actions = [
        (NotificationAction::ShowText, "Show whole text".to_owned()),
        (NotificationAction::MarkRead, "Mark as read".to_owned()),
        (NotificationAction::Default, "Mark as read".to_owned()),
    ];
    let notification = Notification { actions: actions.into(), ..notification(text.trim_end()) };
    let cut = ["show-text", "Show whole text", "mark-read", "Mark as read", "default", "Show whole text"];
    for (name, expected) in [
        ("gnome-shell", &cut[..]),
        ("mako", &cut),
        ("SwayNotificationCenter", &cut),
        ("Plasma", &["mark-read", "Mark as read", "default", "Mark as read"]),
        ("Xfce Notify Daemon", &["mark-read", "Mark as read"]),
        ("new", &["mark-read", "Mark as read", "default", "Mark as read"]),
    ] {
        let (sent, _) = sent(name, std::slice::from_ref(&notification)).await;
        assert_eq!(sent[0].actions, expected, "{name}");
    }
    let (sent, _) = sent("Xfce Notify Daemon", &[Notification { is_cut: true, ..notification }]).await;
    assert_eq!(sent[0].actions, cut[..4], "the click is on the button");
}

#[tokio::test]
async fn the_parts_of_a_text_displace_nothing() {
    let part = Notification { part: Some(2), ..of_backup("") };
    for (name, source) in [("gnome-shell", "Backup (part 2)"), ("new", "Backup")] {
        let (sent, _) = sent(name, std::slice::from_ref(&part)).await;
        assert_eq!(sent[0].app_name, source, "{name}");
    }
}
