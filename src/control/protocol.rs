//! The commands, replies and events on the control socket.
//!
//! Invariant: fields are only ever added, so a front end and a daemon of neighbouring versions understand each other.

use serde::{Deserialize, Serialize};

use crate::domain::message::MessageId;
use crate::domain::pause::PausedUntil;
use crate::domain::status::Status;

/// The word for a pause without an end.
const FOREVER: &str = "forever";

/// Something the daemon is asked to do. The socket, the tray menu and the notifications all use these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case")]
pub enum Command {
    /// Report the status.
    Status,
    /// Download now; the reply comes when it is done.
    Sync,
    /// Acknowledge an emergency; the reply comes when the service confirmed it, or after a few seconds.
    Acknowledge {
        /// The message's id as text, so that no JSON reader rounds it.
        id: String,
    },
    /// Mark a message as read and open its link; one without a link is shown in a notification with its whole text.
    Open {
        /// The message's id as text.
        id: String,
        /// Whether the only link in the text is tried even where the settings do not allow its scheme; the reply says
        /// so then.
        #[serde(default)]
        explicit: bool,
        /// What the desktop gave out with the user's click; with it the opened page may come to the front.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        activation_token: Option<String>,
    },
    /// Show messages in a notification: one with its whole text, and marked as read; several in a list.
    ShowMessages(Selection),
    /// Mark messages as read.
    MarkRead(Selection),
    /// Mark the messages that are named as not read; a filter selects none.
    MarkUnread(Selection),
    /// Delete messages from the message log here. A filter leaves out what is unread, not shown yet, or an emergency that is not
    /// acknowledged; ids and rows do not.
    DeleteMessages(Selection),
    /// Forget every message, and leave nothing of them on the disk.
    ForgetMessages,
    /// Send an event for everything that happens from now on, or after the event with this number. The reply is
    /// [`Reply::Subscribed`]; then the connection carries one [`Event`] per line until the reader closes it.
    Subscribe {
        /// The `sequence` of the last event that the reader knows.
        #[serde(default)]
        since: Option<i64>,
    },
    /// Send the messages that were queued.
    SendQueued,
    /// Send a test message to the user; the reply comes when the service took it.
    SendTest,
    /// The saved login changed: read it again.
    LoginChanged,
    /// Read the settings file again now.
    Reload,
    /// Connect again after the device was connected from somewhere else.
    TakeBack,
    /// Show nothing below the chosen priority for a while, replacing any earlier pause.
    Pause {
        /// When it ends.
        until: Until,
    },
    /// End the pause.
    Resume,
    /// Open the window, or show the status and the latest unread messages in a notification.
    Show {
        /// What the desktop gave out with the user's click; with it the window may come to the front.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        activation_token: Option<String>,
    },
    /// Open the window, or a terminal, in which the user signs in.
    SignIn {
        /// What the desktop gave out with the user's click; with it the terminal may come to the front.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        activation_token: Option<String>,
    },
    /// Start Handover at login, or stop doing so.
    Autostart {
        /// Whether to start at login.
        on: bool,
    },
    /// Stop.
    Quit,
}

/// Which messages a command is about: all that any of these fields selects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// Ids as text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<String>,
    /// Their numbers in the message log, which are unique also where several devices had the same message.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<i64>,
    /// Those that match this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
}

/// Selects messages by their properties; without a condition, all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// Only those of this application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// Only those recorded before this time, unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<i64>,
}

impl Command {
    /// Opens the link of a message.
    pub fn open(id: MessageId) -> Self {
        Self::Open { id: id.to_string(), explicit: false, activation_token: None }
    }

    /// Marks all messages as read.
    pub fn mark_all_read() -> Self {
        Self::MarkRead(Selection { filter: Some(Filter::default()), ..Selection::default() })
    }

    /// Acknowledges an emergency.
    pub fn acknowledge(id: MessageId) -> Self {
        Self::Acknowledge { id: id.to_string() }
    }
}

/// The daemon's reply to a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "kebab-case")]
pub enum Reply {
    /// The status.
    Status(Box<StatusReport>),
    /// It is done; a sentence on what was done.
    Done {
        /// The sentence.
        message: String,
    },
    /// Events follow, one per line.
    Subscribed {
        /// The events that follow have larger numbers than this.
        sequence: i64,
    },
    /// It could not be done.
    Failed {
        /// `<what failed>: <why>`.
        message: String,
        /// What to do about it.
        hint: Option<String>,
        /// Whether the reason is that nobody is signed in, which has an exit code of its own.
        #[serde(default)]
        not_signed_in: bool,
        /// Whether the daemon does not know the command, or something in it.
        #[serde(default)]
        unknown_command: bool,
    },
}

impl Reply {
    /// A failure in words.
    pub fn failed(message: impl Into<String>, hint: Option<String>) -> Self {
        Self::Failed { message: message.into(), hint, not_signed_in: false, unknown_command: false }
    }
}

/// Something that happened, for those who subscribed. The text of messages is read from the message log, not sent here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The status, at first and whenever it changed. It has no number: the latest one counts.
    Status(Box<StatusReport>),
    /// Events up to this number are missing, since the reader lagged too far behind: it has to read the message log again.
    Missed {
        /// The number.
        sequence: i64,
    },
    /// A message was recorded.
    Recorded(MessageEvent),
    /// A message was shown in a notification.
    Shown(MessageEvent),
    /// The user read a message.
    Read(MessageEvent),
    /// The user marked a message as not read.
    Unread(MessageEvent),
    /// An emergency was acknowledged.
    Acknowledged(MessageEvent),
    /// A message expired unread.
    Expired(MessageEvent),
    /// A message was deleted from the message log.
    Deleted(MessageEvent),
    /// Every message was deleted from the message log.
    AllDeleted {
        /// The event's number, larger than those before it, also after a restart of the daemon.
        sequence: i64,
        /// When, unix seconds.
        time: i64,
    },
    /// An event of a newer daemon.
    #[serde(other)]
    Unknown,
}

/// What happened to a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageEvent {
    /// The event's number, larger than those before it, also after a restart of the daemon.
    pub sequence: i64,
    /// The message's id as text, so that no JSON reader rounds it.
    pub id: String,
    /// The message's number in the message log.
    pub row: i64,
    /// When, unix seconds.
    pub time: i64,
}

impl Event {
    /// The event's number, if it has one.
    pub fn sequence(&self) -> Option<i64> {
        match self {
            Self::Status(_) | Self::Unknown => None,
            Self::Missed { sequence } | Self::AllDeleted { sequence, .. } => Some(*sequence),
            Self::Recorded(event)
            | Self::Shown(event)
            | Self::Read(event)
            | Self::Unread(event)
            | Self::Acknowledged(event)
            | Self::Expired(event)
            | Self::Deleted(event) => Some(event.sequence),
        }
    }
}

/// The status: what `status --json` prints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatusReport {
    /// One of `connecting`, `connected`, `waiting`, `refused`, `displaced`, `signed-out`.
    pub link: String,
    /// Since when the link is in this state, unix seconds.
    pub since: i64,
    /// Until when nothing is shown: unix seconds, `"forever"`, or null.
    pub paused_until: Option<Until>,
    /// Messages the user has not read.
    pub unread: u64,
    /// Emergencies that are not acknowledged yet.
    pub unacknowledged: u64,
    /// Acknowledgements that were requested and are not confirmed yet.
    #[serde(default)]
    pub pending_acknowledgements: u64,
    /// When the latest message was recorded, unix seconds.
    pub last_message: Option<i64>,
    /// The name this device is registered under.
    pub device: Option<String>,
    /// A sentence on the missing licence for desktop clients; null when nothing is missing.
    pub licence: Option<String>,
    /// How often the hook failed, since the daemon started.
    #[serde(default)]
    pub hook_failures: u64,
    /// Whether it has an icon in the tray, where the desktop has one.
    #[serde(default = "yes")]
    pub tray: bool,
    /// The daemon's version.
    pub version: String,
    /// The daemon's process id.
    pub pid: u32,
    /// The state as one line for a person.
    pub sentence: String,
    /// What the user can do about the state of the link; null when nothing has to be done.
    #[serde(default)]
    pub hint: Option<String>,
    /// What is wrong, a sentence each.
    pub problems: Vec<String>,
    /// What the user can do about each of the problems; null where there is nothing, or where the same hint is given above.
    #[serde(default)]
    pub hints: Vec<Option<String>>,
    /// The time by the service's clock, unix seconds: what has expired goes by it. It is there only in the reply to a command,
    /// once the service responded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_time: Option<i64>,
    /// The rules in use. They are there only in the reply to a command, once the settings were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<RulesReport>,
}

/// The rules in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesReport {
    /// How many.
    pub in_use: usize,
    /// Those that never change anything, a sentence each.
    pub useless: Vec<String>,
    /// All of that in one line.
    pub sentence: String,
}

/// Daemons that do not send the field always had a tray icon.
fn yes() -> bool {
    true
}

/// A time, or never.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Until {
    /// Unix seconds.
    Time(i64),
    /// The word `forever`.
    Word(String),
}

impl From<PausedUntil> for Until {
    fn from(until: PausedUntil) -> Self {
        match until {
            PausedUntil::Time(unix) => Self::Time(unix),
            PausedUntil::Forever => Self::Word(FOREVER.to_owned()),
        }
    }
}

/// `Err` holds a word that is not `forever`.
impl TryFrom<Until> for PausedUntil {
    type Error = String;

    fn try_from(until: Until) -> Result<Self, String> {
        match until {
            Until::Time(unix) => Ok(Self::Time(unix)),
            Until::Word(word) if word == FOREVER => Ok(Self::Forever),
            Until::Word(word) => Err(word),
        }
    }
}

impl From<&Status> for StatusReport {
    fn from(status: &Status) -> Self {
        Self {
            link: status.link.word().to_owned(),
            since: status.since,
            paused_until: status.paused.as_ref().map(|paused| paused.until.into()),
            unread: status.unread,
            unacknowledged: status.unacknowledged,
            pending_acknowledgements: status.pending_acks,
            last_message: status.last_message,
            device: status.device.as_ref().map(ToString::to_string),
            licence: status.licence.map(|licence| licence.to_string()),
            hook_failures: status.hook_failures,
            tray: status.tray,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            sentence: status.to_string(),
            hint: status.link_hint().map(str::to_owned),
            problems: status.problems(),
            hints: status.hints().into_iter().map(|hint| hint.map(str::to_owned)).collect(),
            service_time: None,
            rules: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::licence::NoLicence;
    use crate::domain::pause::Paused;

    #[test]
    fn a_command_is_one_readable_line() {
        let id = MessageId::from_service(9_007_199_254_740_993).unwrap();
        assert_eq!(
            serde_json::to_string(&Command::acknowledge(id)).unwrap(),
            r#"{"command":"acknowledge","id":"9007199254740993"}"#
        );
        let request: Command = serde_json::from_str(r#"{"command":"login-changed","later":1}"#).unwrap();
        assert_eq!(request, Command::LoginChanged);
    }

    #[test]
    fn a_status_has_the_fields_of_the_design() {
        let status = Status {
            since: 5,
            paused: Some(Paused { until: PausedUntil::Forever, words: "until resumed".to_owned() }),
            licence: Some(NoLicence { days_left: 2 }),
            ..Status::default()
        };
        let json = serde_json::to_value(StatusReport::from(&status)).unwrap();
        assert_eq!(json["link"], "signed-out");
        assert_eq!(json["since"], 5);
        assert_eq!(json["paused_until"], "forever");
        assert_eq!(json["last_message"], serde_json::Value::Null);
        assert_eq!(
            json["licence"],
            "the account has no licence for Pushover for Desktop; 2 days of the trial are left"
        );
        assert_eq!(json["pid"], std::process::id());
        let back: StatusReport = serde_json::from_value(json).unwrap();
        assert_eq!(back, StatusReport::from(&status));
    }

    #[test]
    fn an_older_daemon_sends_no_licence() {
        let mut json = serde_json::to_value(StatusReport::from(&Status::default())).unwrap();
        assert!(json.as_object_mut().unwrap().remove("licence").is_some_and(|licence| licence.is_null()));
        assert_eq!(serde_json::from_value::<StatusReport>(json).unwrap().licence, None);
    }
}
