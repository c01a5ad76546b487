//! What the settings file may contain: its keys, their values and how they are read.
//!
//! Invariant: these types mirror [`Settings`], so a key of the file and its setting have one place here.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::error::{Error, Mistake};
use super::sending;
use super::values::{command, priority};
use crate::domain::account::DeviceName;
use crate::domain::message::Priority;
use crate::domain::rules::Rule;
use crate::domain::sending::settings::{Application, Channel, HttpApi, Recipient, Template};
use crate::domain::settings::{
    Backlog, Emergency, Encryption, Hook, Keep, Pause, SecretBackend, Settings, SoundSetting,
};
use crate::domain::text::is_scheme;
use crate::system::time_span;

/// The device name that stands for this computer's own.
const HOST: &str = "<host>";

/// Reads the settings; without a file they are the defaults.
pub fn read(path: &Path) -> Result<Settings, Error> {
    let Some(bytes) = bytes(path)? else { return Ok(Settings::default()) };
    parse(&bytes).map_err(|mistake| mistake.in_file(path, &bytes))
}

/// What is in the file; `None` when there is none.
pub(super) fn bytes(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::unreadable(path, &error)),
    }
}

pub(super) fn parse(bytes: &[u8]) -> Result<Settings, Mistake> {
    #[derive(Deserialize)]
    struct File(#[serde(with = "SettingsFile")] Settings);

    let text = std::str::from_utf8(bytes).map_err(Mistake::not_utf8)?;
    let file = toml_edit::de::Deserializer::parse(text).map_err(|error| Mistake::of_syntax(text, &error))?;
    let File(settings) = serde_path_to_error::deserialize(file)
        .map_err(|error| Mistake::of_setting(&error.path().to_string(), error.inner()))?;
    Ok(settings)
}

#[derive(Deserialize)]
#[serde(remote = "Settings", default = "Settings::default", deny_unknown_fields)]
struct SettingsFile {
    #[serde(deserialize_with = "device_name")]
    device_name: Option<DeviceName>,
    #[serde(with = "SecretBackendWord")]
    secret_store: SecretBackend,
    #[serde(deserialize_with = "schemes")]
    open_links: Vec<String>,
    #[serde(with = "BacklogWord")]
    backlog: Backlog,
    #[serde(deserialize_with = "switch")]
    dismiss_marks_read: Option<bool>,
    #[serde(with = "EmergencyWord")]
    emergency: Emergency,
    #[serde(deserialize_with = "sound")]
    sound: SoundSetting,
    #[serde(deserialize_with = "keep")]
    keep: Keep,
    #[serde(with = "PauseSection")]
    pause: Pause,
    #[serde(with = "HookSection")]
    hook: Hook,
    #[serde(with = "EncryptionSection")]
    encryption: Encryption,
    #[serde(deserialize_with = "super::rules::rules")]
    rules: Vec<Rule>,
    #[serde(deserialize_with = "sending::applications")]
    applications: BTreeMap<String, Application>,
    #[serde(deserialize_with = "sending::recipients")]
    recipients: BTreeMap<String, Recipient>,
    #[serde(deserialize_with = "sending::templates")]
    templates: BTreeMap<String, Template>,
    #[serde(deserialize_with = "sending::http")]
    http: Option<HttpApi>,
    #[serde(deserialize_with = "sending::channels")]
    channels: BTreeMap<String, Channel>,
}

#[derive(Deserialize)]
#[serde(remote = "Pause", default = "Pause::default", deny_unknown_fields)]
#[serde(expecting = "a section: write [pause] on a line of its own")]
struct PauseSection {
    #[serde(deserialize_with = "priority")]
    break_through: Priority,
}

#[derive(Deserialize)]
#[serde(remote = "Hook", default = "Hook::default", deny_unknown_fields)]
#[serde(expecting = "a section: write [hook] on a line of its own")]
struct HookSection {
    #[serde(deserialize_with = "command")]
    command: Vec<String>,
    #[serde(deserialize_with = "priority")]
    min_priority: Priority,
}

#[derive(Deserialize)]
#[serde(remote = "Encryption", default = "Encryption::default", deny_unknown_fields)]
#[serde(expecting = "a section: write [encryption] on a line of its own")]
struct EncryptionSection {
    #[serde(deserialize_with = "command")]
    key_command: Vec<String>,
}

#[derive(Deserialize)]
#[serde(remote = "Backlog", rename_all = "lowercase")]
enum BacklogWord {
    Summary,
    All,
    Silent,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "SecretBackend", rename_all = "lowercase")]
pub(super) enum SecretBackendWord {
    Auto,
    Keyring,
    File,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Emergency", rename_all = "lowercase")]
pub(super) enum EmergencyWord {
    Auto,
    Always,
    Manual,
    Never,
}

fn device_name<'de, D: Deserializer<'de>>(value: D) -> Result<Option<DeviceName>, D::Error> {
    let text = String::deserialize(value)?;
    if text == HOST {
        return Ok(None);
    }
    DeviceName::new(&text).map(Some).ok_or_else(|| {
        D::Error::custom(format!(
            "cannot be {text:?}, expected 1 to {} characters of A-Z, a-z, 0-9, _ and -; or `{HOST}` for this computer's name",
            DeviceName::MAX
        ))
    })
}

/// The schemes of links, in lower case.
fn schemes<'de, D: Deserializer<'de>>(value: D) -> Result<Vec<String>, D::Error> {
    let mut schemes = Vec::<String>::deserialize(value)?;
    if let Some(text) = schemes.iter().find(|text| !is_scheme(text)) {
        return Err(D::Error::custom(format!(
            "cannot contain {text:?}, expected schemes without colon or slashes, as in [`https`, `http`, `mailto`]"
        )));
    }
    for scheme in &mut schemes {
        scheme.make_ascii_lowercase();
    }
    Ok(schemes)
}

/// A setting without which the program decides from case to case.
fn switch<'de, D: Deserializer<'de>>(value: D) -> Result<Option<bool>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "has an invalid value, expected true or false")]
    enum Switch {
        Is(bool),
    }
    let Switch::Is(on) = Switch::deserialize(value)?;
    Ok(Some(on))
}

fn sound<'de, D: Deserializer<'de>>(value: D) -> Result<SoundSetting, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "has an invalid value, expected true, false or `emergency`")]
    enum Sound {
        Switch(bool),
        Word(Word),
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Word {
        Emergency,
    }

    Ok(match Sound::deserialize(value)? {
        Sound::Switch(true) => SoundSetting::On,
        Sound::Switch(false) => SoundSetting::Off,
        Sound::Word(Word::Emergency) => SoundSetting::Emergency,
    })
}

fn keep<'de, D: Deserializer<'de>>(value: D) -> Result<Keep, D::Error> {
    #[derive(Deserialize)]
    #[serde(
        untagged,
        expecting = "has an invalid value, expected `forever`, a time like `90 days`, or a number of messages"
    )]
    enum Value {
        Count(u64),
        Text(String),
    }

    let text = match Value::deserialize(value)? {
        Value::Count(count) if count > 0 => return Ok(Keep::Newest(count)),
        Value::Count(_) => "0".to_owned(),
        Value::Text(text) if text == "forever" => return Ok(Keep::Forever),
        Value::Text(text) => text,
    };
    let span = time_span::parse(&text).and_then(|span| i64::try_from(span.as_secs()).ok());
    span.filter(|seconds| *seconds > 0).map(Keep::Seconds).ok_or_else(|| {
        D::Error::custom(format!(
            "cannot be {text:?}, expected `forever`, a time like `90 days`, or a number of messages"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The settings in a file with this text.
    fn settings(text: impl AsRef<[u8]>) -> Result<Settings, Error> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(&path, text).unwrap();
        read(&path).map_err(|error| Error { path: "config.toml".into(), ..error })
    }

    #[test]
    fn without_a_file_or_with_an_empty_one_the_defaults_apply() {
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
            keep = "forever"               # "90 days", or a number of messages
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
            dismiss_marks_read = true\n\
            emergency = \"manual\"\n\
            sound = \"emergency\"\n\
            keep = \"90 days\"\n\
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
            dismiss_marks_read: Some(true),
            emergency: Emergency::Manual,
            sound: SoundSetting::Emergency,
            keep: Keep::Seconds(90 * 86_400),
            pause: Pause { break_through: Priority::Low },
            hook: Hook {
                command: ["notify", "", "a b; $c"].map(str::to_owned).to_vec(),
                min_priority: Priority::High,
            },
            encryption: Encryption { key_command: ["pass", "show", "key"].map(str::to_owned).to_vec() },
            rules: Vec::new(),
            ..Settings::default()
        };
        assert_eq!(settings(text).unwrap(), expected);
        assert_eq!(settings(text.replace('\n', "\r\n")).unwrap(), expected);
        assert_eq!(settings(format!("\u{feff}{text}")).unwrap(), expected);
    }

    #[test]
    fn a_tilde_in_a_command_is_the_home_folder() {
        let home = dirs::home_dir().unwrap();
        let text = "hook.command = ['~/bin/hook', '~', '~root', 'a~/b', '--in=~/c']";
        let home = home.to_str().unwrap();
        let expected =
            [format!("{home}/bin/hook"), home.to_owned(), "~root".into(), "a~/b".into(), "--in=~/c".into()];
        assert_eq!(settings(text).unwrap().hook.command, expected);
    }

    #[test]
    fn every_choice_can_be_chosen() {
        let chosen = |line: &str| settings(line).unwrap();
        assert_eq!(chosen("backlog = 'all'").backlog, Backlog::All);
        assert_eq!(chosen("secret_store = 'keyring'").secret_store, SecretBackend::Keyring);
        assert_eq!(chosen("emergency = 'never'").emergency, Emergency::Never);
        assert_eq!(chosen("dismiss_marks_read = false").dismiss_marks_read, Some(false));
        assert_eq!(chosen("emergency = 'always'").emergency, Emergency::Always);
        assert_eq!(chosen("sound = false").sound, SoundSetting::Off);
        assert_eq!(chosen("sound = true").sound, SoundSetting::On);
        assert_eq!(chosen("keep = 'forever'").keep, Keep::Forever);
        assert_eq!(chosen("keep = '2w'").keep, Keep::Seconds(14 * 86_400));
        assert_eq!(chosen("keep = 10_000").keep, Keep::Newest(10_000));
        assert_eq!(chosen("open_links = []").open_links, Vec::<String>::new());
        for number in -2..=2 {
            let text = format!("[pause]\nbreak_through = {number}");
            assert_eq!(chosen(&text).pause.break_through, Priority::from_number(number));
        }
        assert_eq!(chosen("pause.break_through = 0x1").pause.break_through, Priority::High);
        assert_eq!(chosen("pause.break_through = +1").pause.break_through, Priority::High);
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "one line for each mistake")]
    fn every_mistake_is_named_with_its_line_and_what_is_allowed() {
        let name =
            "expected 1 to 25 characters of A-Z, a-z, 0-9, _ and -; or \"<host>\" for this computer's name";
        let schemes = "expected schemes without colon or slashes, as in [\"https\", \"http\", \"mailto\"]";
        let priority = "expected a number from -2 (lowest) to 2 (emergency)";
        let command = "expected the program and each of its arguments in quotes, as in [\"program\", \"--option\"]; no shell is involved";
        let keys = "expected one of \"device_name\", \"secret_store\", \"open_links\", \"backlog\", \"dismiss_marks_read\", \"emergency\", \"sound\", \"keep\", \"pause\", \"hook\", \"encryption\", \"rules\", \"applications\", \"recipients\", \"templates\", \"http\", \"channels\"";
        let toml = "write `key = value`, text in \"quotes\"; https://toml.io explains the format";
        let backlogs = "expected one of \"summary\", \"all\", \"silent\"";
        let sounds = "expected true, false or \"emergency\"";
        let keeps = "expected \"forever\", a time like \"90 days\", or a number of messages";
        let (text, list, number) = (
            "expected text in quotes",
            "expected a list of quoted texts in brackets",
            "expected a whole number",
        );
        for (file, sentence, hint) in [
            ("device_name = 'my desk'", "1: device_name cannot be \"my desk\"", name),
            ("device_name = ''", "1: device_name cannot be \"\"", name),
            ("device_name = 3", "1: device_name has a value of the wrong type", text),
            ("\n\nbacklog = 'loud'", "3: backlog cannot be \"loud\"", backlogs),
            ("backlog = 'All'", "1: backlog cannot be \"All\"", backlogs),
            ("backlog = true", "1: backlog has a value of the wrong type", text),
            (
                "secret_store = 'x'",
                "1: secret_store cannot be \"x\"",
                "expected one of \"auto\", \"keyring\", \"file\"",
            ),
            (
                "emergency = 'x'",
                "1: emergency cannot be \"x\"",
                "expected one of \"auto\", \"always\", \"manual\", \"never\"",
            ),
            (
                "dismiss_marks_read = 'no'",
                "1: dismiss_marks_read has an invalid value",
                "expected true or false",
            ),
            ("sound = 'loud'", "1: sound has an invalid value", sounds),
            ("sound = 1", "1: sound has an invalid value", sounds),
            ("keep = '90'", "1: keep cannot be \"90\"", keeps),
            ("keep = '0 days'", "1: keep cannot be \"0 days\"", keeps),
            ("keep = 0", "1: keep cannot be \"0\"", keeps),
            ("keep = -1", "1: keep has an invalid value", keeps),
            ("open_links = 'https'", "1: open_links has a value of the wrong type", list),
            ("open_links = [\n'https',\n7]", "3: open_links[1] has a value of the wrong type", text),
            ("open_links = ['https://']", "1: open_links cannot contain \"https://\"", schemes),
            ("open_links = ['']", "1: open_links cannot contain \"\"", schemes),
            ("[pause]\nbreak_through = 3", "2: pause.break_through cannot be 3", priority),
            ("[pause]\nbreak_through = -3", "2: pause.break_through cannot be -3", priority),
            ("[pause]\nbreak_through = 99999999999999999999", "2: integer number overflowed", toml),
            ("[pause]\nbreak_through = 1.5", "2: pause.break_through has a value of the wrong type", number),
            ("[pause]\nbreak_through = '2'", "2: pause.break_through has a value of the wrong type", number),
            // A command may hold a secret, so it is not repeated.
            ("[hook]\ncommand = 'run this'", "2: hook.command has a value of the wrong type", list),
            ("[hook]\nmin_priority = 'low'", "2: hook.min_priority has a value of the wrong type", number),
            ("[hook]\ncommand = ['']", "2: hook.command names no program", command),
            ("[hook]\ncommand = [\"a\\u0000\"]", "2: hook.command cannot contain a NUL character", command),
            (
                "[encryption]\nkey_command = [1]",
                "2: encryption.key_command[0] has a value of the wrong type",
                text,
            ),
            (
                "pause = 2",
                "1: pause has a value of the wrong type",
                "expected a section: write [pause] on a line of its own",
            ),
            ("\r\ncolour = 'red'\r\n", "2: there is no setting \"colour\"", keys),
            ("zebra = 1\nant = 1", "1: there is no setting \"zebra\"", keys),
            ("[sounds]\nvolume = 1", "1: there is no setting \"sounds\"", keys),
            (
                "[pause]\ncommand = []",
                "2: there is no setting \"pause.command\"",
                "expected \"break_through\"",
            ),
            ("\u{feff}\nbacklog = 'loud'", "2: backlog cannot be \"loud\"", backlogs),
            ("backlog = 'all'\nbacklog = 'all'", "2: duplicate key", toml),
            ("backlog = all", "1: string values must be quoted", "put quotes around it: backlog = \"...\""),
            (
                "sound = true\nemergency = # x",
                "2: emergency has no value",
                "write its value after the \"=\", or remove the line",
            ),
            (
                "sound = Yes",
                "1: string values must be quoted",
                "write true or false, or put quotes around it: sound = \"...\"",
            ),
            (
                "[hook]\ncommand = ~/bin/hook",
                "2: string values must be quoted",
                "put quotes and brackets around it: command = [\"...\"]",
            ),
            (
                "dismiss_marks_read = 'yes'",
                "1: dismiss_marks_read has an invalid value",
                "expected true or false",
            ),
            ("sound = flase", "1: invalid boolean, expected \"false\"", toml),
            ("hook.command = [\"a\",\n b]", "2: string values must be quoted", toml),
            ("backlog\n", "1: key with no value, expected \"=\"", toml),
            ("# a\n[pause", "2: unclosed table, expected \"]\"", toml),
        ] {
            let error = settings(file).unwrap_err();
            assert_eq!(error.to_string(), format!("config.toml:{sentence}"), "{file:?}");
            assert_eq!(error.hint(), hint, "{file:?}");
        }
        let error = settings(b"backlog = 'all'\n# caf\xe9").unwrap_err();
        assert_eq!(error.to_string(), "config.toml:2: this is not UTF-8 text");
    }

    #[cfg(unix)]
    #[test]
    fn an_unreadable_file_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let error = read(folder.path()).unwrap_err();
        assert_eq!(error.to_string(), format!("{}: it is a folder", folder.path().display()));
        assert_eq!(error.hint(), "check who owns the file, and that it is a file");
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let below = file.join("config.toml");
        assert_eq!(
            read(&below).unwrap_err().to_string(),
            format!("{}: there is a file where a folder should be", below.display())
        );
    }
}
