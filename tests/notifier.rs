//! The notifier of a Linux desktop, against a real message bus and a server that remembers everything.
#![cfg(target_os = "linux")]

#[cfg(test)]
#[path = "notifier/abilities.rs"]
mod abilities;
#[cfg(test)]
#[path = "notifier/icon.rs"]
mod icon;
#[cfg(test)]
#[path = "notifier/left.rs"]
mod left;
#[cfg(test)]
#[path = "fuzz/property.rs"]
mod property;
#[cfg(test)]
#[path = "notifier/servers.rs"]
mod servers;
#[cfg(test)]
#[path = "notifier/sound.rs"]
mod sound;
#[cfg(test)]
#[path = "fuzz/subset.rs"]
mod subset;
#[cfg(test)]
mod support;
#[cfg(test)]
#[path = "notifier/text.rs"]
mod text;
#[cfg(test)]
#[path = "notifier/thousand.rs"]
mod thousand;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use handover::desktop::notifier::freedesktop::{FreedesktopNotifier, WaitBudget};
    use handover::domain::notification::{
        Notification, NotificationAction, NotificationEvent, NotificationId, Urgency,
    };
    use handover::domain::text::Text;
    use handover::ports::{Notifier, ShowError};
    use tokio::time::timeout;

    use crate::support::bus::Bus;
    use crate::support::notification_server::{Behaviour, NotificationServer, connect};

    pub(crate) fn notifier(bus: &Bus) -> FreedesktopNotifier {
        FreedesktopNotifier::new(Some(bus.address().to_owned()))
    }

    /// A notifier that gives up soon.
    fn hasty_notifier(bus: &Bus) -> FreedesktopNotifier {
        let patience = WaitBudget {
            answer: Duration::from_secs(1),
            first_retry: Duration::from_millis(20),
            longest_retry: Duration::from_millis(40),
        };
        FreedesktopNotifier::with_timeout(Some(bus.address().to_owned()), patience)
    }

    pub(crate) fn notification(html: &str) -> Notification {
        Notification { body: Text::from_html(html), ..Notification::about_handover("title", "") }
    }

    async fn next_event(notifier: &FreedesktopNotifier) -> NotificationEvent {
        timeout(Duration::from_secs(10), notifier.next_event()).await.expect("an event comes within 10 s")
    }

    /// What has been reported so far, once everything the bus had to say is through.
    async fn events_so_far(notifier: &FreedesktopNotifier) -> Vec<NotificationEvent> {
        // An answer comes after every signal the server sent before it.
        notifier.show(&notification("")).await.expect("a notification to wait for");
        let mut events = Vec::new();
        while let Ok(event) = timeout(Duration::ZERO, notifier.next_event()).await {
            events.push(event);
        }
        events
    }

    fn is_no_server(outcome: &Result<NotificationId, ShowError>) -> bool {
        outcome.as_ref().is_err_and(ShowError::is_unavailable)
    }

    #[tokio::test]
    async fn plain_text_is_shown_as_it_is() {
        let bus = Bus::start();
        let server = NotificationServer::start(bus.address()).await;
        let body = Text::from_plain("<b>not bold</b> &amp; \0\u{202e}x");
        let title = "a\n<b>\0".to_owned() + &"t".repeat(300);
        notifier(&bus).show(&Notification { body, title, ..notification("") }).await.expect("a notification");
        let shown = server.next_shown().await;
        assert_eq!(shown.body, "&lt;b&gt;not bold&lt;/b&gt; &amp;amp; x");
        assert!(shown.title.starts_with("a <b>t") && shown.title.ends_with("t…"), "{}", shown.title);
        assert_eq!(shown.title.chars().count(), 200);
    }

    #[tokio::test]
    async fn a_notification_is_amended_only_while_it_is_there() {
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
    async fn a_notification_is_as_loud_as_it_should_be() {
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
            assert_eq!((shown.app_name.as_str(), shown.icon.as_str()), ("Handover", "handover"));
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
        assert_eq!(next_event(&notifier).await, NotificationEvent::Closed(first));
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
    async fn what_the_user_does_is_reported() {
        let bus = Bus::start();
        let server = NotificationServer::start(bus.address()).await;
        let notifier = notifier(&bus);
        let id = notifier.show(&notification("")).await.expect("a notification");
        for (key, action) in [
            ("default", NotificationAction::Default),
            ("acknowledge", NotificationAction::Acknowledge),
            ("take-back", NotificationAction::TakeBack),
        ] {
            server.choose(id.0, key).await;
            assert_eq!(next_event(&notifier).await, NotificationEvent::ActionInvoked(id, action));
        }
        server.choose(id.0, "inline-reply").await;
        server.dismiss(id.0).await;
        assert_eq!(next_event(&notifier).await, NotificationEvent::Dismissed(id));
        // Forgotten with that.
        server.choose(id.0, "default").await;
        assert_eq!(events_so_far(&notifier).await, []);
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
    async fn no_click_is_missed() {
        let bus = Bus::start();
        let server = NotificationServer::start(bus.address()).await;
        server.behave(Behaviour::AnswerAndClick);
        let notifier = notifier(&bus);
        // Nobody reads the events meanwhile: that must not block a notification either.
        let mut ids = Vec::new();
        for _ in 0..200 {
            ids.push(notifier.show(&notification("")).await.expect("a notification"));
        }
        for id in ids {
            assert_eq!(
                next_event(&notifier).await,
                NotificationEvent::ActionInvoked(id, NotificationAction::Default)
            );
        }
    }

    #[tokio::test]
    async fn notifications_of_other_programs_are_none_of_ours() {
        let bus = Bus::start();
        let server = NotificationServer::start(bus.address()).await;
        let ours = notifier(&bus);
        let theirs = notifier(&bus);
        let our_id = ours.show(&notification("")).await.expect("a notification");
        let their_id = theirs.show(&notification("")).await.expect("a notification");
        assert_ne!(our_id, their_id);
        server.choose(their_id.0, "default").await;
        server.dismiss(their_id.0).await;
        assert_eq!(events_so_far(&ours).await, []);
        assert_eq!(
            events_so_far(&theirs).await,
            [
                NotificationEvent::ActionInvoked(their_id, NotificationAction::Default),
                NotificationEvent::Dismissed(their_id)
            ]
        );
        // It closes only what it showed itself.
        let their_id = theirs.show(&notification("theirs")).await.expect("a notification");
        ours.close(their_id).await;
        ours.close(our_id).await;
        assert_ne!(server.next_closed().await, our_id.0, "the one they dismissed");
        assert_eq!(server.next_closed().await, our_id.0);
        assert_eq!(server.screen()[&their_id.0].body, "theirs");
    }

    #[tokio::test]
    async fn only_the_server_speaks_for_a_notification() {
        let bus = Bus::start();
        let server = NotificationServer::start(bus.address()).await;
        let notifier = notifier(&bus);
        let id = notifier.show(&notification("")).await.expect("a notification");
        let forger = connect(bus.address()).await;
        let name = "org.freedesktop.Notifications";
        let path = "/org/freedesktop/Notifications";
        // The notifier is the first but one on the bus; a signal to everybody in turn reaches it.
        for number in 0..10 {
            let to = Some(format!(":1.{number}"));
            forger
                .emit_signal(to, path, name, "ActionInvoked", &(id.0, "acknowledge"))
                .await
                .expect("a signal");
        }
        // The bus has passed all of it on once it answers the forger.
        forger.request_name("org.example.Done").await.expect("a name");
        assert_eq!(events_so_far(&notifier).await, []);
        drop(server);
    }

    #[tokio::test]
    async fn a_server_that_comes_late_is_reported() {
        let bus = Bus::start();
        let notifier = notifier(&bus);
        assert!(is_no_server(&notifier.show(&notification("")).await));
        let server = NotificationServer::start(bus.address()).await;
        assert_eq!(next_event(&notifier).await, NotificationEvent::ServerAvailable);
        notifier.show(&notification("late")).await.expect("a notification");
        assert_eq!(server.next_shown().await.body, "late");
        assert_eq!(events_so_far(&notifier).await, [], "once is enough");
    }

    #[tokio::test]
    async fn a_server_that_the_bus_has_to_start_is_waited_for() {
        let mut bus = Bus::start();
        bus.promise("org.freedesktop.Notifications");
        let notifier = notifier(&bus);
        let first = notification("first");
        let (shown, server) = tokio::join!(notifier.show(&first), async {
            let witness = connect(bus.address()).await;
            let dbus = Some("org.freedesktop.DBus");
            // Until the notifier has made itself known, so that its question is on the bus already.
            while {
                let names = witness.call_method(dbus, "/org/freedesktop/DBus", dbus, "ListNames", &()).await;
                let names: Vec<String> = names.expect("an answer").body().deserialize().expect("names");
                names.len() < 3
            } {}
            NotificationServer::start(bus.address()).await
        });
        shown.expect("a notification");
        // The server answered before the notifier read that there is one: nothing was missed, nothing is new.
        assert_eq!(events_so_far(&notifier).await, []);
        assert_eq!(server.capability_questions(), 1);
    }

    #[tokio::test]
    async fn a_new_server_is_met_anew() {
        let bus = Bus::start();
        let server = NotificationServer::start(bus.address()).await;
        let notifier = notifier(&bus);
        let id = notifier.show(&notification("<b>x</b>")).await.expect("a notification");
        assert_eq!(server.next_shown().await.body, "<b>x</b>");
        drop(server);
        assert_eq!(next_event(&notifier).await, NotificationEvent::Closed(id));
        assert!(is_no_server(&notifier.show(&notification("")).await));

        let server = NotificationServer::with_capabilities(bus.address(), &["body"]).await;
        assert_eq!(next_event(&notifier).await, NotificationEvent::ServerAvailable);
        notifier
            .show(&Notification { replaces: Some(id), ..notification("<b>x</b>") })
            .await
            .expect("a notification");
        let shown = server.next_shown().await;
        assert_eq!((shown.body.as_str(), shown.replaces), ("x", 0));
        assert_eq!(server.capability_questions(), 1);
    }

    #[tokio::test]
    async fn a_bus_that_comes_back_is_found_again() {
        let mut bus = Bus::start();
        let server = NotificationServer::start(bus.address()).await;
        let notifier = hasty_notifier(&bus);
        let id = notifier.show(&notification("")).await.expect("a notification");
        for _ in 0..3 {
            bus.stop();
            assert!(is_no_server(&notifier.show(&notification("")).await));
        }
        assert_eq!(next_event(&notifier).await, NotificationEvent::Closed(id));
        drop(server);
        bus.restart();
        let server = NotificationServer::start(bus.address()).await;
        // Without another attempt to show something.
        assert_eq!(next_event(&notifier).await, NotificationEvent::ServerAvailable);
        let id = notifier.show(&notification("back")).await.expect("a notification");
        assert_eq!(server.next_shown().await.body, "back");
        server.choose(id.0, "default").await;
        assert_eq!(
            next_event(&notifier).await,
            NotificationEvent::ActionInvoked(id, NotificationAction::Default)
        );
    }

    #[tokio::test]
    async fn a_notification_finds_the_bus_without_waiting_for_the_next_attempt() {
        let mut bus = Bus::start();
        let server = NotificationServer::start(bus.address()).await;
        // It would try again after 5 s.
        let notifier = notifier(&bus);
        notifier.show(&notification("")).await.expect("a notification");
        bus.stop();
        drop(server);
        assert!(is_no_server(&notifier.show(&notification("")).await));
        bus.restart();
        let server = NotificationServer::start(bus.address()).await;
        notifier.show(&notification("back")).await.expect("a notification");
        assert_eq!(server.next_shown().await.body, "back");
        next_event(&notifier).await;
        assert_eq!(next_event(&notifier).await, NotificationEvent::ServerAvailable);
    }

    #[tokio::test]
    async fn without_a_bus_there_is_no_server() {
        let notifier = FreedesktopNotifier::new(Some("unix:path=/nonexistent/bus".to_owned()));
        let outcome = notifier.show(&notification("")).await;
        assert!(is_no_server(&outcome), "{outcome:?}");
        notifier.close(NotificationId(1)).await;
    }

    #[tokio::test]
    async fn a_server_that_does_not_answer_is_not_waited_for() {
        let bus = Bus::start();
        let server = NotificationServer::start(bus.address()).await;
        server.behave(Behaviour::Hang);
        let notifier = hasty_notifier(&bus);
        for _ in 0..2 {
            let outcome =
                timeout(Duration::from_secs(5), notifier.show(&notification(""))).await.expect("an end");
            assert_eq!(
                outcome,
                Err(ShowError::NoServer("the notification server does not answer".to_owned()))
            );
        }
        server.behave(Behaviour::Answer);
        notifier.show(&notification("awake")).await.expect("a notification");
    }

    #[tokio::test]
    async fn a_notification_that_is_shown_too_late_is_taken_back() {
        let bus = Bus::start();
        let server = NotificationServer::start(bus.address()).await;
        let notifier = hasty_notifier(&bus);
        notifier.show(&notification("in time")).await.expect("a notification");
        server.behave(Behaviour::Hang);
        let outcome = notifier.show(&notification("late")).await;
        assert!(is_no_server(&outcome), "{outcome:?}");
        assert_eq!(server.unanswered(), 1);
        server.catch_up().await;
        let late = [server.next_shown().await, server.next_shown().await][1].clone();
        assert_eq!(late.body, "late");
        assert_eq!(server.next_closed().await, late.id, "it will be shown again, so it must not stay");
        assert_eq!(events_so_far(&notifier).await, []);
    }

    #[tokio::test]
    async fn a_refusal_names_the_error_and_nothing_of_the_notification() {
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

    #[tokio::test]
    async fn an_event_survives_a_wait_that_is_given_up() {
        let bus = Bus::start();
        let server = NotificationServer::start(bus.address()).await;
        let notifier = notifier(&bus);
        let id = notifier.show(&notification("")).await.expect("a notification");
        for _ in 0..100 {
            server.choose(id.0, "default").await;
            while timeout(Duration::ZERO, notifier.next_event()).await.is_err() {
                tokio::task::yield_now().await;
            }
        }
        assert_eq!(events_so_far(&notifier).await, []);
    }

    #[test]
    fn notifier_and_runtime_may_end_in_either_order() {
        for notifier_first in [true, false] {
            let bus = Bus::start();
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            let notifier = notifier(&bus);
            let server = runtime.block_on(async {
                let server = NotificationServer::start(bus.address()).await;
                notifier.show(&notification("")).await.expect("a notification");
                server
            });
            if notifier_first {
                drop((notifier, server, runtime));
            } else {
                drop((runtime, notifier, server));
            }
        }
    }

    #[test]
    fn nothing_is_left_open() {
        // In a process of its own: open files are counted, and other tests open some.
        let output = std::process::Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "--ignored", "tests::nothing_is_left_open_alone"])
            .output()
            .expect("run this program");
        let words = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && words.contains("1 passed"), "{words}");
    }

    #[ignore = "nothing_is_left_open runs it"]
    #[tokio::test]
    async fn nothing_is_left_open_alone() {
        let mut bus = Bus::start();
        let open_files = || std::fs::read_dir("/proc/self/fd").expect("a list of open files").count();
        let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
        let without = (open_files(), tasks());
        let mut server = NotificationServer::start(bus.address()).await;
        let notifier = hasty_notifier(&bus);
        notifier.show(&notification("")).await.expect("a notification");
        let with_one = (open_files(), tasks());
        for _ in 0..500 {
            notifier.show(&notification("")).await.expect("a notification");
        }
        assert_eq!((open_files(), tasks()), with_one, "after 500 notifications");
        for _ in 0..10 {
            bus.stop();
            assert!(is_no_server(&notifier.show(&notification("")).await));
            drop(server);
            bus.restart();
            server = NotificationServer::start(bus.address()).await;
            while next_event(&notifier).await != NotificationEvent::ServerAvailable {}
            notifier.show(&notification("")).await.expect("a notification");
        }
        while tasks() > with_one.1 {
            tokio::task::yield_now().await;
        }
        assert_eq!(open_files(), with_one.0, "after 10 lost buses");
        drop((server, notifier));
        while tasks() > without.1 {
            tokio::task::yield_now().await;
        }
        assert_eq!(open_files(), without.0, "after the end");
    }
}
