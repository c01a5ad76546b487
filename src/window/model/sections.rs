//! What the settings file lists: rules, and what is needed to send.
//!
//! Invariant: no token, no key and no program that prints one is shown.

use crate::app::rules::useless;
use crate::domain::message::Priority;
use crate::domain::rules::{Condition, Effect, Rule};
use crate::domain::sending::settings::SecretSource;
use crate::domain::settings::Settings;
use crate::domain::text::capitalized;
use crate::window::words::{fill, tr};

/// One of the things that are listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What the user calls it.
    pub title: String,
    /// What it does or has, in words.
    pub sentence: String,
    /// What is wrong with it.
    pub problem: Option<String>,
}

/// The rules, in the order in which they are tried; `lines` are the lines of the file on which they begin.
pub fn rules(settings: &Settings, lines: &[usize]) -> Vec<Line> {
    let useless = useless(&settings.rules);
    let line = |(number, rule): (usize, &Rule)| {
        let title = match &rule.name {
            Some(name) => name.clone(),
            None => fill("Rule {number}", &[("number", &number.to_string())]),
        };
        let (conditions, effects) = (conditions(&rule.when), effects(&rule.then));
        let sentence = fill(
            "{conditions}: {effects}",
            &[
                ("conditions", if conditions.is_empty() { tr("Every message") } else { &conditions }),
                ("effects", if effects.is_empty() { tr("nothing is changed") } else { &effects }),
            ],
        );
        let problem = useless.iter().find(|useless| useless.number == number).map(|useless| {
            match lines.get(number - 1) {
                Some(line) => fill(
                    "Line {line}: {problem}",
                    &[("line", &line.to_string()), ("problem", &useless.sentence)],
                ),
                None => capitalized(&useless.sentence),
            }
        });
        Line { title, sentence: capitalized(&sentence), problem }
    };
    (1..).zip(&settings.rules).map(line).collect()
}

fn conditions(when: &Condition) -> String {
    let Condition { app, title, text, sound, url, min_priority, max_priority, hours, days } = when;
    let mut parts = Vec::new();
    let mut add = |words: &'static str, value: Option<String>| {
        parts.extend(value.map(|value| fill(words, &[("value", &value)])));
    };
    add("application {value}", app.as_ref().map(ToString::to_string));
    add("title {value}", title.as_ref().map(ToString::to_string));
    add("text {value}", text.as_ref().map(ToString::to_string));
    add("sound {value}", sound.as_ref().map(ToString::to_string));
    add("link {value}", url.as_ref().map(ToString::to_string));
    add("priority {value} or higher", min_priority.map(number));
    add("priority {value} or lower", max_priority.map(number));
    add("at {value}", hours.map(|hours| hours.to_string()));
    add("on {value}", days.map(|days| days.to_string()));
    parts.join(", ")
}

fn effects(then: &Effect) -> String {
    let Effect { show, priority, sound, group, hold_until, read, hook, acknowledge } = then;
    let mut parts = Vec::new();
    parts
        .extend(show.map(|is_shown| if is_shown { tr("is shown") } else { tr("is only listed") }.to_owned()));
    parts.extend(priority.map(|priority| fill("gets priority {value}", &[("value", &number(priority))])));
    parts.extend(sound.as_deref().map(|sound| match sound {
        "none" => tr("makes no sound").to_owned(),
        sound => fill("plays the sound {value}", &[("value", sound)]),
    }));
    parts.extend(group.as_ref().map(|_| tr("replaces the one before it in its group").to_owned()));
    parts.extend(hold_until.map(|time| fill("is held until {value}", &[("value", &time.to_string())])));
    parts.extend(read.filter(|is_read| *is_read).map(|_| tr("counts as read").to_owned()));
    parts.extend((!hook.is_empty()).then(|| tr("starts a program").to_owned()));
    parts.extend(
        acknowledge.filter(|may_be| !may_be).map(|_| tr("is not acknowledged automatically").to_owned()),
    );
    parts.join(", ")
}

fn number(priority: Priority) -> String {
    priority.number().to_string()
}

/// The applications that messages are sent as.
pub fn applications(settings: &Settings) -> Vec<Line> {
    let line = |(name, application): (&String, &crate::domain::sending::settings::Application)| {
        let mut parts = vec![place(&application.token)];
        parts.extend(application.default.then(|| tr("used where no application is named")));
        Line { title: name.clone(), sentence: parts.join(", "), problem: None }
    };
    settings.applications.iter().map(line).collect()
}

/// Those who can be sent to.
pub fn recipients(settings: &Settings) -> Vec<Line> {
    let line = |(name, recipient): (&String, &crate::domain::sending::settings::Recipient)| {
        let mut parts = vec![place(&recipient.key).to_owned()];
        if !recipient.devices.is_empty() {
            parts.push(fill("devices {value}", &[("value", &recipient.devices.join(", "))]));
        }
        if !recipient.tags.is_empty() {
            parts.push(fill("tags {value}", &[("value", &recipient.tags.join(", "))]));
        }
        Line { title: name.clone(), sentence: parts.join(", "), problem: None }
    };
    settings.recipients.iter().map(line).collect()
}

/// The prepared messages.
pub fn templates(settings: &Settings) -> Vec<Line> {
    let line = |(name, template): (&String, &crate::domain::sending::settings::Template)| Line {
        title: name.clone(),
        sentence: template.texts.title.clone().or_else(|| template.texts.message.clone()).unwrap_or_default(),
        problem: None,
    };
    settings.templates.iter().map(line).collect()
}

/// The local HTTP API and its channels.
pub fn http(settings: &Settings) -> Vec<Line> {
    let api = settings.http.iter().map(|http| Line {
        title: fill("HTTP API at {address}", &[("address", &http.listen.to_string())]),
        sentence: place(&http.token).to_owned(),
        problem: None,
    });
    let channels = settings.channels.keys().map(|name| Line {
        title: fill("Channel {name}", &[("name", name)]),
        sentence: String::new(),
        problem: None,
    });
    api.chain(channels).collect()
}

/// Where a secret is kept.
fn place(secret: &SecretSource) -> &'static str {
    if secret.value.is_some() {
        tr("secret in the settings file")
    } else if secret.command.is_empty() {
        tr("secret in the keyring")
    } else {
        tr("secret from a program")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::Secret;
    use crate::domain::rules::{Pattern, TimeOfDay};
    use crate::domain::sending::settings::{Application, Recipient};

    #[test]
    fn a_rule_is_one_sentence() {
        let rule = Rule {
            name: Some("quiet backups".to_owned()),
            when: Condition {
                app: Pattern::new("Backup").ok(),
                max_priority: Some(Priority::Normal),
                ..Condition::default()
            },
            then: Effect { show: Some(false), read: Some(true), ..Effect::default() },
            ..Rule::default()
        };
        let held = Rule {
            then: Effect { hold_until: TimeOfDay::parse("08:00"), ..Effect::default() },
            ..Rule::default()
        };
        let settings = Settings { rules: vec![rule, held.clone(), held], ..Settings::default() };
        let lines = rules(&settings, &[3, 7, 12]);
        assert_eq!(lines[0].title, "quiet backups");
        assert_eq!(
            lines[0].sentence,
            "Application Backup, priority 0 or lower: is only listed, counts as read"
        );
        assert_eq!((lines[1].title.as_str(), lines[1].problem.as_ref()), ("Rule 2", None));
        assert_eq!(lines[1].sentence, "Every message: is held until 08:00");
        assert!(
            lines[2].problem.as_ref().is_some_and(|problem| problem.starts_with("Line 12: rule 3 never")),
            "{lines:?}"
        );
        let lines = rules(&settings, &[]);
        assert!(
            lines[2].problem.as_ref().is_some_and(|problem| problem.starts_with("Rule 3 never")),
            "{lines:?}"
        );
    }

    #[test]
    fn no_secret_is_in_a_list() {
        let secret =
            |value: &str| SecretSource { value: Some(Secret::new(value)), command: vec!["pass".to_owned()] };
        let mut settings = Settings::default();
        settings
            .applications
            .insert("servers".into(), Application { token: secret("azGDOR"), default: true });
        settings.recipients.insert(
            "me".into(),
            Recipient { key: secret("uQiRzp"), devices: vec!["desk".to_owned()], ..Recipient::default() },
        );
        let lines = [applications(&settings), recipients(&settings)].concat();
        assert_eq!(lines[0].sentence, "secret in the settings file, used where no application is named");
        assert_eq!(lines[1].sentence, "secret in the settings file, devices desk");
        let shown = format!("{lines:?}");
        assert!(!shown.contains("azGDOR") && !shown.contains("uQiRzp") && !shown.contains("pass"), "{shown}");
    }
}
