//! The sections about sending: applications, recipients, templates, the HTTP API and its channels.
//!
//! Invariant: a name is checked where it is given, and a value that may be a secret is never repeated in an error.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::values::{command, priority};
use crate::domain::account::Secret;
use crate::domain::message::Priority;
use crate::domain::sending::settings::{
    Application, Channel, DEFAULT_LISTEN, Format, HttpApi, Recipient, SecretSource, Template, TemplateTexts,
    is_name,
};
use crate::system::time_span;

/// The sections `[applications.NAME]`.
pub(super) fn applications<'de, D: Deserializer<'de>>(
    value: D,
) -> Result<BTreeMap<String, Application>, D::Error> {
    let applications = named::<ApplicationSection, Application, D>(value)?;
    if applications.values().filter(|application| application.default).count() > 1 {
        return Err(D::Error::custom("has several defaults, expected `default = true` in one section only"));
    }
    Ok(applications)
}

/// The sections `[recipients.NAME]`.
pub(super) fn recipients<'de, D: Deserializer<'de>>(
    value: D,
) -> Result<BTreeMap<String, Recipient>, D::Error> {
    named::<RecipientSection, Recipient, D>(value)
}

/// The sections `[templates.NAME]`.
pub(super) fn templates<'de, D: Deserializer<'de>>(value: D) -> Result<BTreeMap<String, Template>, D::Error> {
    named::<TemplateSection, Template, D>(value)
}

/// The sections `[channels.NAME]`.
pub(super) fn channels<'de, D: Deserializer<'de>>(value: D) -> Result<BTreeMap<String, Channel>, D::Error> {
    named::<ChannelSection, Channel, D>(value)
}

/// The section `[http]`.
pub(super) fn http<'de, D: Deserializer<'de>>(value: D) -> Result<Option<HttpApi>, D::Error> {
    let section = HttpSection::deserialize(value)?;
    let listen = section.listen.unwrap_or(DEFAULT_LISTEN);
    if !listen.ip().is_loopback() && !section.allow_remote {
        return Err(D::Error::custom(
            "would let other computers in, expected a loopback address such as `127.0.0.1:8431`, or `allow_remote = true` beside it",
        ));
    }
    Ok(Some(HttpApi {
        listen,
        token: SecretSource { value: section.token, command: section.token_command },
        allow_remote: section.allow_remote,
        hosts: section.hosts,
    }))
}

/// Sections by their names.
fn named<'de, Section: Deserialize<'de> + Into<Value>, Value, D: Deserializer<'de>>(
    value: D,
) -> Result<BTreeMap<String, Value>, D::Error> {
    let sections = BTreeMap::<String, Section>::deserialize(value)?;
    if let Some(name) = sections.keys().find(|name| !is_name(name)) {
        return Err(D::Error::custom(format!("cannot contain the name {name:?}, expected {NAME}")));
    }
    Ok(sections.into_iter().map(|(name, section)| (name, section.into())).collect())
}

const NAME: &str =
    "1 to 64 characters of A-Z, a-z, 0-9, _, - and ., except the words `and`, `or`, `not` and `all`";

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
#[serde(expecting = "a section: write [applications.NAME] on a line of its own")]
#[derive(Default)]
struct ApplicationSection {
    #[serde(deserialize_with = "secret")]
    token: Option<Secret>,
    #[serde(deserialize_with = "command")]
    token_command: Vec<String>,
    default: bool,
}

impl From<ApplicationSection> for Application {
    fn from(section: ApplicationSection) -> Self {
        Self {
            token: SecretSource { value: section.token, command: section.token_command },
            default: section.default,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[serde(expecting = "a section: write [recipients.NAME] on a line of its own")]
struct RecipientSection {
    #[serde(deserialize_with = "secret")]
    key: Option<Secret>,
    #[serde(deserialize_with = "command")]
    key_command: Vec<String>,
    devices: Vec<String>,
    #[serde(deserialize_with = "names")]
    tags: Vec<String>,
    language: Option<String>,
}

impl From<RecipientSection> for Recipient {
    fn from(section: RecipientSection) -> Self {
        Self {
            key: SecretSource { value: section.key, command: section.key_command },
            devices: section.devices,
            tags: section.tags,
            language: section.language,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[serde(expecting = "a section: write [templates.NAME] on a line of its own")]
struct TemplateSection {
    title: Option<String>,
    message: Option<String>,
    url: Option<String>,
    url_title: Option<String>,
    languages: BTreeMap<String, TextsSection>,
    to: Option<String>,
    application: Option<String>,
    #[serde(deserialize_with = "some_priority")]
    priority: Option<Priority>,
    #[serde(deserialize_with = "seconds")]
    retry: Option<u32>,
    #[serde(deserialize_with = "seconds")]
    expire: Option<u32>,
    sound: Option<String>,
    #[serde(deserialize_with = "format")]
    format: Format,
    #[serde(deserialize_with = "seconds")]
    ttl: Option<u32>,
    devices: Vec<String>,
    callback: Option<String>,
    tags: Vec<String>,
    attachment: Option<String>,
    encrypt: bool,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[serde(expecting = "a section: write [templates.NAME.languages.LANGUAGE] on a line of its own")]
struct TextsSection {
    title: Option<String>,
    message: Option<String>,
    url: Option<String>,
    url_title: Option<String>,
}

impl From<TextsSection> for TemplateTexts {
    fn from(TextsSection { title, message, url, url_title }: TextsSection) -> Self {
        Self { title, message, url, url_title }
    }
}

impl From<TemplateSection> for Template {
    fn from(section: TemplateSection) -> Self {
        let TemplateSection { title, message, url, url_title, .. } = section;
        let languages =
            section.languages.into_iter().map(|(language, texts)| (language, texts.into())).collect();
        Self {
            texts: TemplateTexts { title, message, url, url_title },
            languages,
            to: section.to,
            application: section.application,
            priority: section.priority,
            retry: section.retry,
            expire: section.expire,
            sound: section.sound,
            format: section.format,
            ttl: section.ttl,
            devices: section.devices,
            callback: section.callback,
            tags: section.tags,
            attachment: section.attachment,
            encrypt: section.encrypt,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[serde(expecting = "a section: write [http] on a line of its own")]
struct HttpSection {
    #[serde(deserialize_with = "address")]
    listen: Option<SocketAddr>,
    #[serde(deserialize_with = "secret")]
    token: Option<Secret>,
    #[serde(deserialize_with = "command")]
    token_command: Vec<String>,
    allow_remote: bool,
    hosts: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[serde(expecting = "a section: write [channels.NAME] on a line of its own")]
struct ChannelSection {
    recipients: String,
    template: Option<String>,
    application: Option<String>,
    #[serde(default, deserialize_with = "secret")]
    token: Option<Secret>,
    #[serde(default, deserialize_with = "command")]
    token_command: Vec<String>,
}

impl From<ChannelSection> for Channel {
    fn from(section: ChannelSection) -> Self {
        Self {
            recipients: section.recipients,
            template: section.template,
            application: section.application,
            token: SecretSource { value: section.token, command: section.token_command },
        }
    }
}

fn secret<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Secret>, D::Error> {
    let text = String::deserialize(value)?;
    if text.trim().is_empty() {
        return Err(D::Error::custom("is empty, expected text in quotes; without it the keyring is asked"));
    }
    Ok(Some(Secret::new(text)))
}

fn names<'de, D: Deserializer<'de>>(value: D) -> Result<Vec<String>, D::Error> {
    let names = Vec::<String>::deserialize(value)?;
    match names.iter().find(|name| !is_name(name)) {
        Some(name) => Err(D::Error::custom(format!("cannot contain {name:?}, expected {NAME}"))),
        None => Ok(names),
    }
}

fn some_priority<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Priority>, D::Error> {
    priority(value).map(Some)
}

fn address<'de, D: Deserializer<'de>>(value: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(value)?;
    text.parse().map(Some).map_err(|_| {
        D::Error::custom(format!(
            "cannot be {text:?}, expected an address and a port, as in `127.0.0.1:8431`"
        ))
    })
}

fn format<'de, D: Deserializer<'de>>(value: D) -> Result<Format, D::Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Word {
        Plain,
        Html,
        Monospace,
    }
    Ok(match Word::deserialize(value)? {
        Word::Plain => Format::Plain,
        Word::Html => Format::Html,
        Word::Monospace => Format::Monospace,
    })
}

/// A time in seconds, written as a number or as in `5 min`.
fn seconds<'de, D: Deserializer<'de>>(value: D) -> Result<Option<u32>, D::Error> {
    #[derive(Deserialize)]
    #[serde(
        untagged,
        expecting = "has an invalid value, expected a number of seconds or a time like `5 min`"
    )]
    enum Value {
        Seconds(u32),
        Text(String),
    }
    let text = match Value::deserialize(value)? {
        Value::Seconds(seconds) => return Ok(Some(seconds)),
        Value::Text(text) => text,
    };
    let span = time_span::parse(&text).and_then(|span| u32::try_from(span.as_secs()).ok());
    span.map(Some).ok_or_else(|| {
        D::Error::custom(format!("cannot be {text:?}, expected a number of seconds or a time like `5 min`"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Error, read};
    use crate::domain::settings::Settings;

    fn settings(text: &str) -> Result<Settings, Error> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, text).unwrap();
        read(&path)
    }

    #[test]
    fn every_key_about_sending_is_read() {
        let text = r#"
            [applications.servers]
            token = "azGDORePK8gMaC0QOYAMyEEuzJnyUi"
            default = true
            [applications.doorbell]
            token_command = ["pass", "show", "doorbell"]
            [recipients.sean]
            key = "uQiRzpo4DXghDmr9QzzfQu27cmVRsG"
            devices = ["phone"]
            tags = ["ops", "night"]
            language = "de"
            [recipients.ops]
            key_command = ["pass", "show", "ops"]
            [templates.backup]
            title = "Backup of {host}"
            message = "done"
            priority = 2
            retry = "1 min"
            expire = 3600
            format = "html"
            languages.de.message = "fertig"
            [http]
            token = "t"
            listen = "[::1]:80"
            [channels.grafana]
            recipients = "ops and not night"
            template = "backup"
            token = "g"
        "#;
        let settings = settings(text).unwrap();
        let [doorbell, servers] = ["doorbell", "servers"].map(|name| settings.applications[name].clone());
        assert_eq!(doorbell.token.command, ["pass", "show", "doorbell"]);
        assert!(servers.default && !doorbell.default);
        assert_eq!(servers.token.value, Some(Secret::new("azGDORePK8gMaC0QOYAMyEEuzJnyUi")));
        let sean = &settings.recipients["sean"];
        assert_eq!(
            (sean.devices.as_slice(), sean.tags.as_slice()),
            (["phone".to_owned()].as_slice(), ["ops".to_owned(), "night".to_owned()].as_slice())
        );
        assert_eq!(sean.language.as_deref(), Some("de"));
        assert_eq!(settings.recipients["ops"].key.command, ["pass", "show", "ops"]);
        let backup = &settings.templates["backup"];
        assert_eq!((backup.retry, backup.expire, backup.format), (Some(60), Some(3_600), Format::Html));
        assert_eq!(backup.languages["de"].message.as_deref(), Some("fertig"));
        let http = settings.http.as_ref().unwrap();
        assert_eq!((http.listen.to_string().as_str(), http.allow_remote), ("[::1]:80", false));
        assert_eq!(settings.channels["grafana"].recipients, "ops and not night");
        let debug = format!("{settings:?}");
        assert!(!debug.contains("azGDOR") && !debug.contains("uQiRz"), "{debug}");
    }

    #[test]
    fn every_mistake_about_sending_is_named_and_no_secret_is_repeated() {
        for (text, sentence) in [
            ("[applications.a]\ntoken = 4711", "2: applications.a.token has a value of the wrong type"),
            ("[applications.a]\ntoken = ''", "2: applications.a.token is empty"),
            ("[applications.a]\ntokn = 's3cret'", "2: there is no setting \"applications.a.tokn\""),
            ("[applications.and]\n", "1: applications cannot contain the name \"and\""),
            (
                "applications.a.default = true\napplications.b.default = true",
                "1: applications has several defaults",
            ),
            ("[recipients.\"a b\"]\n", "1: recipients cannot contain the name \"a b\""),
            ("[recipients.a]\ntags = ['not']", "2: recipients.a.tags cannot contain \"not\""),
            ("[templates.a]\nretry = 'often'", "2: templates.a.retry cannot be \"often\""),
            ("[templates.a]\nretry = -1", "2: templates.a.retry has an invalid value"),
            ("[templates.a]\npriority = 3", "2: templates.a.priority cannot be 3"),
            ("[templates.a]\nformat = 'bold'", "2: templates.a.format cannot be \"bold\""),
            ("[http]\nlisten = '8431'", "2: http.listen cannot be \"8431\""),
            ("[http]\nlisten = '0.0.0.0:8431'", "1: http would let other computers in"),
            ("[channels.a]\ntoken = 's3cret'", "1: channels.a has no \"recipients\""),
        ] {
            let error = settings(text).unwrap_err();
            let said = error.to_string();
            assert!(said.contains(&format!("config.toml:{sentence}")), "{text:?}: {said}");
            assert!(!said.contains("s3cret") && !error.hint().contains("s3cret"), "{said}");
        }
        assert!(settings("[http]\nlisten = '0.0.0.0:8431'\nallow_remote = true").unwrap().http.is_some());
    }
}
