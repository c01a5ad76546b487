//! The properties that any settings file keeps, for the fuzz target in `tests/fuzz`.
//!
//! Invariant: no file is read or written.

use std::path::Path;

use toml_edit::{Array, Datetime, InlineTable, Value};

use super::change::{changed, muted, named};
use super::error::{Error, Mistake};
use super::file::parse;
use crate::domain::message::Priority;
use crate::domain::rules::{Pattern, Rule};
use crate::domain::sending::SecretName;
use crate::domain::settings::{Emergency, Settings};

/// The application that is muted and named.
const APP: &str = "Handover.fuzz";

/// Panics unless a mistake is named with its line, and unless a change to one setting changes neither another one nor a comment.
pub fn settings(data: &[u8]) {
    let settings = match parse(data) {
        Ok(settings) => settings,
        Err(mistake) => return is_helpful(&mistake.in_file(Path::new("config.toml"), data), data),
    };
    let never = |text: &[u8]| changed(text, &["emergency"], Some("never".into()));
    let expected = Settings { emergency: Emergency::Never, ..settings.clone() };
    let text = changes(data, &expected, never);
    has_comments_of(&text, data);
    assert_eq!(changes(text.as_bytes(), &expected, never), text, "the same value again changes the file");

    let mut expected = settings.clone();
    expected.pause.break_through = Priority::High;
    let high = |text: &[u8]| changed(text, &["pause", "break_through"], Some(1.into()));
    has_comments_of(&changes(data, &expected, high), data);

    let expected = Settings { sound: Settings::default().sound, ..settings.clone() };
    changes(data, &expected, |text| changed(text, &["sound"], None));

    let Ok(pattern) = Pattern::exactly(APP) else { return };
    let name = format!("mute {APP}");
    let mut expected = settings.clone();
    expected.rules.retain(|rule| rule.name.as_ref() != Some(&name));
    let mut mute = Rule { name: Some(name), until: Some(1_795_743_000), ..Rule::default() };
    (mute.when.app, mute.then.show) = (Some(pattern.clone()), Some(false));
    expected.rules.insert(0, mute);
    changes(data, &expected, |text| muted(text, APP, &pattern, Some(1_795_743_000)));

    let mut expected = settings.clone();
    let is_first = expected.applications.is_empty();
    expected.applications.entry(APP.to_owned()).or_default().default |= is_first;
    let name = SecretName::Application(APP.to_owned());
    has_comments_of(&changes(data, &expected, |text| named(text, &name)), data);

    let again = parse(printed(&settings.rules).as_bytes()).map(|settings| settings.rules);
    assert_eq!(again.ok(), Some(settings.rules), "a rule reads differently from how it prints");
}

fn is_helpful(error: &Error, data: &[u8]) {
    let lines = data.split(|byte| *byte == b'\n').count();
    assert!(error.line.is_some_and(|line| (1..=lines).contains(&line)), "no such line: {error:?}");
    assert!(!error.why.is_empty() && !error.hint.is_empty(), "{error:?}");
}

/// The changed file.
fn changes(data: &[u8], expected: &Settings, change: impl Fn(&[u8]) -> Result<String, Mistake>) -> String {
    let path = Path::new("config.toml");
    let text = change(data).map_err(|mistake| mistake.in_file(path, data));
    assert!(text.is_ok(), "not changed: {text:?}");
    let text = text.unwrap_or_default();
    let settings = parse(text.as_bytes()).map_err(|mistake| mistake.in_file(path, text.as_bytes()));
    assert_eq!(settings.as_ref(), Ok(expected), "in {text:?}");
    text
}

fn has_comments_of(text: &str, before: &[u8]) {
    let before = String::from_utf8_lossy(before);
    for comment in before.lines().map(str::trim).filter(|line| line.starts_with('#')) {
        assert!(text.contains(comment), "{comment:?} is gone from {text:?}");
    }
}

/// The rules as a settings file.
fn printed(rules: &[Rule]) -> String {
    let rules: Array = rules.iter().map(|rule| Value::from(table_of(rule))).collect();
    format!("rules = {rules}\n")
}

fn table_of(rule: &Rule) -> InlineTable {
    let Rule { name, may_hide_emergencies, goes_on, until, when, then } = rule;
    let text = |value: Option<String>| value.map(Value::from);
    let number =
        |priority: Option<Priority>| priority.map(|priority| Value::from(i64::from(priority.number())));
    let pattern =
        |pattern: &Option<Pattern>| pattern.as_ref().map(|pattern| Value::from(pattern.to_string()));
    let table = |fields: Vec<(&str, Option<Value>)>| -> InlineTable {
        fields.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
    };
    let time = until.and_then(|unix| jiff::Timestamp::from_second(unix).ok());
    let hook: Array = then.hook.iter().collect();
    let when = table(vec![
        ("app", pattern(&when.app)),
        ("title", pattern(&when.title)),
        ("text", pattern(&when.text)),
        ("sound", pattern(&when.sound)),
        ("url", pattern(&when.url)),
        ("min_priority", number(when.min_priority)),
        ("max_priority", number(when.max_priority)),
        ("hours", text(when.hours.map(|hours| hours.to_string()))),
        ("days", text(when.days.map(|days| days.to_string()))),
    ]);
    let then = table(vec![
        ("show", then.show.map(Value::from)),
        ("priority", number(then.priority)),
        ("sound", text(then.sound.clone())),
        // The braces of a variable stay as they are.
        ("group", text(then.group.as_ref().map(|group| group.of("{app}", "{title}")))),
        ("hold_until", text(then.hold_until.map(|time| time.to_string()))),
        ("read", then.read.map(Value::from)),
        ("hook", Some(Value::from(hook))),
        ("acknowledge", then.acknowledge.map(Value::from)),
    ]);
    table(vec![
        ("name", text(name.clone())),
        ("emergency", Some((*may_hide_emergencies).into())),
        ("continue", Some((*goes_on).into())),
        ("until", time.and_then(|time| time.to_string().parse::<Datetime>().ok()).map(Value::from)),
        ("when", Some(when.into())),
        ("then", Some(then.into())),
    ])
}
