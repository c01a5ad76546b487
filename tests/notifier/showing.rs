//! What the notification server receives for a notification.

use handover::domain::notification::{Notification, NotificationEvent, Urgency};
use handover::domain::text::Text;
use handover::ports::{Notifier, ShowError};

use crate::harness::{next_event, notification, notifier};
use crate::support::bus::Bus;
use crate::support::notification_server::{Behaviour, NotificationServer};

#[tokio::test]
async fn plain_text_is_escaped_for_the_server() {
    let bus = Bus::start();
    let server = NotificationServer::start(bus.address()).await;
    let body = Text::from_plain("<b>not bold</b> &amp; \0\u{202e}x");
    let title = "a\n<b>\0".to_owned() + &"t".repeat(300);
    notifier(&bus).show(&Notification { body, title, ..notification("") }).await.expect("a notification");
    let shown = server.next_shown().await;
    let whole_title = format!("a &lt;b&gt;{}", "t".repeat(300));
    assert_eq!(shown.body, format!("<b>{whole_title}\n</b>&lt;b&gt;not bold&lt;/b&gt; &amp;amp; x"));
    assert!(shown.title.starts_with("a <b>t") && shown.title.ends_with("t…"), "{}", shown.title);
    assert_eq!(shown.title.chars().count(), 200);
}

#[tokio::test]
async fn a_notification_is_updated_only_while_it_is_on_the_screen() {
    let bus = Bus::start();
    let server = NotificationServer::start(bus.address()).await;
    let notifier = notifier(&bus);
    let id = notifier.show(&notification("one")).await.expect("a notification");
    notifier.update(id, &notification("two")).await;
    let shown = [server.next_shown().await, server.next_shown().await];
    assert_eq!((shown[1].body.as_str(), shown[1].id, shown[1].replaces), ("two", id.0, id.0));

    server.dismiss(id.0).await;
    assert_eq!(next_event(&notifier).await, NotificationEvent::Dismissed(id));
    notifier.update(id, &notification("three")).await;
    notifier.show(&notification("four")).await.expect("a notification");
    assert_eq!(server.next_shown().await.body, "four");
}

#[tokio::test]
async fn the_application_reaches_the_rules_of_the_desktop() {
    let bus = Bus::start();
    let server = NotificationServer::start(bus.address()).await;
    let notifier = notifier(&bus);
    for app in [Some("Backup of web01"), None] {
        let about = Notification { app: app.map(str::to_owned), ..notification("") };
        notifier.show(&about).await.expect("a notification");
        let shown = server.next_shown().await;
        let hint = |name: &str| {
            let value = shown.hints.get(name)?.try_clone().expect("a copy");
            Some(String::try_from(value).expect("the hint is a text"))
        };
        assert_eq!(hint("x-handover-app").as_deref(), app);
        assert_eq!(hint("category"), app.map(|app| format!("x-handover.{app}")));
        assert_eq!(hint("x-dunst-stack-tag"), None, "it would replace other notifications");
        assert_eq!(hint("x-canonical-private-synchronous"), None, "it would replace other notifications");
    }
}

#[tokio::test]
async fn urgency_sound_and_lifetime_reach_the_server() {
    let bus = Bus::start();
    let server = NotificationServer::with_capabilities(bus.address(), &["body", "sound"]).await;
    let notifier = notifier(&bus);
    for (urgency, resident, silent, byte, expires) in [
        (Urgency::Low, false, true, 0, -1),
        (Urgency::Normal, false, false, 1, -1),
        (Urgency::Critical, true, false, 2, 0),
    ] {
        notifier
            .show(&Notification { urgency, resident, silent, ..notification("") })
            .await
            .expect("a notification");
        let shown = server.next_shown().await;
        assert_eq!(shown.app_name, "Handover");
        assert_eq!(shown.byte_hint("urgency"), Some(byte));
        assert_eq!(shown.has_hint("resident"), resident);
        assert_eq!(shown.has_hint("suppress-sound"), silent);
        assert_eq!(shown.expires, expires);
        let entry = String::try_from(shown.hints["desktop-entry"].try_clone().unwrap()).unwrap();
        assert_eq!(entry, "handover");
        assert!(!shown.hints.contains_key("transient"));
    }
    assert_eq!(server.capability_questions(), 1, "asked once, not with every notification");
}

#[tokio::test]
async fn a_notification_is_replaced_only_while_it_is_on_the_screen() {
    let bus = Bus::start();
    let server = NotificationServer::start(bus.address()).await;
    let notifier = notifier(&bus);
    let first = notifier.show(&notification("1")).await.expect("a notification");
    let second = notifier
        .show(&Notification { replaces: Some(first), ..notification("2") })
        .await
        .expect("a notification");
    assert_eq!(second, first);
    assert_eq!(server.screen().len(), 1);

    server.expire(first.0).await;
    assert_eq!(next_event(&notifier).await, NotificationEvent::Expired(first));
    notifier
        .show(&Notification { replaces: Some(first), ..notification("3") })
        .await
        .expect("a notification");
    let replaces: Vec<u32> =
        [server.next_shown().await, server.next_shown().await, server.next_shown().await]
            .map(|shown| shown.replaces)
            .to_vec();
    assert_eq!(replaces, [0, first.0, 0], "an id that is gone may be another program's by now");
}

#[tokio::test]
async fn a_notification_can_be_closed() {
    let bus = Bus::start();
    let server = NotificationServer::start(bus.address()).await;
    let notifier = notifier(&bus);
    let id = notifier.show(&notification("")).await.expect("a notification");
    notifier.close(id).await;
    assert_eq!(server.next_closed().await, id.0);
    assert_eq!(next_event(&notifier).await, NotificationEvent::Closed(id));
}

#[tokio::test]
async fn a_refusal_names_the_error_without_quoting_the_notification() {
    let bus = Bus::start();
    let server = NotificationServer::start(bus.address()).await;
    server.behave(Behaviour::Refuse);
    let notifier = notifier(&bus);
    let outcome = notifier.show(&notification("secret")).await;
    let error = "it answered with an error (org.example.Error.ExcessNotificationGeneration)";
    assert_eq!(outcome, Err(ShowError::Refused(error.to_owned())));
    server.behave(Behaviour::Answer);
    notifier.show(&notification("")).await.expect("a notification");
}
