//! Tests a hundred random kills of the real daemon under a load of messages of every priority: nothing is lost, nothing
//! is recorded twice, and no kill causes more than one repeat.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use fastrand::Rng;
use handover::sandbox::repeated_rejections;
use tokio::time::sleep;

use crate::support::harness::Harness;
use crate::support::kill_point::KillPoint;

/// Set `HANDOVER_KILL_SEED` to use another one.
const SEED: u64 = 20_261_122;
const APPS: usize = 200;
const KILLS: usize = 100;
/// The longest time between an event and the kill that follows, in microseconds: a whole sync takes about 20 ms.
const LONGEST_DELAY: u64 = 40_000;
/// The longest time before the second message of a run, in microseconds; it grows with each further message, so that a
/// daemon on a busy machine is not overloaded.
const LONGEST_SILENCE: u64 = 10_000;

#[tokio::test]
async fn a_hundred_random_kills_lose_nothing_and_repeat_at_most_one_notification_each() {
    let seed = std::env::var("HANDOVER_KILL_SEED").ok().map(|seed| seed.parse().expect("a number"));
    let mut dice = Rng::with_seed(seed.unwrap_or(SEED));
    let harness = Harness::signed_in().await;
    // Every message is announced on its own, so that each can be counted.
    harness.user.settings("backlog = 'all'");
    let mut load = Load::default();
    let mut screens = Vec::new();
    let mut events = BTreeMap::new();

    for _ in 0..KILLS {
        let event = KillPoint::ALL[dice.usize(..KillPoint::ALL.len())];
        *events.entry(event).or_insert(0) += 1;
        let before = harness.sandbox.counters();
        let mut shown = Vec::new();
        let daemon = harness.user.daemon();
        let delay = Duration::from_micros(dice.u64(..LONGEST_DELAY));
        let kill_is_due = async {
            harness.until(&format!("{event:?}"), |now| event.has_happened(&before, now)).await;
            if event == KillPoint::Shown {
                shown.push(harness.server.next_shown().await.body);
            }
            sleep(delay).await;
        };
        tokio::select! {
            () = kill_is_due => {}
            () = load.flow(&harness, &mut dice) => {}
        }
        daemon.kill().await;
        shown.extend(texts(&harness).await);
        screens.push(shown);
        load.send(&harness, &mut dice);
    }

    let daemon = harness.connected().await;
    for receipt in &load.receipts {
        harness.until("every emergency is acknowledged", |_| harness.sandbox.is_acknowledged(receipt)).await;
    }
    screens.push(texts(&harness).await);
    let messages = harness.messages_acknowledged().await;
    let status = harness.user.status().await;
    drop(daemon);

    let seed = format!("seed {seed:?}, {events:?}");
    let recorded: Vec<&str> =
        messages.iter().map(|message| message["text"].as_str().expect("a text")).collect();
    let ids: BTreeSet<&str> = messages.iter().map(|message| message["id"].as_str().expect("an id")).collect();
    assert_eq!(sorted(&recorded), sorted(&load.sent), "every message is recorded once; {seed}");
    assert_eq!(ids.len(), messages.len(), "no id is recorded twice; {seed}");
    assert_eq!(
        messages.iter().find(|message| message["announced"].is_null()),
        None,
        "all are announced; {seed}"
    );
    assert_eq!(harness.left_on_server(), 0, "nothing is left at the service; {seed}");
    assert_eq!((&status["unacknowledged"], &status["link"]), (&0.into(), &"connected".into()), "{seed}");
    assert!(
        repeated_rejections(&harness.sandbox.journal()).is_empty(),
        "no request is repeated after a 4xx; {seed}"
    );

    let mut on_screen = BTreeSet::new();
    for (life, shown) in screens.iter().enumerate() {
        let repeats = shown.iter().filter(|text| !on_screen.insert(text.as_str())).count();
        // The one notification that was being shown when the previous run was killed.
        assert!(repeats <= life.min(1), "{repeats} repeats in life {life}; {seed}");
    }
    let to_show = load.sent.iter().map(String::as_str).filter(|text| !text.ends_with("-2"));
    assert_eq!(
        on_screen,
        to_show.collect(),
        "every message but those of the lowest priority is shown; {seed}"
    );
}

/// The messages that were sent.
#[derive(Default)]
struct Load {
    /// The applications that send in turn, so that none of them causes a flood.
    apps: Vec<String>,
    sent: Vec<String>,
    receipts: Vec<String>,
}

impl Load {
    /// Sends messages at random and growing intervals; never ends.
    async fn flow(&mut self, harness: &Harness, dice: &mut Rng) {
        for longest in (LONGEST_SILENCE..).step_by(10_000) {
            self.send(harness, dice);
            sleep(Duration::from_micros(dice.u64(..longest))).await;
        }
    }

    fn send(&mut self, harness: &Harness, dice: &mut Rng) {
        let priority = dice.i8(-2..=2);
        let text = format!("message {} of priority {priority}", self.sent.len());
        if self.apps.is_empty() {
            self.apps =
                (0..APPS).map(|number| harness.sandbox.add_app(&format!("App {number}"), "")).collect();
        }
        let token = ("token", self.apps[self.sent.len() % APPS].as_str());
        if priority == 2 {
            let answer =
                harness.send_with(&text, &[token, ("priority", "2"), ("retry", "3600"), ("expire", "10800")]);
            self.receipts.push(answer["receipt"].as_str().expect("a receipt").to_owned());
        } else {
            harness.send_with(&text, &[token, ("priority", &priority.to_string())]);
        }
        self.sent.push(text);
    }
}

/// The texts of the notifications that were shown and not read yet.
async fn texts(harness: &Harness) -> Vec<String> {
    harness.server.flush(harness.bus.address()).await;
    harness.shown_so_far().await.into_iter().map(|notification| notification.body).collect()
}

fn sorted<T: AsRef<str>>(texts: &[T]) -> Vec<&str> {
    let mut sorted: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
    sorted.sort_unstable();
    sorted
}
