//! Tests a week of everyday life, on a clock that is moved.
//!
//! Invariant: every message is shown once, and after the first day the process holds no more files and threads, and the message log stays small.

use std::fs;

use handover::control::{Command, Filter, Selection};
use handover::desktop::power::PowerEvent::{NetworkUp, Woke};
use handover::domain::settings::Keep;
use handover::sandbox::{Endpoint, Fault};

use crate::world::{MINUTE, World};

/// How many hours; the default is a week.
const HOURS: &str = "HANDOVER_TEST_HOURS";
const DAY: u32 = 24;
/// How many messages are kept, about as many as are sent in half a day.
const KEEP: usize = 100;

/// The most messages of an hour.
const PER_HOUR: usize = 7;
/// The most bytes of a message log with so many messages and the 10,000 events that are kept at most.
const LARGEST_LOG: u64 = 1_500_000;

/// What the process and the message log need. The memory of the process is that of the test, too, so it says nothing here.
#[derive(Debug)]
struct Usage {
    descriptors: usize,
    threads: usize,
    log: u64,
}

impl Usage {
    fn now(world: &World) -> Self {
        let count = |folder: &str| fs::read_dir(folder).unwrap().count();
        let files = fs::read_dir(world.log_path().parent().unwrap()).unwrap();
        Self {
            descriptors: count("/proc/self/fd"),
            threads: count("/proc/self/task"),
            log: files.map(|file| file.unwrap().metadata().unwrap().len()).sum(),
        }
    }
}

#[tokio::test(start_paused = true)]
#[ignore = "tests/proof runs it"]
#[expect(clippy::print_stdout, reason = "it prints rows of a table")]
async fn a_week_leaves_nothing_behind() {
    let hours = std::env::var(HOURS).map_or(7 * DAY, |hours| hours.parse().unwrap());
    let mut world = World::after_initial_sync().await;
    world.settings.keep = Keep::Newest(KEEP as u64);
    world.start();
    world.until("it is connected", World::is_connected).await;
    let mut sent = Vec::new();
    let mut first_day = None;
    for hour in 0..hours {
        live_an_hour(&mut world, hour, &mut sent).await;
        if hour + 1 == DAY.min(hours / 2) {
            first_day = Some(Usage::now(&world));
        }
    }
    let (before, after) = (first_day.unwrap(), Usage::now(&world));
    println!("| week | hours on a moved clock, messages | {hours}, {} |", sent.len());
    println!(
        "| week | descriptors after a day and at the end | {} and {} |",
        before.descriptors, after.descriptors
    );
    println!(
        "| week | files of the message log after a day and at the end, in bytes | {} and {} |",
        before.log, after.log
    );
    assert!(after.descriptors <= before.descriptors + 2, "{before:?} {after:?}");
    assert!(after.threads <= before.threads + 4, "{before:?} {after:?}");
    assert!(world.entries().len() <= KEEP + PER_HOUR, "{} messages are kept", world.entries().len());
    assert!(after.log <= LARGEST_LOG, "{before:?} {after:?}");
    for text in &sent {
        let times = world.desktop.texts().iter().filter(|shown| *shown == text).count();
        assert_eq!(times, 1, "{text}");
    }
    assert_eq!(world.queue(), [0; 0]);
    world.assert_modest();
}

/// An hour with a message every ten minutes, an emergency every five hours, and now and then a fault.
async fn live_an_hour(world: &mut World, hour: u32, sent: &mut Vec<String>) {
    for part in 0..6 {
        let text = format!("hour {hour}, part {part}");
        world.send(&text);
        // After a fault it waits before it tries again.
        world.advance_until(MINUTE, "it is shown", |world| world.was_shown(&text)).await;
        sent.push(text);
        if part == 0 && hour.is_multiple_of(5) {
            let text = format!("fire in hour {hour}");
            let receipt = world.send_emergency(&text);
            world
                .advance_until(MINUTE, "it is acknowledged", |world| world.sandbox.is_acknowledged(&receipt))
                .await;
            sent.push(text);
        }
        match (part, hour % 6) {
            (1, 0) => world.sandbox.drop_sockets(),
            (1, 1) => world.computer(Woke),
            (1, 2) => world.computer(NetworkUp),
            (1, 3) => world.sandbox.faults().next(Endpoint::Download, Fault::status(500), 2),
            (1, 4) => world.sandbox.faults().next(Endpoint::Delete, Fault::status(503), 1),
            _ => {}
        }
        if part == 5 {
            // Unread messages are kept, whatever their number.
            world
                .ask(&Command::MarkRead(Selection {
                    filter: Some(Filter::default()),
                    ..Selection::default()
                }))
                .await;
        }
        world.advance(10 * MINUTE).await;
        world.until("it is connected", World::is_connected).await;
    }
}
