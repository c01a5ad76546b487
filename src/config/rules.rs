//! The sections `[[rules]]`.
//!
//! Invariant: a pattern, a time and the name of a group are checked here, so a rule that is in use can be applied.

use std::fmt;
use std::marker::PhantomData;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};
use toml_edit::Datetime;

use super::values::{command, priority};
use crate::domain::media::MediaName;
use crate::domain::message::Priority;
use crate::domain::rules::{Condition, Days, Effect, GroupName, Hours, Pattern, Rule, TimeOfDay};

/// The rules, in order.
pub(super) fn rules<'de, D: Deserializer<'de>>(value: D) -> Result<Vec<Rule>, D::Error> {
    let sections = Vec::<RuleSection>::deserialize(value)?;
    Ok(sections.into_iter().map(Rule::from).collect())
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[serde(expecting = "a section: write [[rules]] on a line of its own")]
struct RuleSection {
    name: Option<String>,
    emergency: bool,
    #[serde(rename = "continue")]
    goes_on: bool,
    #[serde(deserialize_with = "time")]
    until: Option<i64>,
    when: WhenSection,
    then: ThenSection,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[serde(expecting = "a table: write { key = value }")]
struct WhenSection {
    #[serde(deserialize_with = "read_by")]
    app: Written<Pattern>,
    #[serde(deserialize_with = "read_by")]
    title: Written<Pattern>,
    #[serde(deserialize_with = "read_by")]
    text: Written<Pattern>,
    #[serde(deserialize_with = "read_by")]
    sound: Written<Pattern>,
    #[serde(deserialize_with = "read_by")]
    url: Written<Pattern>,
    #[serde(deserialize_with = "some_priority")]
    min_priority: Option<Priority>,
    #[serde(deserialize_with = "some_priority")]
    max_priority: Option<Priority>,
    #[serde(deserialize_with = "read_by")]
    hours: Written<Hours>,
    #[serde(deserialize_with = "read_by")]
    days: Written<Days>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[serde(expecting = "a table: write { key = value }")]
struct ThenSection {
    show: Option<bool>,
    #[serde(deserialize_with = "some_priority")]
    priority: Option<Priority>,
    #[serde(deserialize_with = "sound")]
    sound: Option<String>,
    #[serde(deserialize_with = "read_by")]
    group: Written<GroupName>,
    #[serde(deserialize_with = "read_by")]
    hold_until: Written<TimeOfDay>,
    read: Option<bool>,
    #[serde(deserialize_with = "command")]
    hook: Vec<String>,
    acknowledge: Option<bool>,
}

impl From<RuleSection> for Rule {
    fn from(section: RuleSection) -> Self {
        let RuleSection { name, emergency, goes_on, until, when, then } = section;
        Self {
            name,
            may_hide_emergencies: emergency,
            goes_on,
            until,
            when: Condition {
                app: when.app.0,
                title: when.title.0,
                text: when.text.0,
                sound: when.sound.0,
                url: when.url.0,
                min_priority: when.min_priority,
                max_priority: when.max_priority,
                hours: when.hours.0,
                days: when.days.0,
            },
            then: Effect {
                show: then.show,
                priority: then.priority,
                sound: then.sound,
                group: then.group.0,
                hold_until: then.hold_until.0,
                read: then.read,
                hook: then.hook,
                acknowledge: then.acknowledge,
            },
        }
    }
}

/// A value that is written as text; none without the key.
struct Written<T>(Option<T>);

impl<T> Default for Written<T> {
    fn default() -> Self {
        Self(None)
    }
}

/// A value that can be read from a text.
trait Readable: Sized {
    /// The error says what is wrong, and what is expected.
    fn read(text: &str) -> Result<Self, String>;
}

impl Readable for Pattern {
    fn read(text: &str) -> Result<Self, String> {
        let expected = "a part of the text, or a regular expression between slashes such as '/in \\d+ min/'";
        Self::new(text).map_err(|why| format!("{why}, expected {expected}"))
    }
}

impl Readable for GroupName {
    fn read(text: &str) -> Result<Self, String> {
        Self::new(text).map_err(|why| format!("{why}, expected a name such as `backup {{app}}`"))
    }
}

impl Readable for Hours {
    fn read(text: &str) -> Result<Self, String> {
        Self::parse(text).ok_or_else(|| format!("cannot be {text:?}, expected hours such as `22:00-07:00`"))
    }
}

impl Readable for Days {
    fn read(text: &str) -> Result<Self, String> {
        Self::parse(text)
            .ok_or_else(|| format!("cannot be {text:?}, expected days such as `mon-fri` or `sat,sun`"))
    }
}

impl Readable for TimeOfDay {
    fn read(text: &str) -> Result<Self, String> {
        Self::parse(text).ok_or_else(|| format!("cannot be {text:?}, expected a time of day such as `08:00`"))
    }
}

fn read_by<'de, T: Readable, D: Deserializer<'de>>(value: D) -> Result<Written<T>, D::Error> {
    struct Text<T>(PhantomData<T>);

    impl<T: Readable> Visitor<'_> for Text<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
            T::read(text).map_err(E::custom)
        }
    }

    value.deserialize_str(Text(PhantomData)).map(|read| Written(Some(read)))
}

fn some_priority<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Priority>, D::Error> {
    priority(value).map(Some)
}

fn sound<'de, D: Deserializer<'de>>(value: D) -> Result<Option<String>, D::Error> {
    let name = String::deserialize(value)?;
    if MediaName::new(&name).is_none() {
        return Err(D::Error::custom(format!(
            "cannot be {name:?}, expected the name of a sound such as `siren`, or `none`"
        )));
    }
    Ok(Some(name))
}

/// A time with its distance from UTC, or by this computer's clock, in unix seconds.
fn time<'de, D: Deserializer<'de>>(value: D) -> Result<Option<i64>, D::Error> {
    let text = Datetime::deserialize(value)?.to_string();
    let timestamp = text.parse::<Timestamp>().ok().or_else(|| {
        let local: DateTime = text.parse().ok()?;
        Some(local.to_zoned(TimeZone::system()).ok()?.timestamp())
    });
    let unix = timestamp.map(Timestamp::as_second);
    unix.map(Some).ok_or_else(|| {
        D::Error::custom(format!("cannot be {text}, expected a date and time such as 2026-11-27T08:00:00"))
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn read(text: &str) -> Result<Vec<Rule>, (String, String)> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(&path, text).unwrap();
        let shown = format!("{}:", path.display());
        let failed =
            |error: crate::config::Error| (error.to_string().replace(&shown, ""), error.hint().to_owned());
        crate::config::read(&path).map(|settings| settings.rules).map_err(failed)
    }

    #[test]
    fn the_documented_rule_is_read() {
        let text = r#"
            [[rules]]
            name = "quiet backups"
            when = { app = "Backup", title = "done", text = '/in \d+ min/', min_priority = -2, max_priority = 0, hours = "22:00-07:00", days = "mon-fri" }
            then = { show = false }

            [[rules]]
            emergency = true
            continue = true
            until = 1970-01-01T00:16:40Z
            [rules.when]
            sound = "siren"
            url = "example.org"
            [rules.then]
            priority = -1
            sound = "none"
            group = "backup {app}"
            hold_until = "08:00"
            read = true
            hook = ["notify", "a b"]
            acknowledge = false
        "#;
        let rules = read(text).unwrap();
        let [backups, everything] = &rules[..] else { panic!("{rules:?}") };
        assert_eq!(backups.title(1), "rule 1 \"quiet backups\"");
        let when = &backups.when;
        let patterns =
            [&when.app, &when.title, &when.text].map(|pattern| pattern.as_ref().unwrap().to_string());
        assert_eq!(patterns, ["Backup", "done", r"/in \d+ min/"]);
        assert_eq!((when.min_priority, when.max_priority), (Some(Priority::Lowest), Some(Priority::Normal)));
        assert_eq!(when.hours.unwrap().to_string(), "22:00-07:00");
        assert_eq!(when.days.unwrap().to_string(), "mon,tue,wed,thu,fri");
        assert_eq!(backups.then, Effect { show: Some(false), ..Effect::default() });
        assert!(!backups.goes_on && !backups.may_hide_emergencies && backups.until.is_none());
        assert!(everything.goes_on && everything.may_hide_emergencies);
        assert_eq!((everything.title(2).as_str(), everything.until), ("rule 2", Some(1_000)));
        let expected = Effect {
            show: None,
            priority: Some(Priority::Low),
            sound: Some("none".to_owned()),
            group: GroupName::new("backup {app}").ok(),
            hold_until: TimeOfDay::parse("08:00"),
            read: Some(true),
            hook: vec!["notify".to_owned(), "a b".to_owned()],
            acknowledge: Some(false),
        };
        assert_eq!(everything.then, expected);
    }

    #[test]
    fn every_mistake_is_named_with_its_line_and_column() {
        for (text, sentence, hint) in [
            (
                "[[rules]]\nwhen = { app = 'x', txt = 'y' }",
                "2:21: there is no setting \"rules[0].when.txt\"",
                "expected one of \"app\", \"title\"",
            ),
            (
                "[[rules]]\nwhen = { app = 'x', text = '/(/' }",
                "2:28: rules[0].when.text is not a valid regular expression",
                "expected a part of the text, or a regular expression between slashes",
            ),
            (
                "[[rules]]\n[[rules]]\nwhen = { hours = '8-17' }",
                "3:18: rules[1].when.hours cannot be \"8-17\"",
                "expected hours such as \"22:00-07:00\"",
            ),
            (
                "[[rules]]\nwhen.days = 'today'",
                "2:13: rules[0].when.days cannot be \"today\"",
                "expected days",
            ),
            (
                "[[rules]]\nthen.hold_until = '8'",
                "2:19: rules[0].then.hold_until cannot be \"8\"",
                "expected a time of day",
            ),
            (
                "[[rules]]\nthen.group = 'a {b}'",
                "2:14: rules[0].then.group contains a brace",
                "expected a name",
            ),
            (
                "[[rules]]\nthen.sound = 'a/b'",
                "2:14: rules[0].then.sound cannot be \"a/b\"",
                "expected the name of a sound",
            ),
            ("[[rules]]\nthen.priority = 3", "2:17: rules[0].then.priority cannot be 3", "expected a number"),
            (
                "[[rules]]\nthen.hook = 'x'",
                "2:13: rules[0].then.hook has a value of the wrong type",
                "expected a list",
            ),
            (
                "[[rules]]\nthen = { show = 'no' }",
                "2:17: rules[0].then.show has a value of the wrong type",
                "expected",
            ),
            (
                "[[rules]]\nuntil = 08:00:00",
                "2:9: rules[0].until cannot be 08:00:00",
                "expected a date and time",
            ),
            (
                "[[rules]]\nmute = true",
                "2:1: there is no setting \"rules[0].mute\"",
                "expected one of \"name\"",
            ),
            ("rules = 1", "1:9: rules has a value of the wrong type", "expected"),
        ] {
            let (said, hinted) = read(text).unwrap_err();
            assert!(said.starts_with(sentence), "{text}: {said}");
            assert!(hinted.starts_with(hint), "{text}: {hinted}");
        }
    }
}
