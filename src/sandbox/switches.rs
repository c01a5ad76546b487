//! Switches for behaviour of the service that is unknown or varies.
//!
//! Invariant: the defaults are what `protocol.md` considers most likely.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// How the sandbox behaves where the service's behaviour is unknown or varies.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Switches {
    /// The order of the messages in a download.
    pub order: Order,
    /// Whether `id_str`, `umid_str` and `aid_str` are sent in addition to the numbers.
    pub id_strings: bool,
    /// Whether `umid` is a string instead of a number.
    pub umid_as_string: bool,
    /// Whether `html` is `"1"` instead of `1`.
    pub html_as_string: bool,
    /// Whether an item is marked as encrypted end to end.
    pub marks_encrypted: bool,
    /// Whether items and bodies have undocumented keys.
    pub unknown_keys: bool,
    /// Whether message ids are 2, 3, 4, … as in old samples instead of numbers above 2^53.
    pub small_ids: bool,
    /// The shape of `errors`; those of a registration are always an object.
    pub errors: ErrorShape,
    /// The HTTP status of a rejected secret or device.
    pub rejected_login_status: u16,
    /// The error of a login with a wrong email address or password.
    pub wrong_password_text: String,
    /// The HTTP status of a login with a wrong two-factor code.
    pub wrong_code_status: u16,
    /// Whether websocket frames are binary or text.
    pub frames: FrameKind,
    /// Whether a new message is signalled with `!` at all.
    pub signal_new: bool,
    /// Whether `!` is sent right after a websocket login when something is queued.
    pub signal_at_login: bool,
    /// Whether the repeat of an emergency has the id of the first copy or a new one.
    pub repeat_id: Repeat,
    /// Whether the repeat of an emergency has the umid of the first copy or a new one.
    pub repeat_umid: Repeat,
    /// The shortest `retry` an emergency may ask for, in seconds.
    pub shortest_retry: u64,
    /// What happens when the name of an enabled device is registered again.
    pub taken_name: TakenName,
    /// Whether the account has a desktop licence, and the effect if not.
    pub licence: Licence,
    /// Whether the user's quiet hours are on.
    pub quiet_hours: bool,
    /// The end of a temporary quiet period, unix seconds.
    pub quick_quiet_until: Option<i64>,
    /// The sound of this device for messages without one.
    pub default_sound: DefaultSound,
    /// The same for messages of priority 1 and 2.
    pub default_high_priority_sound: DefaultSound,
    /// How far the service's clock is ahead of this computer's, in seconds.
    pub clock_ahead: i64,
    /// Whether a download still lists messages that have expired.
    pub keep_expired: bool,
    /// Whether a new device gets a welcome message.
    pub welcome: bool,
    /// How many enabled devices the account may have.
    pub max_devices: usize,
    /// How many messages applications may send per month.
    pub monthly_limit: u64,
    /// Whether sending to an account without devices is rejected.
    pub needs_device: bool,
    /// Whether an attachment is rejected unless it says that it is an image.
    pub attachments_need_a_type: bool,
    /// How fast the bodies of responses are sent, as over a slow line (on tokio's clock); `None` at full speed.
    pub bytes_per_second: Option<u32>,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            order: Order::Sent,
            id_strings: true,
            umid_as_string: false,
            html_as_string: false,
            marks_encrypted: true,
            unknown_keys: false,
            small_ids: false,
            errors: ErrorShape::Array,
            rejected_login_status: 400,
            wrong_password_text: "invalid email and/or password".to_owned(),
            wrong_code_status: 412,
            frames: FrameKind::Binary,
            signal_new: true,
            signal_at_login: false,
            repeat_id: Repeat::New,
            repeat_umid: Repeat::Same,
            shortest_retry: 30,
            taken_name: TakenName::Refused,
            licence: Licence::Owned,
            quiet_hours: false,
            quick_quiet_until: None,
            default_sound: DefaultSound::default(),
            default_high_priority_sound: DefaultSound::default(),
            clock_ahead: 0,
            keep_expired: false,
            welcome: true,
            max_devices: 10,
            monthly_limit: 10_000,
            needs_device: false,
            attachments_need_a_type: true,
            bytes_per_second: None,
        }
    }
}

impl Switches {
    /// The same switches with some of them changed, by name.
    pub(super) fn with(&self, changes: &Map<String, Value>) -> Result<Self, String> {
        let mut all = json!(self);
        for (name, value) in changes {
            let switch = all.get_mut(name).ok_or_else(|| format!("there is no switch `{name}`"))?;
            *switch = value.clone();
            // One at a time, so that the error is about this one.
            Self::deserialize(&all).map_err(|error| format!("switch `{name}`: {error}"))?;
        }
        Self::deserialize(all).map_err(|error| error.to_string())
    }
}

/// What the user chose for a device on the web site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DefaultSound {
    /// The sound, by name or short code.
    pub name: String,
    /// Whether it also replaces the sound of a message.
    pub always: bool,
}

impl Default for DefaultSound {
    fn default() -> Self {
        Self { name: "po".to_owned(), always: false }
    }
}

/// The order of the messages in a download.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// As they were sent, so ascending ids.
    Sent,
    /// The newest first.
    Reversed,
    /// A different one each time.
    Shuffled,
}

/// The shape of `errors` in a rejection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorShape {
    /// `["secret is invalid"]`.
    Array,
    /// `{"secret": ["is invalid"]}`.
    Object,
}

/// The kind of a websocket frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FrameKind {
    /// Opcode 2.
    Binary,
    /// Opcode 1.
    Text,
}

/// Whether the repeat of an emergency keeps an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repeat {
    /// The id of the first copy.
    Same,
    /// A new id.
    New,
}

/// What happens to a registration under a name in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TakenName {
    /// It is rejected unless it has `force=1`.
    Refused,
    /// It takes the name over, as with `force=1`.
    Replaced,
}

/// The desktop licence of the account, or the effect of having none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Licence {
    /// There is one, or the trial period has not ended.
    Owned,
    /// There is none; only the flag changes.
    Flagged,
    /// There is none; the flag changes and the list of messages is empty.
    Emptied,
    /// There is none; downloads are rejected.
    Refused,
}
