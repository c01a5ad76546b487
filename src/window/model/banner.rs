//! The line at the top with the status, and the button that acts on it.
//!
//! Invariant: the sentences and hints are those of the status; only what is said about a daemon that does not run is made here.

use crate::app::Problem;
use crate::control::StatusReport;
use crate::domain::status::LinkState;
use crate::domain::text::capitalized;
use crate::window::words::{fill, tr};

/// What is known about the daemon.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Daemon {
    /// It has not been asked yet.
    #[default]
    Unknown,
    /// It runs, and this is its status.
    Running(Box<StatusReport>),
    /// It does not run.
    Gone,
    /// It runs, but cannot be used.
    Unusable(Problem),
}

/// How urgent the line is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Urgency {
    /// Everything is fine.
    #[default]
    None,
    /// The user chose this, or it ends without help.
    Notice,
    /// Something is wrong.
    Warning,
}

/// What the button does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Start the daemon.
    Start,
    /// Sign in.
    SignIn,
    /// Connect here again.
    TakeBack,
    /// End the pause.
    Resume,
    /// Download now.
    TryAgain,
}

impl Action {
    /// The words on the button.
    pub fn words(self) -> &'static str {
        match self {
            Self::Start => tr("Start"),
            Self::SignIn => tr("Sign in…"),
            Self::TakeBack => tr("Take the connection back"),
            Self::Resume => tr("Resume"),
            Self::TryAgain => tr("Try again"),
        }
    }
}

/// The line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Banner {
    /// The status.
    pub sentence: String,
    /// What is wrong, and what can be done about it.
    pub details: Vec<String>,
    /// What the button does.
    pub action: Option<Action>,
    /// How urgent it is.
    pub urgency: Urgency,
}

impl Banner {
    /// The line for a daemon in this state.
    pub fn of(daemon: &Daemon) -> Self {
        match daemon {
            Daemon::Unknown => Self::default(),
            Daemon::Running(status) => Self::of_status(status),
            Daemon::Gone => Self {
                sentence: tr("Handover is not running").to_owned(),
                details: vec![tr("No messages are received until it is started.").to_owned()],
                action: Some(Action::Start),
                urgency: Urgency::Warning,
            },
            Daemon::Unusable(problem) => Self {
                sentence: capitalized(&problem.message),
                details: problem.hint.as_deref().map(capitalized).into_iter().collect(),
                action: None,
                urgency: Urgency::Warning,
            },
        }
    }

    fn of_status(status: &StatusReport) -> Self {
        let link = LinkState::from_word(&status.link);
        let mut details: Vec<String> = status.hint.as_deref().map(capitalized).into_iter().collect();
        let hints = status.hints.iter().map(Option::as_ref).chain(std::iter::repeat(None));
        for (problem, hint) in status.problems.iter().zip(hints) {
            details.push(capitalized(&match hint {
                Some(hint) => fill("{problem}: {hint}", &[("problem", problem), ("hint", hint)]),
                None => problem.clone(),
            }));
        }
        details.extend(status.licence.as_deref().map(capitalized));
        let action = match link {
            Some(LinkState::SignedOut | LinkState::Refused) => Some(Action::SignIn),
            Some(LinkState::Displaced) => Some(Action::TakeBack),
            Some(LinkState::Waiting) => Some(Action::TryAgain),
            Some(LinkState::Connecting | LinkState::Connected) | None if status.paused_until.is_some() => {
                Some(Action::Resume)
            }
            Some(LinkState::Connecting | LinkState::Connected) | None if !status.problems.is_empty() => {
                Some(Action::TryAgain)
            }
            Some(LinkState::Connecting | LinkState::Connected) | None => None,
        };
        let urgency = match action {
            _ if !details.is_empty() => Urgency::Warning,
            Some(_) => Urgency::Notice,
            None => Urgency::None,
        };
        Self { sentence: status.sentence.clone(), details, action, urgency }
    }

    /// Whether there is more to show than the sentence.
    pub fn is_shown(&self) -> bool {
        self.urgency != Urgency::None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::pause::{Paused, PausedUntil};
    use crate::domain::status::{Cause, Issue, Status};

    fn of(status: &Status) -> Banner {
        Banner::of(&Daemon::Running(Box::new(StatusReport::from(status))))
    }

    #[test]
    fn the_button_does_what_the_state_needs() {
        let mut status = Status::default();
        for (link, action, urgency) in [
            (LinkState::SignedOut, Some(Action::SignIn), Urgency::Warning),
            (LinkState::Refused, Some(Action::SignIn), Urgency::Warning),
            (LinkState::Displaced, Some(Action::TakeBack), Urgency::Warning),
            (LinkState::Waiting, Some(Action::TryAgain), Urgency::Notice),
            (LinkState::Connecting, None, Urgency::None),
            (LinkState::Connected, None, Urgency::None),
        ] {
            status.link = link;
            let banner = of(&status);
            assert_eq!((banner.action, banner.urgency), (action, urgency), "{link:?}");
            assert_eq!(banner.sentence, status.to_string());
        }
        status.paused = Some(Paused { until: PausedUntil::Forever, words: "until resumed".to_owned() });
        assert_eq!(of(&status).action, Some(Action::Resume));
    }

    #[test]
    fn problems_are_shown_with_their_hints() {
        let mut status = Status { link: LinkState::Connected, ..Status::default() };
        status.set_issue(Issue::Storage, Some(Cause::new("the disk is full", "make room")));
        let banner = of(&status);
        assert_eq!(banner.details, ["Messages cannot be saved: the disk is full: make room"]);
        assert_eq!((banner.action, banner.urgency), (Some(Action::TryAgain), Urgency::Warning));
    }

    #[test]
    fn a_daemon_that_does_not_run_can_be_started() {
        let banner = Banner::of(&Daemon::Gone);
        assert_eq!((banner.action, banner.is_shown()), (Some(Action::Start), true));
        assert!(!Banner::of(&Daemon::Unknown).is_shown());
    }
}
