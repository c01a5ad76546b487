//! What is said on the control socket.
//!
//! Invariant: fields are only ever added, so a command and a daemon of neighbouring versions understand
//! each other.

use serde::{Deserialize, Serialize};

use crate::domain::message::MessageId;
use crate::domain::pause::PausedUntil;
use crate::domain::status::Status;

/// The word for a pause without an end.
const FOREVER: &str = "forever";

/// What a command asks of the daemon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case")]
pub enum Request {
    /// How things stand.
    Status,
    /// Download now; the reply comes when it is done.
    Sync,
    /// Acknowledge an emergency; the reply comes when the service confirmed it, or after a few seconds.
    Acknowledge {
        /// The message's id as text, so that no JSON reader rounds it.
        id: String,
    },
    /// The saved login changed: read it again.
    LoginChanged,
    /// Connect again after the device was connected from somewhere else.
    TakeBack,
    /// Show nothing below the chosen priority for a while, in place of a pause before.
    Pause {
        /// When it ends.
        until: Until,
    },
    /// End the pause.
    Resume,
    /// Show the user that the daemon is there, and how things stand.
    Show,
    /// Stop.
    Quit,
}

impl Request {
    /// Asks to acknowledge an emergency.
    pub fn acknowledge(id: MessageId) -> Self {
        Self::Acknowledge { id: id.to_string() }
    }
}

/// The daemon's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "kebab-case")]
pub enum Reply {
    /// How things stand.
    Status(Box<StatusReport>),
    /// It is done; a sentence on what was done.
    Done {
        /// The sentence.
        message: String,
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
    },
}

/// `status --json`: the status as others read it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatusReport {
    /// One of `connecting`, `connected`, `waiting`, `refused`, `displaced`, `signed-out`.
    pub link: String,
    /// Since when the link stands so, unix seconds.
    pub since: i64,
    /// Until when nothing is shown: unix seconds, `"forever"`, or null.
    pub paused_until: Option<Until>,
    /// Messages the user has not seen to.
    pub unread: u64,
    /// Emergencies that nobody acknowledged yet.
    pub unacknowledged: u64,
    /// When the latest message was recorded, unix seconds.
    pub last_message: Option<i64>,
    /// The name this device is registered under.
    pub device: Option<String>,
    /// What is to be said of the licence for desktop clients, a sentence; null when nothing is missing.
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
    /// What the user can do about the state of the link; null where nothing has to be done.
    #[serde(default)]
    pub hint: Option<String>,
    /// What is wrong, a sentence each.
    pub problems: Vec<String>,
    /// What the user can do about each of them; null where there is nothing, or what was said before.
    #[serde(default)]
    pub hints: Vec<Option<String>>,
}

/// What daemons from before a field did.
fn yes() -> bool {
    true
}

/// A moment, or never.
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

/// `Err` is the word that means nothing here.
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
            last_message: status.last_message,
            device: status.device.as_ref().map(ToString::to_string),
            licence: status.licence.map(|licence| licence.to_string()),
            hook_failures: status.hook_failures,
            tray: status.tray,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            sentence: status.to_string(),
            hint: status.link.hint().map(str::to_owned),
            problems: status.problems(),
            hints: status.hints().into_iter().map(|hint| hint.map(str::to_owned)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::licence::NoLicence;
    use crate::domain::pause::Paused;

    #[test]
    fn requests_are_one_readable_line() {
        let id = MessageId::from_service(9_007_199_254_740_993).unwrap();
        assert_eq!(
            serde_json::to_string(&Request::acknowledge(id)).unwrap(),
            r#"{"command":"acknowledge","id":"9007199254740993"}"#
        );
        let request: Request = serde_json::from_str(r#"{"command":"login-changed","later":1}"#).unwrap();
        assert_eq!(request, Request::LoginChanged);
    }

    #[test]
    fn a_status_is_what_the_design_says() {
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
    fn a_daemon_of_an_earlier_version_says_nothing_of_the_licence() {
        let mut json = serde_json::to_value(StatusReport::from(&Status::default())).unwrap();
        assert!(json.as_object_mut().unwrap().remove("licence").is_some_and(|licence| licence.is_null()));
        assert_eq!(serde_json::from_value::<StatusReport>(json).unwrap().licence, None);
    }
}
