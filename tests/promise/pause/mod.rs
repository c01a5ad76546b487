//! Pauses, and helpers for all tests of them.

mod crash;
mod holding;

use handover::control::{Command, Reply, Until};
use handover::domain::settings::Settings;
use handover::system::clock;

use crate::world::World;

pub(crate) fn forever() -> Until {
    Until::Word("forever".to_owned())
}

pub(crate) fn in_seconds(seconds: i64) -> Until {
    Until::Time(clock::unix() + seconds)
}

/// The daemon's reply to a command that succeeds.
pub(crate) async fn command(world: &World, request: &Command) -> String {
    let Reply::Done { message } = world.ask(request).await else { panic!("{request:?} has another answer") };
    message
}

/// The daemon's reason for refusing a command.
pub(crate) async fn refused(world: &World, request: &Command) -> String {
    handover::control::ask(&world.control_path(), request).await.unwrap_err().to_string()
}

pub(crate) async fn pause(world: &World, until: Until) -> String {
    command(world, &Command::Pause { until }).await
}

pub(crate) async fn resume(world: &World) -> String {
    command(world, &Command::Resume).await
}

/// A daemon with these settings, connected and paused until resumed.
pub(crate) async fn paused_with(set: impl FnOnce(&mut Settings)) -> World {
    let mut world = World::after_initial_sync().await;
    set(&mut world.settings);
    world.start();
    world.until("it is connected", World::is_connected).await;
    world.until_quiet().await;
    assert_eq!(pause(&world, forever()).await, "paused until resumed");
    world
}

pub(crate) async fn paused() -> World {
    paused_with(|_| ()).await
}

/// The titles of all notifications so far.
pub(crate) fn titles(world: &World) -> Vec<String> {
    world.desktop.shown().into_iter().map(|shown| shown.notification.title).collect()
}

pub(crate) async fn until_deleted(world: &mut World, recorded: usize) {
    world
        .until("all is recorded and deleted", |world| {
            world.recorded().len() == recorded && world.queue().is_empty()
        })
        .await;
    world.until_quiet().await;
}
