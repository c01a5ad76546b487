//! What a sandbox contains at the start: from a file, a request, or a test.
//!
//! Invariant: an unknown word in it is refused, not ignored.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::faults::FaultRule;

/// What a sandbox contains at the start, besides the predefined account, application and group.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Seed {
    /// Accounts. One with the email address of the predefined account replaces it.
    pub accounts: Vec<SeedAccount>,
    /// Applications that may send.
    pub applications: Vec<SeedApplication>,
    /// Groups of users.
    pub groups: Vec<SeedGroup>,
    /// Names of devices of the predefined account.
    pub devices: Vec<String>,
    /// Messages, each with the parameters of `POST /1/messages.json`; token and user are the predefined ones if missing.
    pub messages: Vec<Map<String, Value>>,
    /// Faults.
    pub faults: Vec<FaultRule>,
    /// Switches by name: see [`Switches`](crate::sandbox::Switches).
    pub switches: Map<String, Value>,
    /// How many messages may still be sent this month.
    pub remaining: Option<u64>,
    /// How many seconds the service's clock is ahead of this computer's.
    pub clock_ahead: Option<i64>,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedAccount {
    /// The email address to log in with.
    pub email: String,
    /// The password to log in with.
    pub password: String,
    /// The two-factor code that a login needs.
    pub two_factor: Option<String>,
    /// The user key; a new one if this is missing.
    pub user_key: Option<String>,
    /// Names of devices.
    #[serde(default)]
    pub devices: Vec<String>,
}

/// An application.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedApplication {
    /// The name that receivers show.
    pub name: String,
    /// The name of the icon; that of the application if this is missing.
    pub icon: Option<String>,
    /// The token; a new one if this is missing.
    pub token: Option<String>,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedGroup {
    /// The name.
    pub name: String,
    /// The key; a new one if this is missing.
    pub key: Option<String>,
    /// The members.
    #[serde(default)]
    pub members: Vec<SeedMember>,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedMember {
    /// The user key or the email address.
    pub user: String,
    /// The device; all if this is missing.
    #[serde(default)]
    pub device: String,
    /// Whether messages to the group are not for this member.
    #[serde(default)]
    pub disabled: bool,
}

impl Seed {
    /// Reads a seed file. The error names the line.
    pub fn from_toml(text: &str) -> Result<Self, String> {
        toml_edit::de::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())
    }
}
