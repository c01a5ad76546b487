//! What is not known of the service, or varies there, as switches a test can turn.
//!
//! Invariant: the defaults are what `protocol.md` holds to be the likeliest.

/// How the sandbox behaves where the service's behaviour is unknown or varies.
#[derive(Clone, Debug)]
pub struct Switches {
    /// In which order a download lists its messages.
    pub order: Order,
    /// Whether `id_str`, `umid_str` and `aid_str` are sent beside the numbers.
    pub id_strings: bool,
    /// Whether `umid` is a string instead of a number.
    pub umid_as_string: bool,
    /// Whether `html` is `"1"` instead of `1`.
    pub html_as_string: bool,
    /// Whether an item says that it is encrypted end to end.
    pub marks_encrypted: bool,
    /// Whether items and bodies carry keys that no document mentions.
    pub unknown_keys: bool,
    /// Whether message ids are 2, 3, 4, … as in old samples instead of numbers above 2^53.
    pub small_ids: bool,
    /// The form of `errors`; a registration's are an object in any case.
    pub errors: ErrorShape,
    /// The HTTP status of a rejected secret or device.
    pub rejected_login_status: u16,
    /// What a login with a wrong email address or password is told.
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
    /// What happens when a name is registered that an enabled device has.
    pub taken_name: TakenName,
    /// What the account may do without, or with, a desktop licence.
    pub licence: Licence,
    /// Whether the user's quiet hours are on.
    pub quiet_hours: bool,
    /// Until when the user asked for quiet, unix seconds.
    pub quick_quiet_until: Option<i64>,
    /// The sound of this device for messages that name none.
    pub default_sound: DefaultSound,
    /// Likewise, for messages of priority 1 and 2.
    pub default_high_priority_sound: DefaultSound,
    /// Whether a download still lists messages that have expired.
    pub keep_expired: bool,
    /// Whether a fresh device finds a welcome message.
    pub welcome: bool,
    /// How many enabled devices the account may have.
    pub max_devices: usize,
    /// How many messages applications may send in a month.
    pub monthly_limit: u64,
    /// Whether sending to an account without devices is refused.
    pub needs_device: bool,
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
            keep_expired: false,
            welcome: true,
            max_devices: 10,
            monthly_limit: 10_000,
            needs_device: false,
        }
    }
}

/// What the user chose for a device on the web site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefaultSound {
    /// The sound, by name or short code.
    pub name: String,
    /// Whether it also takes the place of what a message names.
    pub always: bool,
}

impl Default for DefaultSound {
    fn default() -> Self {
        Self { name: "po".to_owned(), always: false }
    }
}

/// The order of the messages in a download.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// As they were sent, so ascending ids.
    Sent,
    /// The newest first.
    Reversed,
    /// A different one each time.
    Shuffled,
}

/// The form of `errors` in a rejection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorShape {
    /// `["secret is invalid"]`.
    Array,
    /// `{"secret": ["is invalid"]}`.
    Object,
}

/// The kind of a websocket frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// Opcode 2.
    Binary,
    /// Opcode 1.
    Text,
}

/// Whether the repeat of an emergency keeps a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// The number of the first copy.
    Same,
    /// A number of its own.
    New,
}

/// What becomes of a registration under a name in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakenName {
    /// It is refused unless it says `force=1`.
    Refused,
    /// It takes the name over, as with `force=1`.
    Replaced,
}

/// The desktop licence of the account, and what its absence does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Licence {
    /// There is one, or the trial still runs.
    Owned,
    /// There is none; a flag says so and nothing else changes.
    Flagged,
    /// There is none; a flag says so and the list of messages is empty.
    Emptied,
    /// There is none; a download is refused.
    Refused,
}
