//! The user's settings, and their defaults.
//!
//! Invariant: `Settings::default()` is the documented default of every key of `config.toml`.

use std::collections::BTreeMap;

use super::account::DeviceName;
use super::message::Priority;
use super::rules::Rule;
use super::sending::settings::{Application, Channel, HttpApi, Recipient, Template};

/// Which messages to show of those that waited while this program was not connected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backlog {
    /// Up to three messages individually; more as one summary, but those of priority 1 and 2 always individually.
    #[default]
    Summary,
    /// All, each individually.
    All,
    /// Only those of priority 2.
    Silent,
}

/// When an emergency is acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Emergency {
    /// Automatically, once it was recorded and shown and somebody is at the computer. This stops the alarm on every
    /// device of the account.
    #[default]
    Auto,
    /// Automatically, once it was recorded and shown, whether or not somebody is there.
    Always,
    /// By the user: on the notification, in the tray, on the command line.
    Manual,
    /// Not automatically, and no notification offers it; the tray and the command still allow it.
    Never,
}

impl Emergency {
    /// Whether emergencies are acknowledged without a request from the user.
    pub fn is_automatic(self) -> bool {
        match self {
            Self::Auto | Self::Always => true,
            Self::Manual | Self::Never => false,
        }
    }
}

/// Where the login is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SecretBackend {
    /// The desktop's keyring if there is one, otherwise the file.
    #[default]
    Auto,
    /// The desktop's keyring.
    Keyring,
    /// A file only its owner can read.
    File,
}

/// Which messages play a sound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SoundSetting {
    /// All, except those that are silent by themselves.
    #[default]
    On,
    /// None.
    Off,
    /// Those of priority 2.
    Emergency,
}

/// How long messages are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// Until the user deletes them.
    #[default]
    Forever,
    /// For this many seconds.
    Seconds(i64),
    /// This many of the newest ones.
    Newest(u64),
}

/// All settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The name to register this device under; `None` is the host's.
    pub device_name: Option<DeviceName>,
    /// Where the login is kept.
    pub secret_store: SecretBackend,
    /// The schemes of links that may be opened, in lower case.
    pub open_links: Vec<String>,
    /// What to show of the messages that waited.
    pub backlog: Backlog,
    /// Whether dismissing a notification marks all of its messages as read or none of them; `None` marks those that it
    /// showed whole.
    pub dismiss_marks_read: Option<bool>,
    /// When an emergency is acknowledged.
    pub emergency: Emergency,
    /// Which messages play a sound.
    pub sound: SoundSetting,
    /// How long messages are kept.
    pub keep: Keep,
    /// The section `[pause]`.
    pub pause: Pause,
    /// The section `[hook]`.
    pub hook: Hook,
    /// The section `[encryption]`.
    pub encryption: Encryption,
    /// The sections `[[rules]]`, in order.
    pub rules: Vec<Rule>,
    /// The sections `[applications.NAME]`.
    pub applications: BTreeMap<String, Application>,
    /// The sections `[recipients.NAME]`.
    pub recipients: BTreeMap<String, Recipient>,
    /// The sections `[templates.NAME]`.
    pub templates: BTreeMap<String, Template>,
    /// The section `[http]`; without it nothing listens.
    pub http: Option<HttpApi>,
    /// The sections `[channels.NAME]`.
    pub channels: BTreeMap<String, Channel>,
}

/// What happens while notifications are paused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// The lowest priority that is shown while paused.
    pub break_through: Priority,
}

/// The program to run for each message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// The program with its arguments; empty is none.
    pub command: Vec<String>,
    /// The lowest priority of a message that the program is run for.
    pub min_priority: Priority,
}

/// How encrypted messages are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encryption {
    /// A program that prints the key of end-to-end encryption, with its arguments; empty is none.
    pub key_command: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            device_name: None,
            secret_store: SecretBackend::default(),
            open_links: ["https", "http", "mailto"].map(str::to_owned).to_vec(),
            backlog: Backlog::default(),
            dismiss_marks_read: None,
            emergency: Emergency::default(),
            sound: SoundSetting::default(),
            keep: Keep::default(),
            pause: Pause::default(),
            hook: Hook::default(),
            encryption: Encryption::default(),
            rules: Vec::new(),
            applications: BTreeMap::new(),
            recipients: BTreeMap::new(),
            templates: BTreeMap::new(),
            http: None,
            channels: BTreeMap::new(),
        }
    }
}

impl Default for Pause {
    fn default() -> Self {
        Self { break_through: Priority::Emergency }
    }
}

impl Default for Hook {
    fn default() -> Self {
        Self { command: Vec::new(), min_priority: Priority::Lowest }
    }
}
