//! The daemon's status as one value, which the `status` command, the tray and the log show.
//!
//! Invariant: the sentences here are the only wording of a state; everything that shows a state uses them word for
//! word.

use std::fmt;

use super::account::DeviceName;
use super::licence::NoLicence;
use super::pause::Paused;

/// The state of the connection to the service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LinkState {
    /// A connection is being made.
    Connecting,
    /// Logged in; messages arrive as they are sent.
    Connected,
    /// Not connected; the next attempt is planned.
    Waiting,
    /// The service no longer accepts this login, or keeps closing the connection: needs the user.
    Refused,
    /// The device logged in from somewhere else: needs the user.
    Displaced,
    /// The user is not signed in.
    #[default]
    SignedOut,
}

impl LinkState {
    /// The word used on the wire of the control socket and in `status --json`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Waiting => "waiting",
            Self::Refused => "refused",
            Self::Displaced => "displaced",
            Self::SignedOut => "signed-out",
        }
    }

    /// The state with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        let all = [
            Self::Connecting,
            Self::Connected,
            Self::Waiting,
            Self::Refused,
            Self::Displaced,
            Self::SignedOut,
        ];
        all.into_iter().find(|state| state.word() == word)
    }
}

impl LinkState {
    /// The state in words, the first half of the status line.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Connecting => "Connecting",
            Self::Connected => "Connected",
            Self::Waiting => "Offline, will reconnect",
            Self::Refused => "Stopped: the service refuses this device",
            Self::Displaced => "Stopped: this device is connected from somewhere else",
            Self::SignedOut => "Not signed in",
        }
    }

    /// What the user can do, if the program cannot continue without them.
    pub fn hint(self) -> Option<&'static str> {
        match self {
            Self::Connecting | Self::Connected | Self::Waiting => None,
            Self::Refused => Some(
                "sign in again with `handover setup`, or, once the cause is fixed, reconnect with \
                 `handover sync`; your messages are kept",
            ),
            Self::Displaced => Some("take the connection back with `handover sync`"),
            Self::SignedOut => Some("run `handover setup` to sign in"),
        }
    }
}

/// A condition that keeps this program from working. It stays in the status until it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Issue {
    /// The program cannot start to receive, for a reason that only the user can fix.
    Start,
    /// The settings file has a mistake, so the settings before it are kept.
    Settings,
    /// The settings file was empty at the start: a full disk may be the reason.
    EmptySettings,
    /// The login exists but cannot be read, for example because the keyring is locked.
    Login,
    /// Messages cannot be recorded, so none is deleted from the service.
    Storage,
    /// The message log was damaged, and a new one has what could be saved.
    Repaired,
    /// Messages cannot be shown; they are recorded and shown later.
    Notifications,
    /// The service cannot be reached or does not respond as it should.
    Service,
    /// This computer's clock is wrong.
    Clock,
    /// An emergency could not be acknowledged so far.
    Acknowledgement,
    /// The program that the user runs for each message fails.
    Hook,
    /// The key of end-to-end encryption cannot be read.
    Key,
    /// A message that was queued could not be sent, or may have been.
    Outbox,
    /// The HTTP API could not be started.
    Http,
}

impl Issue {
    /// The first half of the sentence; the cause follows after a colon. The cause of [`Issue::Service`] and
    /// [`Issue::Clock`] is a whole sentence, see [`sentence`](Self::sentence).
    pub fn what(self) -> &'static str {
        match self {
            Self::Start => "no messages are being received",
            Self::Settings => "the changed settings are not in use",
            Self::EmptySettings => "the settings file is empty",
            Self::Login => "the login cannot be read",
            Self::Storage => "messages cannot be saved",
            Self::Repaired => "the message log was damaged",
            Self::Notifications => "messages cannot be shown",
            Self::Service => "the service does not respond as it should",
            Self::Clock => "this computer's clock is wrong",
            Self::Acknowledgement => "an emergency is not acknowledged yet",
            Self::Hook => "the hook does not work",
            Self::Key => "encrypted messages cannot be read",
            Self::Outbox => "not every queued message was sent",
            Self::Http => "the HTTP API cannot be used",
        }
    }

    /// The whole sentence: `<what failed>: <cause>`.
    pub fn sentence(self, why: &str) -> String {
        if matches!(self, Self::Service | Self::Clock) {
            why.to_owned()
        } else {
            format!("{}: {why}", self.what())
        }
    }
}

/// Why there is an issue, and what the user can do about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cause {
    /// The reason.
    pub why: String,
    /// What to do.
    pub hint: Option<String>,
}

impl Cause {
    /// A cause that the user can do something about.
    pub fn new(why: impl fmt::Display, hint: impl Into<String>) -> Self {
        Self { why: why.to_string(), hint: Some(hint.into()) }
    }
}

/// The daemon's status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The connection.
    pub link: LinkState,
    /// Since when it is in that state, unix seconds.
    pub since: i64,
    /// The pause, if there is one.
    pub paused: Option<Paused>,
    /// Whether the daemon has a tray icon, if the desktop has a tray.
    pub tray: bool,
    /// Messages the user has not read.
    pub unread: u64,
    /// Emergencies that were not acknowledged.
    pub unacknowledged: u64,
    /// Acknowledgements that the service has not confirmed yet.
    pub pending_acks: u64,
    /// When the latest message was recorded, unix seconds.
    pub last_message: Option<i64>,
    /// The name this device is registered under.
    pub device: Option<DeviceName>,
    /// Whether the account lacks the licence for desktop clients, as far as the service has said.
    pub licence: Option<NoLicence>,
    /// How often the hook has failed since the start.
    pub hook_failures: u64,
    /// What is wrong, each with its cause.
    pub issues: Vec<(Issue, Cause)>,
}

impl Status {
    /// The state of the connection in words. A login that cannot be read still exists, so the user does not have to sign in again;
    /// the issue says what to do.
    pub fn link_sentence(&self) -> &'static str {
        if self.is_login_unreadable() { "Not connected" } else { self.link.sentence() }
    }

    /// What the user can do about the connection, if an issue does not say it.
    pub fn link_hint(&self) -> Option<&'static str> {
        if self.is_login_unreadable() { None } else { self.link.hint() }
    }

    fn is_login_unreadable(&self) -> bool {
        self.link == LinkState::SignedOut && self.cause_of(Issue::Login).is_some()
    }

    /// Sets an issue, or ends it (`None`).
    pub fn set_issue(&mut self, issue: Issue, cause: Option<Cause>) {
        self.issues.retain(|(other, _)| *other != issue);
        self.issues.extend(cause.map(|cause| (issue, cause)));
        self.issues.sort();
    }

    /// Why there is an issue, if there is.
    pub fn cause_of(&self, issue: Issue) -> Option<&str> {
        self.issues.iter().find(|(other, _)| *other == issue).map(|(_, cause)| cause.why.as_str())
    }

    /// What is wrong, a sentence each: `<what failed>: <cause>`.
    pub fn problems(&self) -> Vec<String> {
        self.issues.iter().map(|(issue, cause)| issue.sentence(&cause.why)).collect()
    }

    /// What the user can do about each of the [`problems`](Self::problems), without repeated hints or the [hint of the
    /// connection](Self::link_hint).
    pub fn hints(&self) -> Vec<Option<&str>> {
        let mut said: Vec<&str> = self.link_hint().into_iter().collect();
        let mut hints = Vec::new();
        for (_, cause) in &self.issues {
            let hint = cause.hint.as_deref().filter(|hint| !said.contains(hint));
            said.extend(hint);
            hints.push(hint);
        }
        hints
    }
}

/// One line for a person: the state of the connection and what needs their attention.
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.link_sentence())?;
        if let (LinkState::Connected, Some(device)) = (self.link, &self.device) {
            write!(f, " as {device}")?;
        }
        if let Some(paused) = &self.paused {
            write!(f, ", paused {}", paused.words)?;
        }
        if self.unread > 0 {
            write!(f, ", {} unread", self.unread)?;
        }
        if self.unacknowledged > 0 {
            let plural = if self.unacknowledged == 1 { "emergency" } else { "emergencies" };
            write!(f, ", {} {plural} to acknowledge", self.unacknowledged)?;
        }
        if self.pending_acks > 0 {
            let plural = if self.pending_acks == 1 { "" } else { "s" };
            write!(f, ", {} acknowledgement{plural} waiting", self.pending_acks)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::pause::PausedUntil;

    #[test]
    fn a_status_reads_as_one_line() {
        let mut status = Status::default();
        assert_eq!(status.to_string(), "Not signed in");
        status.link = LinkState::Connected;
        status.device = DeviceName::new("desk");
        status.unread = 3;
        assert_eq!(status.to_string(), "Connected as desk, 3 unread");
        status.unacknowledged = 1;
        assert_eq!(status.to_string(), "Connected as desk, 3 unread, 1 emergency to acknowledge");
        status.pending_acks = 2;
        assert_eq!(
            status.to_string(),
            "Connected as desk, 3 unread, 1 emergency to acknowledge, 2 acknowledgements waiting"
        );
        status.pending_acks = 0;
        status.paused = Some(Paused { until: PausedUntil::Forever, words: "until resumed".to_owned() });
        assert_eq!(
            status.to_string(),
            "Connected as desk, paused until resumed, 3 unread, 1 emergency to acknowledge"
        );
    }

    #[test]
    fn who_has_an_unreadable_login_is_not_told_to_sign_in() {
        let mut status = Status::default();
        assert_eq!(status.link_hint(), LinkState::SignedOut.hint());
        status.set_issue(Issue::Login, Some(Cause::new("the keyring is locked", "unlock it")));
        assert_eq!((status.to_string(), status.link_hint()), ("Not connected".to_owned(), None));
        assert_eq!(status.problems(), ["the login cannot be read: the keyring is locked"]);
        status.link = LinkState::Connected;
        assert_eq!(status.to_string(), "Connected", "with the login that was read before");
    }

    #[test]
    fn an_issue_stays_until_it_is_over() {
        let mut status = Status::default();
        status.set_issue(Issue::Storage, Some(Cause::new("the disk is full", "make room")));
        status.set_issue(Issue::Service, Some(Cause::new("the service is unavailable", "wait")));
        status.set_issue(Issue::Storage, Some(Cause::new("the file is locked", "close it")));
        assert_eq!(
            status.problems(),
            ["messages cannot be saved: the file is locked", "the service is unavailable"]
        );
        status.set_issue(Issue::Storage, None);
        assert_eq!(status.problems().len(), 1);
    }

    #[test]
    fn no_hint_is_given_twice() {
        let mut status = Status { link: LinkState::Refused, ..Status::default() };
        let sign_in = LinkState::Refused.hint().unwrap();
        for (issue, hint) in
            [(Issue::Storage, "make room"), (Issue::Service, sign_in), (Issue::Acknowledgement, "make room")]
        {
            status.set_issue(issue, Some(Cause::new("why", hint)));
        }
        assert_eq!(status.hints(), [Some("make room"), None, None]);
    }
}
