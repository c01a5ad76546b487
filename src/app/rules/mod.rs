//! Explains what the user's rules do to a message.
//!
//! Invariant: the answer is the one that the daemon comes to, because the same code decides.

use jiff::tz::TimeZone;

use super::time_format;
use crate::control::RulesReport;
use crate::domain::account::{DeviceId, SoundPreferences};
use crate::domain::media::Sound;
use crate::domain::message::{Acknowledgement, Arrival, Entry, Message, Priority, Seq};
use crate::domain::rules::Rule;
use crate::domain::settings::{Backlog, Settings};
use crate::engine::policy::rules::{effects, explain as mismatches, never_applies};
use crate::engine::policy::{Action, Circumstances, Verdict, decide, emergency_setting};
use crate::system::clock;

/// What the rules do to a message, a line for each rule and a sentence on the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What each rule does, in order.
    pub rules: Vec<String>,
    /// What becomes of the message, without a pause and the quiet hours.
    pub result: String,
}

/// Explains what the rules do to a message, as if it arrived again at the time at which it was recorded.
pub fn explain(settings: &Settings, entry: &Entry) -> Explanation {
    let entry = Entry {
        announced: None,
        read: None,
        acknowledgement: Acknowledgement::NotWanted,
        arrival: Arrival::Live,
        ..entry.clone()
    };
    let unix = clock::unix();
    let circumstances = Circumstances {
        unix,
        service_unix: entry.message.expires.map_or(unix, |expires| expires.min(unix).saturating_sub(1)),
        initial_sync: false,
        quiet_hours: false,
        paused: None,
        backlog: Backlog::All,
        emergency: settings.emergency,
        sound: settings.sound,
        sound_preferences: &SoundPreferences::default(),
        open_links: &[],
        rules: &settings.rules,
        utc_offset: time_format::utc_offset(),
    };
    let tried = mismatches(&entry, &circumstances);
    let mut rules = Vec::new();
    for (number, rule) in (1..).zip(&settings.rules) {
        let words = match tried.get(number - 1) {
            None => "not tried, because a rule before it applies".to_owned(),
            Some(Some(why)) => format!("does not apply: {why}"),
            Some(None) => format!("applies: {}", effects_in_words(rule, &entry)),
        };
        rules.push(format!("{}: {words}", rule.title(number)));
    }
    let is_left_to_user =
        entry.message.is_open_emergency() && settings.emergency != emergency_setting(&entry, &circumstances);
    let mut result = result(&decide(&entry, &circumstances), entry.message.priority, unix);
    if is_left_to_user {
        result.push_str(", and is not acknowledged automatically");
    }
    Explanation { rules, result }
}

/// A message that a user describes, as if it arrived now.
pub fn made_up(message: Message) -> Option<Entry> {
    let seq = Seq(1);
    Some(Entry {
        seq,
        device: DeviceId::new("none")?,
        message,
        recorded: clock::unix(),
        arrival: Arrival::Live,
        announced: None,
        read: None,
        acknowledgement: Acknowledgement::NotWanted,
        repeats: 0,
        first: seq,
    })
}

/// How many rules are in use, and which of them never change anything.
pub fn report(rules: &[Rule]) -> RulesReport {
    let in_use = rules.len();
    let useless: Vec<String> = useless(rules).into_iter().map(|rule| rule.sentence).collect();
    let count =
        if in_use == 1 { "1 rule is in use".to_owned() } else { format!("{in_use} rules are in use") };
    let sentence = std::iter::once(&count).chain(&useless).map(String::as_str).collect::<Vec<_>>().join("; ");
    RulesReport { in_use, useless, sentence }
}

/// A rule that never changes anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UselessRule {
    /// Its number, the first one being 1.
    pub number: usize,
    /// Which rule it is, and why it never changes anything.
    pub sentence: String,
}

/// The rules that never change anything.
pub fn useless(rules: &[Rule]) -> Vec<UselessRule> {
    let unix = clock::unix();
    let why = |(index, rule): (usize, &Rule)| {
        let why = never_applies(rule, rules.get(..index).unwrap_or_default(), unix)?;
        let number = index + 1;
        let sentence = format!("{} never changes anything: {why}", rule.title(number));
        Some(UselessRule { number, sentence })
    };
    rules.iter().enumerate().filter_map(why).collect()
}

fn effects_in_words(rule: &Rule, entry: &Entry) -> String {
    let with_protection = |(words, is_refused): (String, bool)| {
        if is_refused { format!("{words} (not for an emergency without `emergency = true`)") } else { words }
    };
    let effects: Vec<_> = effects(rule, entry).into_iter().map(with_protection).collect();
    if effects.is_empty() { "nothing is changed".to_owned() } else { effects.join(", ") }
}

fn result(verdict: &Verdict, sent: Priority, unix: i64) -> String {
    let mut words = match verdict.action {
        Action::Skip { read: true } => return "it is not shown, only listed, and counts as read".to_owned(),
        Action::Skip { read: false } => return "it is not shown, only listed".to_owned(),
        Action::Hold => {
            let time = verdict.held_until.and_then(|end| time_format::words(end, unix, &TimeZone::system()));
            return time.map_or_else(|| "it is held".to_owned(), |time| format!("it is held until {time}"));
        }
        Action::Show => vec!["it is shown".to_owned()],
    };
    if verdict.priority != sent {
        words.push(format!(" with priority {} instead of {}", verdict.priority.number(), sent.number()));
    }
    match &verdict.sound.sound {
        Sound::Silent => words.push(", without a sound".to_owned()),
        Sound::Named(name) => words.push(format!(", with the sound {}", name.as_str())),
        Sound::OfDesktop => {}
    }
    if let Some(group) = &verdict.group {
        words.push(format!(", in place of the previous one of the group \"{group}\""));
    }
    if verdict.read {
        words.push(", and counts as read".to_owned());
    }
    words.concat()
}
