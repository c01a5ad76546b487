//! Tests clicks on notifications.

use handover::domain::notification::{NotificationAction, NotificationEvent, NotificationId};
use handover::domain::settings::Emergency;

use crate::desktop::Shown;
use crate::world::{MINUTE, World};

const LINK: [(&str, &str); 2] = [("url", "https://a.example/x"), ("url_title", "See it")];

/// Sends a message and waits until it is on the screen and everything is done.
async fn shown(world: &mut World, text: &str, fields: &[(&str, &str)]) -> Shown {
    let before = world.desktop.shown().len();
    world.send_with(text, fields);
    world.until("it is shown", |world| world.desktop.shown().len() > before).await;
    world.until_quiet().await;
    world.desktop.shown().pop().unwrap()
}

async fn click(world: &mut World, id: NotificationId, action: NotificationAction) {
    world.desktop.send(NotificationEvent::ActionInvoked(id, action));
    world.until_quiet().await;
}

fn words(shown: &Shown) -> Vec<(NotificationAction, &str)> {
    shown.notification.actions.iter().map(|(action, words)| (*action, words.as_str())).collect()
}

#[tokio::test(start_paused = true)]
async fn a_link_is_opened_by_its_button_and_by_a_click_on_the_notification() {
    for action in [NotificationAction::OpenLink, NotificationAction::Default] {
        let mut world = World::connected().await;
        let notification = shown(&mut world, "news", &LINK).await;
        assert_eq!(
            words(&notification),
            [
                (NotificationAction::OpenLink, "See it"),
                (NotificationAction::MarkRead, "Mark as read"),
                (NotificationAction::Default, "See it")
            ]
        );
        click(&mut world, notification.id, action).await;
        world.until("the link is opened", |world| !world.desktop.opened().is_empty()).await;
        assert_eq!(world.desktop.opened(), ["https://a.example/x"]);
        assert_eq!(world.desktop.on_screen(), [], "the notification is closed: {action:?}");
        assert_eq!(world.status().await.unread, 0, "{action:?}");
        // A second click on a closed notification does nothing.
        click(&mut world, notification.id, action).await;
        assert_eq!(world.desktop.opened().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn any_click_marks_a_message_without_a_link_as_read() {
    for action in [NotificationAction::MarkRead, NotificationAction::Default] {
        let mut world = World::connected().await;
        let notification = shown(&mut world, "news", &[]).await;
        assert_eq!(
            words(&notification),
            [(NotificationAction::MarkRead, "Mark as read"), (NotificationAction::Default, "Mark as read")]
        );
        assert_eq!(world.status().await.unread, 1);
        click(&mut world, notification.id, action).await;
        assert_eq!((world.status().await.unread, world.desktop.on_screen()), (0, vec![]), "{action:?}");
        assert_eq!(world.desktop.opened(), [""; 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn marking_as_read_opens_nothing() {
    let mut world = World::connected().await;
    let notification = shown(&mut world, "news", &LINK).await;
    click(&mut world, notification.id, NotificationAction::MarkRead).await;
    assert_eq!((world.status().await.unread, world.desktop.on_screen()), (0, vec![]));
    assert_eq!(world.desktop.opened(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_link_with_a_forbidden_scheme_is_only_shown() {
    let mut world = World::connected().await;
    let fields = [("url", "file:///etc/passwd"), ("url_title", "See it")];
    let notification = shown(&mut world, "news", &fields).await;
    assert_eq!(notification.text(), "news\nfile:///etc/passwd");
    assert!(!notification.offers(NotificationAction::OpenLink), "{notification:?}");
    click(&mut world, notification.id, NotificationAction::Default).await;
    assert_eq!((world.desktop.opened(), world.desktop.shown().len()), (vec![], 1));
    assert_eq!(world.status().await.unread, 0);
}

#[tokio::test(start_paused = true)]
async fn a_link_that_cannot_be_opened_is_shown_with_its_address() {
    let mut world = World::connected().await;
    let notification = shown(&mut world, "news", &[("url", "https://broken.example/")]).await;
    click(&mut world, notification.id, NotificationAction::OpenLink).await;
    world.until("the failure is shown", |world| world.desktop.shown().len() == 2).await;
    let failure = world.desktop.shown().pop().unwrap();
    assert_eq!(failure.notification.title, "The link was not opened");
    assert!(failure.text().ends_with(": https://broken.example/"), "{failure:?}");
    assert_eq!(world.status().await.unread, 0);
}

#[tokio::test(start_paused = true)]
async fn only_its_own_buttons_remove_an_emergency() {
    let mut world = World::after_initial_sync().await;
    world.settings.emergency = Emergency::Manual;
    world.start();
    world.until("it is connected", World::is_connected).await;
    let emergency = [("priority", "2"), ("retry", "3600"), ("expire", "7200")];
    let notification = shown(&mut world, "fire", &[&emergency[..], &LINK].concat()).await;
    let offered: Vec<_> = words(&notification).iter().map(|(action, _)| *action).collect();
    assert_eq!(offered, [NotificationAction::Acknowledge, NotificationAction::OpenLink]);
    for action in [NotificationAction::Default, NotificationAction::OpenLink] {
        click(&mut world, notification.id, action).await;
        assert_eq!(world.desktop.on_screen(), [notification.id], "{action:?}");
    }
    world.until("the link is opened twice", |world| world.desktop.opened().len() == 2).await;
    assert_eq!((world.status().await.unread, world.status().await.unacknowledged), (0, 1));
    click(&mut world, notification.id, NotificationAction::Acknowledge).await;
    world
        .advance_until(MINUTE, "it is acknowledged", |world| world.sandbox.counters().acknowledges == 1)
        .await;
    world.until("the notification is closed", |world| world.desktop.on_screen().is_empty()).await;
    assert_eq!(world.status().await.unacknowledged, 0);
}

#[tokio::test(start_paused = true)]
async fn an_emergency_without_an_acknowledge_button_is_read_like_any_message() {
    for action in [NotificationAction::Default, NotificationAction::OpenLink, NotificationAction::MarkRead] {
        let mut world = World::after_initial_sync().await;
        world.settings.emergency = Emergency::Never;
        world.start();
        world.until("it is connected", World::is_connected).await;
        let emergency = [("priority", "2"), ("retry", "3600"), ("expire", "7200")];
        let notification = shown(&mut world, "fire", &[&emergency[..], &LINK].concat()).await;
        let offered: Vec<_> = words(&notification).iter().map(|(action, _)| *action).collect();
        assert_eq!(
            offered,
            [NotificationAction::OpenLink, NotificationAction::MarkRead, NotificationAction::Default]
        );
        click(&mut world, notification.id, action).await;
        assert_eq!((world.status().await.unread, world.desktop.on_screen()), (0, vec![]), "{action:?}");
        world.advance(MINUTE).await;
        assert_eq!(world.sandbox.counters().acknowledges, 0);
        // It is still open, and the user can acknowledge it explicitly.
        assert_eq!(world.status().await.unacknowledged, 1);
        let id = world.entries()[0].message.id;
        let answer = world.ask(&handover::control::Command::acknowledge(id)).await;
        assert!(matches!(answer, handover::control::Reply::Done { .. }), "{answer:?}");
        assert_eq!(world.sandbox.counters().acknowledges, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_click_on_a_summary_lists_what_it_counts_and_its_button_marks_all_as_read() {
    for action in [NotificationAction::MarkRead, NotificationAction::Default, NotificationAction::ShowText] {
        let mut world = World::after_initial_sync().await;
        world.send_all(&["a", "b", "c", "d", "e", "f"]);
        world.start();
        world.until("it is shown", |world| world.desktop.shown().len() == 1).await;
        world.until_quiet().await;
        let summary = world.desktop.shown().pop().unwrap();
        click(&mut world, summary.id, action).await;
        if action == NotificationAction::MarkRead {
            assert_eq!((world.status().await.unread, world.desktop.on_screen()), (0, vec![]));
            continue;
        }
        world.until("the list is shown", |world| world.desktop.shown().len() == 2).await;
        world.until_quiet().await;
        let list = world.desktop.shown().pop().unwrap();
        assert_eq!(
            list.text(),
            "Sandbox\nf\n\nSandbox\ne\n\nSandbox\nd\n\nSandbox\nc\n\nSandbox\nb\n\nSandbox\na"
        );
        assert_eq!((world.status().await.unread, world.desktop.on_screen()), (6, vec![list.id]));
        world.desktop.send(NotificationEvent::Dismissed(list.id));
        world.until_quiet().await;
        assert_eq!(world.status().await.unread, 0, "it showed all of them whole");
    }
}

#[tokio::test(start_paused = true)]
async fn dismissing_marks_messages_as_read_that_were_shown_whole() {
    let long = "word ".repeat(204);
    // How many of a short message, a long one, and a summary of five are still unread.
    for (setting, short, cut, summary) in [(None, 0, 1, 5), (Some(true), 0, 0, 0), (Some(false), 1, 1, 5)] {
        for (texts, left) in
            [(vec!["news"], short), (vec![&*long], cut), (vec!["a", "b", "c", "d", "e"], summary)]
        {
            let mut world = World::after_initial_sync().await;
            world.settings.dismiss_marks_read = setting;
            world.send_all(&texts);
            world.start();
            world.until("it is shown", |world| world.desktop.shown().len() == 1).await;
            world.until_quiet().await;
            let shown = world.desktop.shown().pop().unwrap();
            world.desktop.send(NotificationEvent::Dismissed(shown.id));
            world.until_quiet().await;
            assert_eq!(world.status().await.unread, left, "{setting:?} {}", texts.len());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_click_on_a_text_that_is_cut_shows_the_whole_text() {
    for action in [NotificationAction::ShowText, NotificationAction::Default] {
        let mut world = World::connected().await;
        let text = (1..=280).map(|number| number.to_string()).collect::<Vec<_>>().join(" ");
        let notification = shown(&mut world, &text, &LINK).await;
        assert!(notification.text().contains('…'));
        assert_eq!(
            notification.notification.offered(1_000),
            [
                (NotificationAction::OpenLink, "See it"),
                (NotificationAction::ShowText, "Show whole text"),
                (NotificationAction::MarkRead, "Mark as read"),
                (NotificationAction::Default, "Show whole text"),
            ]
        );
        click(&mut world, notification.id, action).await;
        world.until("the parts are shown", |world| world.desktop.shown().len() == 3).await;
        world.until_quiet().await;
        let parts = world.desktop.shown().split_off(1);
        let titles: Vec<_> = parts.iter().map(|part| part.notification.title.as_str()).collect();
        assert_eq!(titles, ["(1/2) Sandbox", "(2/2) Sandbox"]);
        let words: Vec<_> = parts.iter().map(|part| part.notification.body.to_plain()).collect();
        assert_eq!(words.join(" "), text);
        assert_eq!(world.desktop.on_screen(), [parts[0].id, parts[1].id]);
        let offered: Vec<_> = parts.iter().flat_map(|part| part.notification.offered(1_000)).collect();
        let expected = [(NotificationAction::OpenLink, "See it"), (NotificationAction::Default, "See it")];
        assert_eq!(offered, expected, "it is read already");
        assert_eq!(world.status().await.unread, 0);
        assert_eq!(world.desktop.opened(), [""; 0]);
        // A click on it does the same as on the notification of a short message.
        click(&mut world, parts[1].id, NotificationAction::Default).await;
        world.until("the link is opened", |world| !world.desktop.opened().is_empty()).await;
    }
}
