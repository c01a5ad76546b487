//! Reads the settings file, follows it, and changes single settings in it.
//!
//! Invariant: a file with a mistake in it changes no setting and is not changed; the mistake is named with its line.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::domain::account::DeviceName;
use crate::domain::message::Priority;
use crate::domain::settings::{Settings, SoundSetting};
use crate::domain::system;

mod change;
mod emptied;
mod syntax;
mod values;
mod watch;

use values::{BACKLOGS, EMERGENCIES, HOST, KEYS, SECRET_STORES};

pub use change::{set_emergency, set_secret_store};
pub use emptied::{emptied, of_empty_file, read_first};
pub use watch::Watch;

/// Reads the settings; without a file they are the defaults.
pub fn read(path: &Path) -> Result<Settings, Error> {
    let Some(bytes) = bytes(path)? else { return Ok(Settings::default()) };
    parse(&bytes).map_err(|mistake| mistake.in_file(path, &bytes))
}

/// What is in the file; `None` when there is none.
fn bytes(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error {
            path: path.to_owned(),
            line: None,
            why: system::in_words(&error),
            hint: "check who owns the file, and that it is a file".to_owned(),
        }),
    }
}

/// Why the settings cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The file.
    path: PathBuf,
    /// The line with the mistake, the first one being 1; `None` when the file could not be read at all.
    line: Option<usize>,
    why: String,
    hint: String,
}

impl Error {
    /// What may stand there instead.
    pub fn hint(&self) -> &str {
        &self.hint
    }
}

/// `<path>:<line>: <why>`.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.path.display())?;
        if let Some(line) = self.line {
            write!(f, "{line}:")?;
        }
        write!(f, " {}", self.why)
    }
}

impl std::error::Error for Error {}

/// A mistake and the byte where it begins.
struct Mistake {
    at: usize,
    why: String,
    hint: String,
}

impl Mistake {
    fn in_file(self, path: &Path, bytes: &[u8]) -> Error {
        let line = 1 + bytes.iter().take(self.at).filter(|byte| **byte == b'\n').count();
        Error { path: path.to_owned(), line: Some(line), why: self.why, hint: self.hint }
    }
}

fn parse(bytes: &[u8]) -> Result<Settings, Mistake> {
    let table = table(text(bytes)?)?;
    let mut settings = Settings::default();
    for entry in Entry::of("", table.get_ref()) {
        match entry.key.as_str() {
            "device_name" => settings.device_name = entry.device_name()?,
            "secret_store" => settings.secret_store = entry.choice(SECRET_STORES)?,
            "open_links" => settings.open_links = entry.schemes()?,
            "backlog" => settings.backlog = entry.choice(BACKLOGS)?,
            "emergency" => settings.emergency = entry.choice(EMERGENCIES)?,
            "sound" => settings.sound = entry.sound()?,
            "pause" | "hook" | "encryption" => read_section(&mut settings, &entry)?,
            _ => return Err(entry.unknown()),
        }
    }
    Ok(settings)
}

fn text(bytes: &[u8]) -> Result<&str, Mistake> {
    std::str::from_utf8(bytes).map_err(|error| Mistake {
        at: error.valid_up_to(),
        why: "this is not UTF-8 text".to_owned(),
        hint: "save the file as UTF-8".to_owned(),
    })
}

fn table(text: &str) -> Result<Spanned<DeTable<'_>>, Mistake> {
    DeTable::parse(text).map_err(|error| syntax::mistake(text, &error))
}

fn read_section(settings: &mut Settings, section: &Entry<'_>) -> Result<(), Mistake> {
    for entry in Entry::of(&section.key, section.table()?) {
        match entry.key.as_str() {
            "pause.break_through" => settings.break_through = entry.priority()?,
            "hook.command" => settings.hook_command = entry.command()?,
            "hook.min_priority" => settings.hook_min_priority = entry.priority()?,
            "encryption.key_command" => settings.encryption_key_command = entry.command()?,
            _ => return Err(entry.unknown()),
        }
    }
    Ok(())
}

/// A key with its value, and where they stand.
struct Entry<'a> {
    /// With its section and a dot before it, if it is in one.
    key: String,
    key_at: usize,
    value: &'a Spanned<DeValue<'a>>,
}

impl<'a> Entry<'a> {
    /// The entries of a table in the order they were written, so that the first mistake is the one named.
    fn of(section: &str, table: &'a DeTable<'a>) -> Vec<Self> {
        let mut entries: Vec<Self> = table
            .iter()
            .map(|(key, value)| Self {
                key: if section.is_empty() {
                    key.get_ref().to_string()
                } else {
                    format!("{section}.{}", key.get_ref())
                },
                key_at: key.span().start,
                value,
            })
            .collect();
        entries.sort_by_key(|entry| entry.key_at);
        entries
    }

    fn table(&self) -> Result<&'a DeTable<'a>, Mistake> {
        let DeValue::Table(table) = self.value.get_ref() else {
            return Err(self.wrong_kind("a section", &format!("write [{}] on a line of its own", self.key)));
        };
        Ok(table)
    }

    fn text(&self) -> Result<&'a str, Mistake> {
        let DeValue::String(text) = self.value.get_ref() else {
            return Err(self.wrong_kind("a text in quotes", &self.takes()));
        };
        Ok(text)
    }

    fn device_name(&self) -> Result<Option<DeviceName>, Mistake> {
        let text = self.text()?;
        if text == HOST {
            return Ok(None);
        }
        DeviceName::new(text).map(Some).ok_or_else(|| self.bad_value(text))
    }

    fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Result<T, Mistake> {
        let text = self.text()?;
        let chosen = choices.iter().find(|(name, _)| *name == text);
        chosen.map(|(_, choice)| *choice).ok_or_else(|| self.bad_value(text))
    }

    fn sound(&self) -> Result<SoundSetting, Mistake> {
        match self.value.get_ref() {
            DeValue::Boolean(true) => Ok(SoundSetting::On),
            DeValue::Boolean(false) => Ok(SoundSetting::Off),
            DeValue::String(text) if text == "emergency" => Ok(SoundSetting::Emergency),
            DeValue::String(text) => Err(self.bad_value(text)),
            DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_)
            | DeValue::Table(_) => Err(self.wrong_kind("true, false or a text in quotes", &self.takes())),
        }
    }

    fn priority(&self) -> Result<Priority, Mistake> {
        let DeValue::Integer(number) = self.value.get_ref() else {
            return Err(self.wrong_kind("a whole number", &self.takes()));
        };
        i64::from_str_radix(number.as_str(), number.radix())
            .ok()
            .filter(|number| (-2..=2).contains(number))
            .map(Priority::from_number)
            .ok_or_else(|| self.mistake(format!("{} cannot be {number}", self.key), &self.takes()))
    }

    /// The schemes of links, in lower case.
    fn schemes(&self) -> Result<Vec<String>, Mistake> {
        self.texts()?
            .into_iter()
            .map(|scheme| if is_scheme(scheme) { Ok(scheme.to_ascii_lowercase()) } else { Err(scheme) })
            .collect::<Result<_, _>>()
            .map_err(|text| self.mistake(format!("{} cannot hold {text:?}", self.key), &self.takes()))
    }

    /// A program with its arguments; empty is none.
    fn command(&self) -> Result<Vec<String>, Mistake> {
        let command = self.texts()?;
        if command.first().is_some_and(|program| program.is_empty()) {
            return Err(self.mistake(format!("{} names no program", self.key), &self.takes()));
        }
        if command.iter().any(|text| text.contains('\0')) {
            return Err(self.mistake(format!("{} cannot hold a NUL character", self.key), &self.takes()));
        }
        Ok(command.into_iter().map(str::to_owned).collect())
    }

    fn texts(&self) -> Result<Vec<&'a str>, Mistake> {
        let expected = "a list of texts in brackets";
        let DeValue::Array(values) = self.value.get_ref() else {
            return Err(self.wrong_kind(expected, &self.takes()));
        };
        values
            .iter()
            .map(|value| {
                let item = Self { key: self.key.clone(), key_at: self.key_at, value };
                let DeValue::String(text) = value.get_ref() else {
                    return Err(item.wrong_kind(expected, &self.takes()));
                };
                Ok(text.as_ref())
            })
            .collect()
    }

    fn unknown(&self) -> Mistake {
        let hint = format!("the keys are {KEYS}");
        Mistake { at: self.key_at, why: format!("there is no setting {:?}", self.key), hint }
    }

    /// What may stand there, in words.
    fn takes(&self) -> String {
        values::taken_by(&self.key).unwrap_or_default()
    }

    fn bad_value(&self, text: &str) -> Mistake {
        self.mistake(format!("{} cannot be {text:?}", self.key), &self.takes())
    }

    fn wrong_kind(&self, expected: &str, hint: &str) -> Mistake {
        self.mistake(format!("{} has to be {expected}", self.key), hint)
    }

    fn mistake(&self, why: String, hint: &str) -> Mistake {
        Mistake { at: self.value.span().start, why, hint: hint.to_owned() }
    }
}

/// The syntax of RFC 3986, section 3.1.
fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::settings::{Backlog, Emergency, SecretBackend};

    /// The settings in a file with this text.
    fn settings(text: impl AsRef<[u8]>) -> Result<Settings, Error> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(&path, text).unwrap();
        read(&path).map_err(|error| Error { path: "config.toml".into(), ..error })
    }

    #[test]
    fn no_file_and_no_line_are_the_defaults() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(&folder.path().join("none").join("config.toml")).unwrap(), Settings::default());
        for text in ["", "\n", "# only a comment", "\u{feff}", "[pause]\n[hook]\n[encryption]\n"] {
            assert_eq!(settings(text).unwrap(), Settings::default(), "{text:?}");
        }
    }

    #[test]
    fn the_documented_defaults_are_the_defaults() {
        let documented = r#"
            device_name = "<host>"
            backlog = "summary"            # summary | all | silent
            secret_store = "auto"
            emergency = "auto"             # auto | always | manual | never
            sound = true                   # true | false | "emergency"
            open_links = ["https", "http", "mailto"]
            [pause]
            break_through = 2
            [hook]
            command = []
            min_priority = -2
            [encryption]
            key_command = []
        "#;
        assert_eq!(settings(documented).unwrap(), Settings::default());
    }

    #[test]
    fn every_key_is_read() {
        let text = "\
            device_name = 'desk_2'\n\
            backlog = \"silent\"\n\
            secret_store = \"file\"\n\
            emergency = \"manual\"\n\
            sound = \"emergency\"\n\
            open_links = [\"HTTPS\", \"x-app+1.0\"]\n\
            pause.break_through = -1\n\
            hook = { command = [\"notify\", \"\", \"a b; $c\"], min_priority = 1 }\n\
            [encryption]\n\
            key_command = [\"pass\", \"show\", \"key\"]\n";
        let expected = Settings {
            device_name: DeviceName::new("desk_2"),
            secret_store: SecretBackend::File,
            open_links: vec!["https".into(), "x-app+1.0".into()],
            backlog: Backlog::Silent,
            emergency: Emergency::Manual,
            sound: SoundSetting::Emergency,
            break_through: Priority::Low,
            hook_command: ["notify", "", "a b; $c"].map(str::to_owned).to_vec(),
            hook_min_priority: Priority::High,
            encryption_key_command: ["pass", "show", "key"].map(str::to_owned).to_vec(),
        };
        assert_eq!(settings(text).unwrap(), expected);
        assert_eq!(settings(text.replace('\n', "\r\n")).unwrap(), expected);
        assert_eq!(settings(format!("\u{feff}{text}")).unwrap(), expected);
    }

    #[test]
    fn every_choice_can_be_chosen() {
        let chosen = |line: &str| settings(line).unwrap();
        assert_eq!(chosen("backlog = 'all'").backlog, Backlog::All);
        assert_eq!(chosen("secret_store = 'keyring'").secret_store, SecretBackend::Keyring);
        assert_eq!(chosen("emergency = 'never'").emergency, Emergency::Never);
        assert_eq!(chosen("emergency = 'always'").emergency, Emergency::Always);
        assert_eq!(chosen("sound = false").sound, SoundSetting::Off);
        assert_eq!(chosen("sound = true").sound, SoundSetting::On);
        assert_eq!(chosen("open_links = []").open_links, Vec::<String>::new());
        for number in -2..=2 {
            let text = format!("[pause]\nbreak_through = {number}");
            assert_eq!(chosen(&text).break_through, Priority::from_number(number));
        }
        assert_eq!(chosen("pause.break_through = 0x1").break_through, Priority::High);
        assert_eq!(chosen("pause.break_through = +1").break_through, Priority::High);
    }

    #[test]
    fn every_mistake_is_named_with_its_line_and_what_may_stand_there() {
        let name = "1 to 25 of A-Z, a-z, 0-9, _ and -; or \"<host>\" for this computer's name";
        let schemes = "schemes without colon or slashes, as in [\"https\", \"http\", \"mailto\"]";
        let number = "a number from -2 (lowest) to 2 (emergency)";
        let command = "the program and each of its arguments as a text of its own, as in [\"program\", \"--option\"]; no shell reads it";
        let keys = "the keys are device_name, secret_store, open_links, backlog, emergency, sound, break_through in [pause], command and min_priority in [hook], key_command in [encryption]";
        let toml = "write `key = value`, texts in \"quotes\"; https://toml.io explains the format";
        let backlogs = "one of \"summary\", \"all\", \"silent\"";
        for (text, sentence, hint) in [
            ("device_name = 'my desk'", "1: device_name cannot be \"my desk\"", name),
            ("device_name = ''", "1: device_name cannot be \"\"", name),
            ("device_name = 3", "1: device_name has to be a text in quotes", name),
            ("\n\nbacklog = 'loud'", "3: backlog cannot be \"loud\"", backlogs),
            ("backlog = 'All'", "1: backlog cannot be \"All\"", backlogs),
            ("backlog = true", "1: backlog has to be a text in quotes", backlogs),
            (
                "secret_store = 'x'",
                "1: secret_store cannot be \"x\"",
                "one of \"auto\", \"keyring\", \"file\"",
            ),
            (
                "emergency = 'x'",
                "1: emergency cannot be \"x\"",
                "one of \"auto\", \"always\", \"manual\", \"never\"",
            ),
            ("sound = 'loud'", "1: sound cannot be \"loud\"", "true, false, or \"emergency\""),
            (
                "sound = 1",
                "1: sound has to be true, false or a text in quotes",
                "true, false, or \"emergency\"",
            ),
            ("open_links = 'https'", "1: open_links has to be a list of texts in brackets", schemes),
            ("open_links = [\n'https',\n7]", "3: open_links has to be a list of texts in brackets", schemes),
            ("open_links = ['https://']", "1: open_links cannot hold \"https://\"", schemes),
            ("open_links = ['']", "1: open_links cannot hold \"\"", schemes),
            ("[pause]\nbreak_through = 3", "2: pause.break_through cannot be 3", number),
            ("[pause]\nbreak_through = -3", "2: pause.break_through cannot be -3", number),
            (
                "[pause]\nbreak_through = 99999999999999999999",
                "2: pause.break_through cannot be 99999999999999999999",
                number,
            ),
            ("[pause]\nbreak_through = 1.5", "2: pause.break_through has to be a whole number", number),
            ("[pause]\nbreak_through = '2'", "2: pause.break_through has to be a whole number", number),
            (
                "[hook]\ncommand = 'run this'",
                "2: hook.command has to be a list of texts in brackets",
                command,
            ),
            ("[hook]\nmin_priority = 'low'", "2: hook.min_priority has to be a whole number", number),
            ("[hook]\ncommand = ['']", "2: hook.command names no program", command),
            ("[hook]\ncommand = [\"a\\u0000\"]", "2: hook.command cannot hold a NUL character", command),
            (
                "[encryption]\nkey_command = [1]",
                "2: encryption.key_command has to be a list of texts in brackets",
                command,
            ),
            ("pause = 2", "1: pause has to be a section", "write [pause] on a line of its own"),
            ("\r\ncolour = 'red'\r\n", "2: there is no setting \"colour\"", keys),
            ("zebra = 1\nant = 1", "1: there is no setting \"zebra\"", keys),
            ("[sounds]\nvolume = 1", "1: there is no setting \"sounds\"", keys),
            ("[pause]\ncommand = []", "2: there is no setting \"pause.command\"", keys),
            ("[pause]\nbacklog = 'all'", "2: there is no setting \"pause.backlog\"", keys),
            ("\u{feff}\nbacklog = 'loud'", "2: backlog cannot be \"loud\"", backlogs),
            ("backlog = 'all'\nbacklog = 'all'", "2: backlog stands there twice", "remove one of the two"),
            ("backlog = all", "1: backlog has a value that cannot be read", backlogs),
            ("sound = flase", "1: sound has a value that cannot be read", "true, false, or \"emergency\""),
            (
                "[pause]\nbreak_through = two",
                "2: pause.break_through has a value that cannot be read",
                number,
            ),
            ("hook.command = [\"a\",\n b]", "2: this line cannot be read", toml),
            ("backlog\n", "1: backlog has no value", backlogs),
            ("backlog =\n", "1: backlog has a value that cannot be read", backlogs),
            ("colour = red", "1: this line cannot be read", toml),
            ("# a\n[pause", "2: this line cannot be read", toml),
        ] {
            let error = settings(text).unwrap_err();
            assert_eq!(error.to_string(), format!("config.toml:{sentence}"), "{text:?}");
            assert_eq!(error.hint(), hint, "{text:?}");
        }
        let error = settings(b"backlog = 'all'\n# caf\xe9").unwrap_err();
        assert_eq!(error.to_string(), "config.toml:2: this is not UTF-8 text");
    }

    #[test]
    fn what_is_no_readable_file_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let error = read(folder.path()).unwrap_err();
        assert_eq!(error.to_string(), format!("{}: it is a folder", folder.path().display()));
        assert_eq!(error.hint(), "check who owns the file, and that it is a file");
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let below = file.join("config.toml");
        assert_eq!(
            read(&below).unwrap_err().to_string(),
            format!("{}: a file is where a folder has to be", below.display())
        );
    }
}
