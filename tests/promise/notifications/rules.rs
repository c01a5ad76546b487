//! A rule that marks messages as read: in the same transaction as the mark that they were shown.

use handover::domain::rules::{Effect, Rule};

use crate::desktop::Behaviour;
use crate::world::{MINUTE, World};

async fn connected_with_rule() -> World {
    let mut world = World::after_initial_sync().await;
    let then = Effect { read: Some(true), ..Effect::default() };
    world.settings.rules = vec![Rule { then, ..Rule::default() }];
    world.start();
    world.until("it is connected", World::is_connected).await;
    world.until_quiet().await;
    world
}

/// Whether the latest message is announced, and whether it is read.
fn marks(world: &World) -> (bool, bool) {
    let entry = world.entries().pop().unwrap();
    (entry.announced.is_some(), entry.read.is_some())
}

#[tokio::test(start_paused = true)]
async fn a_message_that_could_not_be_shown_is_not_marked_as_read_and_is_shown_later() {
    for behaviour in [Behaviour::Refuses, Behaviour::Absent] {
        let mut world = connected_with_rule().await;
        world.desktop.behave_next(behaviour);
        world.send("disk full");
        world.until("it is tried", |world| world.desktop.attempts() == 1).await;
        world.until_quiet().await;
        assert_eq!(marks(&world), (false, false));
        world.advance_until(MINUTE, "it is shown", |world| world.was_shown("disk full")).await;
        world.until_quiet().await;
        assert_eq!(marks(&world), (true, true));
    }
}

#[tokio::test(start_paused = true)]
async fn a_kill_leaves_a_message_neither_marked_as_shown_nor_as_read_or_both() {
    for (behaviour, times) in [(Behaviour::HangsBefore, 1), (Behaviour::HangsAfter, 2)] {
        let mut world = connected_with_rule().await;
        world.desktop.behave_next(behaviour);
        world.send("disk full");
        world.until("it is tried", |world| world.desktop.attempts() == 1).await;
        world.until_quiet().await;
        assert_eq!(marks(&world), (false, false));
        world.kill().await;
        world.start();
        world.until("both marks are made", |world| marks(world) == (true, true)).await;
        world.until_quiet().await;
        assert_eq!(world.desktop.texts().len(), times);
    }
}
