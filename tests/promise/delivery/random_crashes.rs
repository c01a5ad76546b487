//! Kills the daemon repeatedly at random turns of the runtime, under a hundred schedules.
//!
//! Invariant: the same seed gives the same messages, crashes and faults; a failure names its seed.

use std::collections::BTreeMap;

use handover::domain::message::Acknowledgement;
use handover::domain::settings::Backlog;
use handover::sandbox::{Endpoint, Fault, Order, Repeat};

use crate::desktop::Behaviour;
use crate::world::World;

/// The seeds of the schedules; `HANDOVER_SEEDS=2000-3000` selects others.
const SEEDS: std::ops::Range<u64> = 0..100;

/// A start that finds six messages has done all its work after 32 turns (measured), so a crash falls anywhere in
/// it, and sometimes after it.
const TURNS: usize = 45;

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_and_at_most_one_notification_repeats_a_crash() {
    let mut crashes_during_a_notification = 0;
    for seed in seeds() {
        crashes_during_a_notification += endure(seed).await;
    }
    assert!(crashes_during_a_notification > 0, "no crash ever fell between a notification and its mark");
}

fn seeds() -> std::ops::Range<u64> {
    let Ok(wanted) = std::env::var("HANDOVER_SEEDS") else { return SEEDS };
    let (from, to) = wanted.split_once('-').unwrap();
    from.parse().unwrap()..to.parse().unwrap()
}

/// Runs one schedule; returns how many crashes fell between a notification and its mark.
async fn endure(seed: u64) -> usize {
    let mut dice = fastrand::Rng::with_seed(seed);
    let mut world = World::after_initial_sync().await;
    // A summary would not show which messages it contains.
    world.settings.backlog = Backlog::All;
    world.sandbox.switch(|switches| {
        switches.order = dice.choice([Order::Sent, Order::Reversed, Order::Shuffled]).unwrap();
        switches.repeat_id = dice.choice([Repeat::Same, Repeat::New]).unwrap();
        switches.signal_at_login = dice.bool();
    });
    let mut sent = Vec::new();
    let mut receipts = Vec::new();
    // How often each message may be shown: once, and once more for every crash before its mark.
    let mut allowed = BTreeMap::<String, usize>::new();
    let crashes = dice.usize(1..5);
    let mut caught = 0;
    for crash in 0..crashes {
        for number in 0..dice.usize(0..4) {
            let text = format!("c{crash}m{number}");
            if dice.u8(..) < 64 {
                receipts.push(world.send_emergency(&text));
            } else {
                world.send_with(&text, &[("priority", dice.choice(["-1", "0", "1"]).unwrap())]);
            }
            allowed.insert(text.clone(), 1);
            sent.push(text);
        }
        disturb(&world, &mut dice);
        let shown_before = world.desktop.texts().len();
        world.start();
        world.take_turns(dice.usize(0..TURNS)).await;
        world.kill().await;
        if let Some(text) = unmarked(&world, &world.desktop.texts()[shown_before..]) {
            *allowed.entry(text).or_default() += 1;
            caught += 1;
        }
        world.sandbox.faults().clear();
        world.desktop.recovers();
    }
    world.start();
    let everything = |world: &World| {
        world.queue().is_empty()
            && receipts.iter().all(|receipt| world.sandbox.is_acknowledged(receipt))
            && world.entries().iter().all(|entry| entry.announced.is_some())
            && world.entries().iter().all(|entry| entry.acknowledgement != Acknowledgement::Wanted)
    };
    world.until(&format!("all is done (seed {seed})"), everything).await;

    let mut recorded = world.recorded();
    recorded.sort();
    sent.sort();
    assert_eq!(recorded, sent, "each is recorded once (seed {seed})");
    let mut times_shown = BTreeMap::<String, usize>::new();
    for text in world.desktop.texts() {
        *times_shown.entry(text).or_default() += 1;
    }
    assert_eq!(times_shown.len(), sent.len(), "each is shown (seed {seed}): {times_shown:?}");
    for (text, times) in &times_shown {
        assert!(*times <= allowed[text], "{text} was shown {times} times (seed {seed})");
    }
    for entry in world.entries() {
        let wanted = if entry.message.receipt.is_some() {
            Acknowledgement::Confirmed
        } else {
            Acknowledgement::NotWanted
        };
        assert_eq!(entry.acknowledgement, wanted, "seed {seed}");
    }
    world.assert_good_citizen();
    caught
}

/// Sometimes adds a fault to the crash.
fn disturb(world: &World, dice: &mut fastrand::Rng) {
    let faults = world.sandbox.faults();
    match dice.u8(0..12) {
        0 => world.desktop.behave_next(Behaviour::HangsBefore),
        1 | 2 => world.desktop.behave_next(Behaviour::HangsAfter),
        3 => world.desktop.behave_next(Behaviour::Absent),
        4 => faults.next(Endpoint::Acknowledge, Fault::HangAfter, 1),
        5 => faults.next(Endpoint::Delete, Fault::HangAfter, 1),
        6 => faults.next(Endpoint::Delete, Fault::DropAfter, 1),
        7 => faults.next(Endpoint::Download, Fault::HalfBody, 1),
        8 => faults.next(Endpoint::Acknowledge, Fault::status(500), 1),
        _ => {}
    }
}

/// The message of the last of these notifications, if it was on the screen without its mark when the daemon died: the
/// daemon shows one after the other.
fn unmarked(world: &World, notifications: &[String]) -> Option<String> {
    let last = notifications.last()?;
    let is_unmarked =
        world.entries().iter().any(|entry| entry.announced.is_none() && entry.message.body == *last);
    is_unmarked.then(|| last.clone())
}
