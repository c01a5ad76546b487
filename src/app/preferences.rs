//! Reads and changes the settings for a front end with switches and lists.
//!
//! Invariant: one setting is changed at a time; the rest of the file, its comments and its order stay as they are, and a file
//! with a mistake in it is not changed.

use std::path::Path;

use super::Problem;
use super::context::Context;
use crate::config::{self, NewValue};
use crate::domain::message::Priority;
use crate::domain::settings::{Backlog, Emergency, Keep, SecretBackend, Settings, SoundSetting};

/// A new value of one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// When emergencies are acknowledged.
    Emergency(Emergency),
    /// Which messages may be heard.
    Sound(SoundSetting),
    /// What is shown of the messages that waited.
    Backlog(Backlog),
    /// Which messages a dismissed notification marks as read.
    DismissMarksRead(Option<bool>),
    /// How long messages are kept.
    Keep(Keep),
    /// Where the login is kept.
    SecretStore(SecretBackend),
    /// The lowest priority that is shown during a pause.
    BreakThrough(Priority),
    /// The lowest priority of a message that the hook is run for.
    HookPriority(Priority),
    /// The program to run for each message, with its arguments; empty is none.
    HookCommand(Vec<String>),
    /// The program that prints the key of end-to-end encryption, with its arguments; empty is none.
    KeyCommand(Vec<String>),
    /// The name to register under; empty is the computer's own.
    DeviceName(String),
    /// The schemes of links that may be opened.
    OpenLinks(Vec<String>),
}

/// The settings in the file; the error names the line with a mistake. An empty file is a mistake, too: its settings are lost, or
/// another program is writing them.
pub fn read(context: &Context) -> Result<Settings, Problem> {
    let path = &context.paths.settings;
    Ok(config::read_again(path)?.ok_or_else(|| config::empty(path))?)
}

/// Creates the file where there is none, so that an editor can open it.
pub fn create(path: &Path) -> Result<(), Problem> {
    config::create(path).map_err(not_changed)
}

/// The lines on which the rules begin in the file.
pub fn lines_of_rules(context: &Context) -> Vec<usize> {
    config::lines_of_rules(&context.paths.settings).unwrap_or_default()
}

/// Writes one setting into the file. A daemon that runs uses it at once.
pub fn change(path: &Path, change: &Change) -> Result<(), Problem> {
    let (key, value) = change.written();
    config::set(path, key, value).map_err(not_changed)
}

fn not_changed(error: config::Error) -> Problem {
    let hint = error.hint().to_owned();
    Problem::new("the settings cannot be changed", error).hint(hint)
}

impl Change {
    /// The key and the value in the file; without a value the key is removed.
    fn written(&self) -> (&'static [&'static str], Option<NewValue>) {
        let text = |text: &str| Some(NewValue::Text(text.to_owned()));
        match self {
            Self::Emergency(emergency) => (
                &["emergency"],
                text(match emergency {
                    Emergency::Auto => "auto",
                    Emergency::Always => "always",
                    Emergency::Manual => "manual",
                    Emergency::Never => "never",
                }),
            ),
            Self::Sound(sound) => (
                &["sound"],
                match sound {
                    SoundSetting::On => Some(NewValue::Switch(true)),
                    SoundSetting::Off => Some(NewValue::Switch(false)),
                    SoundSetting::Emergency => text("emergency"),
                },
            ),
            Self::Backlog(backlog) => (
                &["backlog"],
                text(match backlog {
                    Backlog::Summary => "summary",
                    Backlog::All => "all",
                    Backlog::Silent => "silent",
                }),
            ),
            Self::DismissMarksRead(marks) => (&["dismiss_marks_read"], marks.map(NewValue::Switch)),
            Self::Keep(keep) => (
                &["keep"],
                match keep {
                    Keep::Forever => text("forever"),
                    Keep::Seconds(seconds) => text(&days(*seconds)),
                    Keep::Newest(count) => Some(NewValue::Number(i64::try_from(*count).unwrap_or(i64::MAX))),
                },
            ),
            Self::SecretStore(backend) => (
                &["secret_store"],
                text(match backend {
                    SecretBackend::Auto => "auto",
                    SecretBackend::Keyring => "keyring",
                    SecretBackend::File => "file",
                }),
            ),
            Self::BreakThrough(priority) => (&["pause", "break_through"], Some(number(*priority))),
            Self::HookPriority(priority) => (&["hook", "min_priority"], Some(number(*priority))),
            Self::HookCommand(command) => (&["hook", "command"], Some(list(command))),
            Self::KeyCommand(command) => (&["encryption", "key_command"], Some(list(command))),
            Self::DeviceName(name) => {
                (&["device_name"], Some(name.trim()).filter(|name| !name.is_empty()).and_then(text))
            }
            Self::OpenLinks(schemes) => (&["open_links"], Some(list(schemes))),
        }
    }
}

fn list(words: &[String]) -> NewValue {
    NewValue::List(words.to_vec())
}

fn number(priority: Priority) -> NewValue {
    NewValue::Number(priority.number().into())
}

fn days(seconds: i64) -> String {
    const DAY: i64 = 86_400;
    if seconds % DAY == 0 { format!("{} days", seconds / DAY) } else { format!("{seconds} seconds") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_is_what_is_read_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        let mine = "# mine\nkeep = 7 # a week of them\n\n[pause]\n# quiet\n";
        std::fs::write(&path, mine).unwrap();
        for new in [
            Change::Emergency(Emergency::Never),
            Change::Sound(SoundSetting::Off),
            Change::Sound(SoundSetting::Emergency),
            Change::Backlog(Backlog::All),
            Change::DismissMarksRead(Some(false)),
            Change::Keep(Keep::Seconds(90 * 86_400)),
            Change::SecretStore(SecretBackend::File),
            Change::BreakThrough(Priority::High),
            Change::HookPriority(Priority::Normal),
            Change::HookCommand(vec!["/bin/say".to_owned(), "two words".to_owned()]),
            Change::KeyCommand(vec!["/bin/key".to_owned()]),
            Change::DeviceName("desk-2".to_owned()),
            Change::OpenLinks(vec!["https".to_owned(), "ssh".to_owned()]),
        ] {
            change(&path, &new).unwrap();
        }
        let settings = config::read(&path).unwrap();
        let expected = Settings {
            emergency: Emergency::Never,
            sound: SoundSetting::Emergency,
            backlog: Backlog::All,
            dismiss_marks_read: Some(false),
            keep: Keep::Seconds(90 * 86_400),
            secret_store: SecretBackend::File,
            pause: crate::domain::settings::Pause { break_through: Priority::High },
            hook: crate::domain::settings::Hook {
                min_priority: Priority::Normal,
                command: vec!["/bin/say".to_owned(), "two words".to_owned()],
            },
            encryption: crate::domain::settings::Encryption { key_command: vec!["/bin/key".to_owned()] },
            device_name: crate::domain::account::DeviceName::new("desk-2"),
            open_links: vec!["https".to_owned(), "ssh".to_owned()],
            ..Settings::default()
        };
        assert_eq!(settings, expected);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("# mine\nkeep = \"90 days\" # a week of them\n"), "{text}");
        assert!(
            text.contains("[pause]\n# quiet\n") || text.contains("[pause]\nbreak_through = 1\n# quiet\n"),
            "{text}"
        );
        change(&path, &Change::DismissMarksRead(None)).unwrap();
        assert_eq!(config::read(&path).unwrap().dismiss_marks_read, None);
    }

    #[test]
    fn an_invalid_value_or_file_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, "sound = true\n").unwrap();
        for invalid in
            [Change::DeviceName("not a name".to_owned()), Change::OpenLinks(vec!["a b".to_owned()])]
        {
            let problem = change(&path, &invalid).unwrap_err();
            assert!(problem.message.starts_with("the settings cannot be changed: "), "{problem}");
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "sound = true\n");
        std::fs::write(&path, "sound = true\ncolour = 1\n").unwrap();
        assert!(
            change(&path, &Change::Sound(SoundSetting::Off)).unwrap_err().message.contains("config.toml:2:")
        );
    }
}
