//! The inputs and actions of the state machine, with its questions and their answers.
//!
//! Invariant: a question holds no secret, so it may be shown as it is.

use crate::domain::account::{Credentials, DeviceId, DeviceName, Secret};
use crate::domain::settings::Emergency;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The front end is ready to ask the user.
    Began,
    /// The user answered the question asked; an answer to another one repeats the question.
    Answered(Answer),
    /// The service accepted the login; this is the session's secret.
    LoggedIn(Secret),
    /// The service requires a two-factor code, or did not accept the one it was given.
    CodeRequired,
    /// The service refused the login, or the session it led to, with this message.
    LoginRefused(String),
    /// The device is registered.
    Registered {
        /// Its id.
        device: DeviceId,
        /// When, unix seconds.
        at: i64,
    },
    /// Another device of the account has the name.
    NameTaken,
    /// The service refused to register the device under this name, with this message.
    NameRefused(String),
    /// The account has as many devices as it may have, in the service's words.
    TooManyDevices(String),
    /// The service could not be reached or did not respond, for this reason.
    Unreachable(String),
    /// The user cancelled.
    Cancelled,
}

/// An answer of the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The account's email address; spaces around it do not count.
    Email(String),
    /// The password, every character of it.
    Password(Secret),
    /// A two-factor code; spaces in it do not count, as apps show it in groups.
    Code(String),
    /// How to handle emergencies.
    Emergencies(Emergency),
    /// A name for this device.
    Name(DeviceName),
    /// Consent to take the name over.
    TakeOver,
    /// Send the same request again.
    Again,
    /// Go back to the question before.
    Back,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Ask the user.
    Ask(Question),
    /// Exchange email and password for a session secret.
    LogIn {
        /// The account's email address.
        email: String,
        /// Its password.
        password: Secret,
        /// The two-factor code, if there is one.
        code: Option<String>,
    },
    /// Register this computer as a device.
    Register {
        /// The session's secret.
        secret: Secret,
        /// The device's name.
        name: DeviceName,
        /// Whether to take the name from the device that has it.
        take_over: bool,
    },
    /// Keep the result: there is nothing left to do.
    Done(SignedIn),
}

/// The result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// The complete login.
    pub login: Credentials,
    /// The account's email address.
    pub email: String,
    /// The account's user key, to which messages can be sent, if the service sent it.
    pub user_key: Option<Secret>,
    /// How to handle emergencies, if that was asked.
    pub emergency: Option<Emergency>,
}

/// A question to the user, with the reason if it is repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// The account's email address.
    Email {
        /// What was typed before.
        typed: Option<String>,
    },
    /// The account's password. Back leads to the email address.
    Password {
        /// The account.
        email: String,
        /// The service's message, if it refused the login.
        refused: Option<String>,
    },
    /// A two-factor code. Back leads to the password.
    Code {
        /// What was wrong with the previous one.
        issue: Option<CodeIssue>,
    },
    /// How to handle emergencies.
    Emergencies {
        /// How they are handled now.
        now: Emergency,
    },
    /// A name for this device.
    Name {
        /// The name to offer.
        proposed: DeviceName,
        /// What was wrong with it, if it was tried.
        issue: Option<NameIssue>,
    },
    /// Whether to take over a name that another device has. Back leads to the name.
    TakeOver {
        /// The name.
        name: DeviceName,
        /// Who has the name, as far as that is known.
        holder: Holder,
    },
    /// Whether to ask the service again. Back leads to what was typed.
    Again {
        /// The request that failed.
        step: Step,
        /// Why it failed.
        why: String,
    },
}

/// Who has a name that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// Another device, as far as we know.
    Another,
    /// This computer was registered under it before.
    ThisBefore,
    /// A registration of this computer got no response, and may have succeeded.
    PerhapsThis,
}

/// What was wrong with a two-factor code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodeIssue {
    /// The service wants another one.
    NotAccepted,
    /// The service refused the login with this message; the code is the most likely cause.
    Refused(String),
}

/// What was wrong with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameIssue {
    /// Another device has it.
    Taken,
    /// The service refused it with this message.
    Refused(String),
    /// The account has as many devices as it may have, in the service's words: only a name that is taken works.
    TooManyDevices(String),
}

/// A request to the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The login.
    LogIn,
    /// The registration of the device.
    Register,
}

/// The answers that are known before anything is asked; their questions are skipped.
#[derive(Clone, Debug)]
pub struct KnownAnswers {
    /// The account's email address.
    pub email: Option<String>,
    /// Its password.
    pub password: Option<Secret>,
    /// A two-factor code.
    pub code: Option<String>,
    /// The device's name.
    pub name: Option<DeviceName>,
    /// Consent to take over the first name that is tried.
    pub take_over: bool,
    /// The name to offer.
    pub proposed: DeviceName,
    /// The name this computer was registered under before.
    pub before: Option<DeviceName>,
    /// How emergencies are handled now, if the user is to be asked about them.
    pub emergency: Option<Emergency>,
}

impl KnownAnswers {
    /// No answers, only the name to offer.
    pub fn none(proposed: DeviceName) -> Self {
        Self {
            email: None,
            password: None,
            code: None,
            name: None,
            take_over: false,
            proposed,
            before: None,
            emergency: None,
        }
    }
}
