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

/// Decides about messages that none of a hundred rules applies to, so that each rule is tried. Each kind of rules is measured with
/// a short message and with one as long as the service allows.
pub(crate) fn measure() -> Vec<Figure> {
    let mut long = (0..60).map(|word| format!("word {word} of the text")).collect::<Vec<_>>().join(", ");
    long.truncate(1024);
    let long = long.as_str();
    let kinds: [(&str, Text); 4] = [
        ("100 rules, every fifth with an expression", |number| {
            if number.is_multiple_of(5) {
                format!(r"/took \d+ s of {number}/")
            } else {
                format!("not in it {number}")
            }
        }),
        ("100 rules with words", |number| format!("not in it {number}")),
        ("100 rules with groups and alternatives", |number| {
            format!(r"/(?i)^(error|warning) {number}: .*(failed|timed out)$/")
        }),
        ("100 rules with classes and counts", |number| {
            format!(r"/[Dd]isk \w+ (is )?at \d{{1,3}} ?% of {number}/")
        }),
    ];
    let mut figures = Vec::new();
    for (kind, text) in kinds {
        let rules: Vec<_> = (0..100).map(|number| rule(number, &text(number))).collect();
        for (what, body) in [("a short message", "done in twelve minutes"), ("a message of 1 KB", long)] {
            figures.push(figure(&format!("{kind}, {what}"), &rules, body, RUNS).at_most(0.1));
        }
    }
    // Nothing can be ruled out without matching these, so they have no target.
    let rules: Vec<_> = (0..100).map(|number| rule(number, &format!(r"/\d{{{}}}/", number + 5))).collect();
    figures.push(figure(
        "100 rules with expressions without a letter, a message of 1 KB",
        &rules,
        long,
        RUNS / 20,
    ));
    figures
}

/// The text that the rule with this number asks for.
type Text = fn(usize) -> String;

fn figure(what: &str, rules: &[Rule], body: &str, runs: u32) -> Figure {
    Figure::new(what, "ms", (0..runs).map(|_| took(rules, body) * 1e3))
}

/// Every other rule is for one application, as most are.
fn rule(number: usize, text: &str) -> Rule {
    let app = number.is_multiple_of(2).then(|| format!("application {number}"));
    let pattern = |written: &str| Pattern::new(written).unwrap();
    Rule {
        when: Condition {
            app: app.as_deref().map(pattern),
            text: Some(pattern(text)),
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
