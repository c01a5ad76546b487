//! What the user set up for sending: applications, recipients, templates, the HTTP API and its channels.
//!
//! Invariant: without these sections in the settings, everything here is empty and nothing listens.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use crate::domain::account::Secret;
use crate::domain::message::Priority;

/// Where a secret comes from: the settings themselves, a program that prints it, or else the keyring.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretSource {
    /// The secret, if it is in the settings.
    pub value: Option<Secret>,
    /// A program that prints the secret, with its arguments; empty is none.
    pub command: Vec<String>,
}

/// An application of the service, which messages are sent as: a section `[applications.NAME]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Application {
    /// Its token.
    pub token: SecretSource,
    /// Whether it is used where none is named.
    pub default: bool,
}

/// Somebody who can be sent to: a section `[recipients.NAME]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recipient {
    /// The key of the user or the group.
    pub key: SecretSource,
    /// The devices to send to; empty for all of them.
    pub devices: Vec<String>,
    /// Words that select the recipient together with others.
    pub tags: Vec<String>,
    /// Which of the languages of a template the recipient gets.
    pub language: Option<String>,
}

/// How the text of a message is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// As it is.
    #[default]
    Plain,
    /// With the HTML tags that the service allows.
    Html,
    /// As it is, in a font whose letters are all of one width.
    Monospace,
}

/// A prepared message: a section `[templates.NAME]`. Every text may contain variables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    /// The texts for recipients without a language, or with one that the template does not have.
    pub texts: TemplateTexts,
    /// The texts by language; a text that is missing is taken from `texts`.
    pub languages: BTreeMap<String, TemplateTexts>,
    /// The recipients, as in `--to`.
    pub to: Option<String>,
    /// The application.
    pub application: Option<String>,
    /// The priority.
    pub priority: Option<Priority>,
    /// How often an emergency is repeated, in seconds.
    pub retry: Option<u32>,
    /// For how long an emergency is repeated, in seconds.
    pub expire: Option<u32>,
    /// The sound.
    pub sound: Option<String>,
    /// How the text is read.
    pub format: Format,
    /// How long the message is kept, in seconds.
    pub ttl: Option<u32>,
    /// The devices.
    pub devices: Vec<String>,
    /// The address that the service calls when an emergency is acknowledged.
    pub callback: Option<String>,
    /// The tags of an emergency.
    pub tags: Vec<String>,
    /// A picture.
    pub attachment: Option<String>,
    /// Whether the message is encrypted end to end.
    pub encrypt: bool,
}

/// The texts of a template in one language.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateTexts {
    /// The title.
    pub title: Option<String>,
    /// The text.
    pub message: Option<String>,
    /// The link.
    pub url: Option<String>,
    /// The title of the link.
    pub url_title: Option<String>,
}

/// The local HTTP API: the section `[http]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpApi {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The token that every request has to carry.
    pub token: SecretSource,
    /// Whether it may listen where other computers can reach it.
    pub allow_remote: bool,
    /// The names and addresses of this computer, besides the loopback ones, that a request may be addressed to.
    pub hosts: Vec<String>,
}

/// Where the HTTP API listens if the settings do not say.
pub const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8431);

impl Default for HttpApi {
    fn default() -> Self {
        Self {
            listen: DEFAULT_LISTEN,
            token: SecretSource::default(),
            allow_remote: false,
            hosts: Vec::new(),
        }
    }
}

/// An address of the HTTP API for one web service, `/queue/NAME`: a section `[channels.NAME]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Channel {
    /// The recipients, as in `--to`.
    pub recipients: String,
    /// The template.
    pub template: Option<String>,
    /// The application.
    pub application: Option<String>,
    /// The token that every request to this address has to carry.
    pub token: SecretSource,
}

/// Whether this can be the name of an application, recipient, tag, template or channel: it must not be taken for a word of an
/// expression such as `ops and not night`, and it is part of an address.
pub fn is_name(text: &str) -> bool {
    let fits = (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    fits && !["and", "or", "not", "all"].iter().any(|word| text.eq_ignore_ascii_case(word))
}
