//! What a hundred rules cost a message.

use std::hint::black_box;

use handover::domain::account::{DeviceId, SoundPreferences};
use handover::domain::message::{Acknowledgement, Arrival, Entry, Message, MessageId, Seq};
use handover::domain::rules::{Condition, Effect, Pattern, Rule};
use handover::domain::settings::{Backlog, Emergency, SoundSetting};
use handover::engine::policy::{Circumstances, decide};
use handover::system::clock;

use crate::figure::Figure;

const RUNS: u32 = 2_000;

/// Decides about messages that none of a hundred rules matches, so that each rule is tried. Every fifth is an expression.
pub(crate) fn measure() -> Vec<Figure> {
    let rules: Vec<_> = (0..100).map(rule).collect();
    let text = (0..40).map(|word| format!("word {word} of the text")).collect::<Vec<_>>().join(", ");
    let figure = |what: &str, body: &str| {
        let runs = (0..RUNS).map(|_| took(&rules, body) * 1e3);
        Figure::new(what, "ms", runs).at_most(0.1)
    };
    vec![
        figure("100 rules, a short message", "done in twelve minutes"),
        figure("100 rules, a message of 1 KB", &text),
    ]
}

fn rule(number: usize) -> Rule {
    let app = (number.is_multiple_of(2)).then(|| format!("application {number}"));
    let text = if number.is_multiple_of(5) {
        format!(r"/took \d+ s of {number}/")
    } else {
        format!("not in it {number}")
    };
    let pattern = |written: &str| Pattern::new(written).unwrap();
    Rule {
        when: Condition {
            app: app.as_deref().map(pattern),
            text: Some(pattern(&text)),
            ..Condition::default()
        },
        then: Effect { show: Some(false), ..Effect::default() },
        ..Rule::default()
    }
}

/// In seconds.
fn took(rules: &[Rule], body: &str) -> f64 {
    let message = Message {
        app: "Backup".to_owned(),
        title: Some("Nightly".to_owned()),
        body: body.to_owned(),
        ..Message::unread(MessageId::from_stored(1))
    };
    let entry = Entry {
        seq: Seq(1),
        device: DeviceId::new("desk").unwrap(),
        message,
        recorded: 1_000,
        arrival: Arrival::Live,
        announced: None,
        read: None,
        acknowledgement: Acknowledgement::NotWanted,
        repeats: 0,
        first: Seq(1),
    };
    let sound_preferences = SoundPreferences::default();
    let circumstances = Circumstances {
        unix: 1_000,
        service_unix: 1_000,
        initial_sync: false,
        quiet_hours: false,
        paused: None,
        backlog: Backlog::Summary,
        emergency: Emergency::Auto,
        sound: SoundSetting::On,
        sound_preferences: &sound_preferences,
        open_links: &[],
        rules,
        utc_offset: 0,
    };
    let begin = clock::instant();
    black_box(decide(black_box(&entry), &circumstances));
    begin.elapsed().as_secs_f64()
}
