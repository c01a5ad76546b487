//! The notifier of macOS and Windows, tested on Linux against a server that records everything.
//!
//! Invariant: each test has its own process and bus, since notify-rust uses the bus of the environment.
#![cfg(target_os = "linux")]

#[cfg(test)]
mod support;

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::Duration;

    use handover::desktop::notifier::DesktopNotifier;
    use handover::desktop::notifier::portable::PortableNotifier;
    use handover::domain::notification::{
        Notification, NotificationAction, NotificationEvent, NotificationId, Urgency,
    };
    use handover::domain::text::Text;
    use handover::ports::{Notifier, ShowError};
    use tokio::time::timeout;

    use crate::support::bus::Bus;
    use crate::support::notification_server::{Behaviour, NotificationServer, connect};

    const BUS: &str = "DBUS_SESSION_BUS_ADDRESS";
    const TIMEOUT: Duration = Duration::from_secs(30);

    /// Runs this test again in a process that has a bus; in that process, returns the address of the bus.
    fn own_bus(test: &str) -> Option<String> {
        const IS_OWN: &str = "HANDOVER_TEST_HAS_ITS_BUS";
        if std::env::var_os(IS_OWN).is_some() {
            return Some(std::env::var(BUS).expect("a bus"));
        }
        let bus = Bus::start();
        let output = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", &format!("tests::{test}"), "--nocapture"])
            .env(BUS, bus.address())
            .env(IS_OWN, "1")
            .output()
            .expect("run this program");
        let words = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && words.contains("1 passed"), "{words}");
        None
    }

    fn notifier() -> PortableNotifier {
        PortableNotifier::with_timeouts(Duration::from_secs(10), Duration::from_millis(20))
    }

    fn notification(html: &str) -> Notification {
        let actions = vec![
            (NotificationAction::Default, "Open".to_owned()),
            (NotificationAction::Acknowledge, "Yes, it is".to_owned()),
        ];
        Notification {
            body: Text::from_html(html),
            actions,
            ..Notification::about_handover("title\n<b>", "")
        }
    }

    async fn next_event(notifier: &impl Notifier) -> NotificationEvent {
        timeout(TIMEOUT, notifier.next_event()).await.expect("an event comes within 30 s")
    }

    /// The event that a signal causes. The signal is repeated until it is received: notify-rust subscribes late.
    async fn until_heard<F: Future<Output = ()>>(
        notifier: &impl Notifier,
        signal: impl Fn() -> F,
    ) -> NotificationEvent {
        let sending = async {
            loop {
                signal().await;
                if let Ok(event) = timeout(Duration::from_millis(50), notifier.next_event()).await {
                    return event;
                }
            }
        };
        timeout(TIMEOUT, sending).await.expect("it is heard within 30 s")
    }

    #[tokio::test]
    async fn a_notification_is_shown_within_the_capabilities_of_the_server() {
        let Some(bus) = own_bus("a_notification_is_shown_within_the_capabilities_of_the_server") else {
            return;
        };
        let html = "1 < 2 &amp; <b>b</b> <a href=\"https://a.example/?x&y\">l</a>";
        for (capabilities, body, has_actions) in [
            (&["body"][..], "1 < 2 & b l (https://a.example/?x&y)", false),
            (
                &["actions", "body", "body-markup", "body-hyperlinks"],
                "1 &lt; 2 &amp; <b>b</b> <a href=\"https://a.example/?x&amp;y\">l</a>",
                true,
            ),
        ] {
            let server = NotificationServer::with_capabilities(&bus, capabilities).await;
            let notification = Notification {
                urgency: Urgency::Critical,
                resident: true,
                silent: true,
                icon: Some("/nonexistent/icon.png".into()),
                ..notification(html)
            };
            let notifier = notifier();
            let id = notifier.show(&notification).await.expect("a notification");
            let shown = server.next_shown().await;
            assert_eq!((shown.id, shown.replaces), (id.0, 0));
            assert_eq!((shown.app_name.as_str(), shown.icon.as_str()), ("Handover", "handover"));
            assert_eq!((shown.title.as_str(), shown.body.as_str()), ("title <b>", body));
            let actions = ["default", "Open", "acknowledge", "Yes, it is"];
            assert_eq!(shown.actions, if has_actions { &actions[..] } else { &[] });
            assert_eq!((shown.byte_hint("urgency"), shown.expires), (Some(2), 0));
            assert!(shown.has_hint("resident") && shown.has_hint("suppress-sound"));
            let image = String::try_from(shown.hints["image-path"].try_clone().unwrap()).unwrap();
            assert_eq!(image, "/nonexistent/icon.png");
            drop((notifier, server));
        }
    }

    #[tokio::test]
    async fn the_feature_selects_the_portable_notifier() {
        let Some(bus) = own_bus("the_feature_selects_the_portable_notifier") else { return };
        let server = NotificationServer::start(&bus).await;
        let notifier = DesktopNotifier::of_session();
        let id = notifier.show(&notification("")).await.expect("a notification");
        server.next_shown().await;
        notifier.show(&notification("")).await.expect("a notification");
        // The native notifier of Linux asks once.
        assert_eq!(server.capability_questions(), 2);
        notifier.close(id).await;
        assert_eq!(server.next_closed().await, id.0);
    }

    #[tokio::test]
    async fn a_notification_is_replaced_only_while_it_is_on_the_screen() {
        let Some(bus) = own_bus("a_notification_is_replaced_only_while_it_is_on_the_screen") else { return };
        let server = NotificationServer::start(&bus).await;
        let notifier = notifier();
        let first = notifier.show(&notification("1")).await.expect("a notification");
        let second = notifier
            .show(&Notification { replaces: Some(first), ..notification("2") })
            .await
            .expect("a notification");
        assert_eq!(second, first);
        assert_eq!(server.screen()[&first.0].body, "2");
        let elsewhere = Some(NotificationId(first.0 + 1));
        let other = notifier
            .show(&Notification { replaces: elsewhere, ..notification("3") })
            .await
            .expect("a notification");
        assert_ne!(other, first, "what was not shown here is another program's");
        assert_eq!(server.screen().len(), 2);
        let replaces = [server.next_shown().await, server.next_shown().await, server.next_shown().await]
            .map(|shown| shown.replaces);
        assert_eq!(replaces, [0, first.0, 0]);
    }

    #[tokio::test]
    async fn a_click_is_reported_and_closes_the_notification() {
        let Some(bus) = own_bus("a_click_is_reported_and_closes_the_notification") else { return };
        let server = NotificationServer::start(&bus).await;
        let notifier = notifier();
        for (key, action) in
            [("default", NotificationAction::Default), ("acknowledge", NotificationAction::Acknowledge)]
        {
            let id = notifier.show(&notification("")).await.expect("a notification");
            let event = until_heard(&notifier, || server.choose(id.0, key)).await;
            assert_eq!(event, NotificationEvent::ActionInvoked(id, action));
            assert_eq!(server.next_closed().await, id.0);
        }
        assert!(timeout(Duration::ZERO, notifier.next_event()).await.is_err(), "once each");
    }

    #[tokio::test]
    async fn a_notification_the_user_closes_is_reported() {
        let Some(bus) = own_bus("a_notification_the_user_closes_is_reported") else { return };
        let server = NotificationServer::start(&bus).await;
        let notifier = notifier();
        for (reason, event) in
            [(1_u32, NotificationEvent::Expired as fn(_) -> _), (2, NotificationEvent::Dismissed)]
        {
            let id = notifier.show(&notification("")).await.expect("a notification");
            // The server sends the signal once, so it is repeated by another connection.
            let voice = connect(&bus).await;
            let nobody: Option<&str> = None;
            let path = "/org/freedesktop/Notifications";
            let name = "org.freedesktop.Notifications";
            let closed = || async {
                voice.emit_signal(nobody, path, name, "NotificationClosed", &(id.0, reason)).await.unwrap();
            };
            assert_eq!(until_heard(&notifier, closed).await, event(id));
        }
        drop(server);
    }

    #[tokio::test]
    async fn a_notification_can_be_closed() {
        let Some(bus) = own_bus("a_notification_can_be_closed") else { return };
        let server = NotificationServer::start(&bus).await;
        let notifier = notifier();
        let id = notifier.show(&notification("")).await.expect("a notification");
        notifier.close(NotificationId(id.0 + 1)).await;
        notifier.close(id).await;
        assert_eq!(server.next_closed().await, id.0, "and not the one that is none of ours");
        assert_eq!(next_event(&notifier).await, NotificationEvent::Closed(id));
        notifier.close(id).await;
        assert!(timeout(Duration::ZERO, notifier.next_event()).await.is_err(), "once");
    }

    #[tokio::test]
    async fn without_a_server_it_waits_for_one() {
        let Some(bus) = own_bus("without_a_server_it_waits_for_one") else { return };
        let notifier = notifier();
        for _ in 0..2 {
            let outcome = notifier.show(&notification("")).await;
            assert!(outcome.as_ref().is_err_and(ShowError::is_unavailable), "{outcome:?}");
        }
        let server = NotificationServer::start(&bus).await;
        assert_eq!(next_event(&notifier).await, NotificationEvent::ServerAvailable);
        notifier.show(&notification("late")).await.expect("a notification");
        assert_eq!(server.next_shown().await.body, "late");
        assert!(timeout(Duration::ZERO, notifier.next_event()).await.is_err(), "once is enough");
    }

    #[tokio::test]
    async fn a_refusal_does_not_quote_the_notification() {
        let Some(bus) = own_bus("a_refusal_does_not_quote_the_notification") else { return };
        let server = NotificationServer::start(&bus).await;
        server.behave(Behaviour::Refuse);
        let outcome = notifier().show(&notification("secret")).await;
        let Err(ShowError::Refused(cause)) = &outcome else { panic!("{outcome:?}") };
        assert!(!cause.contains("secret") && !cause.contains("title"), "{cause}");
    }

    #[tokio::test]
    async fn a_notification_that_is_shown_too_late_is_closed() {
        let Some(bus) = own_bus("a_notification_that_is_shown_too_late_is_closed") else { return };
        let server = NotificationServer::start(&bus).await;
        server.behave(Behaviour::Hang);
        let hasty = PortableNotifier::with_timeouts(Duration::from_millis(300), Duration::from_mins(1));
        let outcome = hasty.show(&notification("late")).await;
        assert!(outcome.as_ref().is_err_and(ShowError::is_unavailable), "{outcome:?}");
        server.catch_up().await;
        let late = server.next_shown().await;
        assert_eq!(late.body, "late");
        assert_eq!(server.next_closed().await, late.id, "it will be shown again, so it must not stay");
    }
}
