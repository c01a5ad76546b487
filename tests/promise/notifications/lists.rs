//! Tests that what a list of messages names is not announced a second time.

use handover::control::{Command, Reply};
use handover::domain::notification::{NotificationAction, NotificationEvent, NotificationId};

use crate::pause::{paused, resume};
use crate::world::World;

/// Clicks the icon in the tray, which shows the unread messages; returns the notification.
async fn show_unread(world: &mut World) -> NotificationId {
    let before = world.desktop.shown().len();
    let reply = world.ask(&Command::Show { activation_token: None }).await;
    assert!(matches!(reply, Reply::Done { .. }), "{reply:?}");
    world.until_quiet().await;
    assert_eq!(world.desktop.shown().len(), before + 1);
    world.desktop.shown().pop().unwrap().id
}

async fn flood(world: &mut World, count: usize) {
    for number in 1..=count {
        world.send(&format!("text {number}"));
        world.until("it is shown", |world| world.desktop.shown().len() == number).await;
        world.until_quiet().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_of_unread_messages_closes_their_count_which_does_not_come_back() {
    for by_click in [false, true] {
        let mut world = World::connected().await;
        flood(&mut world, 6).await;
        let count = world.desktop.shown().pop().unwrap();
        assert_eq!(count.notification.title, "6 messages from Sandbox");
        let list = if by_click {
            let click = NotificationEvent::ActionInvoked(count.id, NotificationAction::ShowText);
            world.desktop.send(click);
            world.until("the list is shown", |world| world.desktop.shown().len() == 7).await;
            world.until_quiet().await;
            world.desktop.shown().pop().unwrap().id
        } else {
            show_unread(&mut world).await
        };
        assert_eq!(world.desktop.on_screen(), [list]);
        world.send("text 7");
        world.until("it is shown", |world| world.desktop.shown().len() == 8).await;
        world.until_quiet().await;
        assert_eq!(world.desktop.texts().last().map(String::as_str), Some("text 7"), "it is shown alone");
        assert_eq!(world.desktop.on_screen().len(), 2);
        assert_eq!(world.status().await.unread, 7);
    }
}

#[tokio::test(start_paused = true)]
async fn messages_shown_each_that_a_list_names_are_not_counted_later() {
    let mut world = World::connected().await;
    flood(&mut world, 5).await;
    show_unread(&mut world).await;
    world.send("text 6");
    world.until("it is shown", |world| world.desktop.shown().len() == 7).await;
    world.until_quiet().await;
    assert_eq!(world.desktop.texts().last().map(String::as_str), Some("text 6"));
}

#[tokio::test(start_paused = true)]
async fn what_a_list_names_during_a_pause_is_not_announced_after_it() {
    let mut world = paused().await;
    world.send_all(&["a", "b", "c"]);
    world.until("they are saved", |world| world.entries().len() == 3).await;
    world.until_quiet().await;
    let list = show_unread(&mut world).await;
    world.send("d");
    world.until("it is saved", |world| world.entries().len() == 4).await;
    world.until_quiet().await;
    resume(&world).await;
    world.until("it is shown", |world| world.was_shown("d")).await;
    world.until_quiet().await;
    assert_eq!(world.desktop.shown().len(), 2, "{:?}", world.desktop.texts());
    assert!(world.desktop.on_screen().contains(&list));
    assert!(world.entries().iter().all(|entry| entry.announced.is_some() && entry.read.is_none()));
}
