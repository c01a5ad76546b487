//! One rule: when it applies, and what it does.
//!
//! Invariant: whatever is not given is `None` and changes nothing.

use super::pattern::Pattern;
use super::time::{Days, Hours, TimeOfDay};
use crate::domain::message::Priority;

/// A rule of the settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// What the user calls it.
    pub name: Option<String>,
    /// Whether it may hide an emergency, or make it less noticeable.
    pub may_hide_emergencies: bool,
    /// Whether the rules after it are tried too when it applies.
    pub goes_on: bool,
    /// It applies to what is recorded before this time, unix seconds.
    pub until: Option<i64>,
    /// The messages it applies to.
    pub when: Condition,
    /// What it does.
    pub then: Effect,
}

impl Rule {
    /// What to call it in a sentence; rules are counted from 1.
    pub fn title(&self, number: usize) -> String {
        match &self.name {
            Some(name) => format!("rule {number} \"{name}\""),
            None => format!("rule {number}"),
        }
    }
}

/// The messages that a rule applies to; every part that is given has to match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// The sending application's name.
    pub app: Option<Pattern>,
    /// The title.
    pub title: Option<Pattern>,
    /// The text, without markup.
    pub text: Option<Pattern>,
    /// The name of the sound that it was sent with.
    pub sound: Option<Pattern>,
    /// The link that it was sent with.
    pub url: Option<Pattern>,
    /// The lowest priority.
    pub min_priority: Option<Priority>,
    /// The highest priority.
    pub max_priority: Option<Priority>,
    /// The time of day at which it was recorded.
    pub hours: Option<Hours>,
    /// The day of the week on which it was recorded.
    pub days: Option<Days>,
}

/// What a rule does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    /// Whether it is shown; otherwise it is only listed.
    pub show: Option<bool>,
    /// How urgent it is, whatever the sender says.
    pub priority: Option<Priority>,
    /// The name of a sound, or `none`.
    pub sound: Option<String>,
    /// Of the messages with the same group, only the latest is on the screen.
    pub group: Option<GroupName>,
    /// It is shown only at this time of day.
    pub hold_until: Option<TimeOfDay>,
    /// Whether it counts as read.
    pub read: Option<bool>,
    /// A program to run, with its arguments; empty if there is none.
    pub hook: Vec<String>,
    /// Whether an emergency may be acknowledged automatically, if the settings say so.
    pub acknowledge: Option<bool>,
}

/// The name of a group, which may contain the name of the application and the title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupName(String);

impl GroupName {
    /// Reads a name such as `backup {app}`; the error says what is wrong with it.
    pub fn new(written: &str) -> Result<Self, String> {
        let mut rest = written;
        while let Some((_, after)) = rest.split_once('{') {
            let name = after.split_once('}').map(|(name, _)| name);
            if !matches!(name, Some("app" | "title")) {
                return Err("contains a brace that begins neither {app} nor {title}".to_owned());
            }
            rest = after;
        }
        if written.trim().is_empty() { Err("is empty".to_owned()) } else { Ok(Self(written.to_owned())) }
    }

    /// The name of the group of a message.
    pub fn of(&self, app: &str, title: &str) -> String {
        let mut name = String::with_capacity(self.0.len() + app.len() + title.len());
        let mut rest = self.0.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            name.push_str(before);
            let (variable, after) = after.split_once('}').unwrap_or((after, ""));
            name.push_str(if variable == "app" { app } else { title });
            rest = after;
        }
        name.push_str(rest);
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_group_is_filled_in_once() {
        let name = |written: &str| GroupName::new(written).map(|name| name.of("Backup {title}", "Done"));
        assert_eq!(name("backup {app}").as_deref(), Ok("backup Backup {title}"));
        assert_eq!(name("{app}/{title}").as_deref(), Ok("Backup {title}/Done"));
        assert_eq!(name("all").as_deref(), Ok("all"));
        for wrong in ["", " ", "{", "{host}", "{app", "a {} b"] {
            assert!(name(wrong).is_err(), "{wrong}");
        }
    }
}
