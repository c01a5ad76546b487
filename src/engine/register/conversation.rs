//! What is said to the machine and by it: inputs and actions, questions and answers.
//!
//! Invariant: a question holds no secret, so it may be shown as it is.

use crate::domain::account::{Credentials, DeviceId, DeviceName, Secret};
use crate::domain::settings::Emergency;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Whoever asks the user is ready.
    Began,
    /// The user answered the question asked; an answer to another one repeats the question.
    Answered(Answer),
    /// The service took the login; the session's secret.
    LoggedIn(Secret),
    /// The service wants a two-factor code, or another one than it was given.
    CodeWanted,
    /// The service refused the login, or the session that came of it, with these words.
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
    /// The service refused to register the device under this name, with these words.
    NameRefused(String),
    /// The account has as many devices as it may have, in the service's words.
    TooManyDevices(String),
    /// The service could not be asked, or gave no answer, for this reason.
    Unreachable(String),
    /// The user does not want to go on.
    Cancelled,
}

/// What the user may say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The account's email address; spaces around it do not count.
    Email(String),
    /// The password, every character of it.
    Password(Secret),
    /// A two-factor code; spaces in it do not count, as apps show it in groups.
    Code(String),
    /// How to treat emergencies.
    Emergencies(Emergency),
    /// A name for this device.
    Name(DeviceName),
    /// Consent to take the name over.
    TakeOver,
    /// The same request once more.
    Again,
    /// To the question before.
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
    /// Keep what came of it: there is nothing left to do.
    Done(SignedIn),
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// The complete login.
    pub login: Credentials,
    /// How to treat emergencies, if that was asked.
    pub emergency: Option<Emergency>,
}

/// What is asked of the user, with why it is asked again where it is.
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
        /// The service's words, when it refused the login.
        refused: Option<String>,
    },
    /// A two-factor code. Back leads to the password.
    Code {
        /// What was wrong with the one before.
        issue: Option<CodeIssue>,
    },
    /// How to treat emergencies.
    Emergencies {
        /// How they are treated now.
        now: Emergency,
    },
    /// A name for this device.
    Name {
        /// The one to offer.
        proposed: DeviceName,
        /// What was wrong with it, if it was tried.
        issue: Option<NameIssue>,
    },
    /// Whether to take over a name that another device has. Back leads to the name.
    TakeOver {
        /// The name.
        name: DeviceName,
        /// Who has it, as far as that is known.
        holder: Holder,
    },
    /// Whether to ask the service again. Back leads to what was typed.
    Again {
        /// What could not be asked.
        step: Step,
        /// Why it could not.
        why: String,
    },
}

/// Who has a name that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// Another device, for all that is known.
    Another,
    /// This computer was registered under it before.
    ThisBefore,
    /// A registration of this computer got no answer, and may have been done all the same.
    PerhapsThis,
}

/// What was wrong with a two-factor code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodeIssue {
    /// The service wants another one.
    NotAccepted,
    /// The service refused the login with these words; the code is the likeliest cause.
    Refused(String),
}

/// What was wrong with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameIssue {
    /// Another device has it.
    Taken,
    /// The service refused it with these words.
    Refused(String),
    /// The account has as many devices as it may have, in the service's words: only a name that is taken will do.
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

/// What is known before anything is asked; all that is known is not asked for.
#[derive(Clone, Debug)]
pub struct Known {
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
    /// How emergencies are treated now, if the user is to be asked about them.
    pub emergency: Option<Emergency>,
}

impl Known {
    /// Nothing but the name to offer.
    pub fn nothing(proposed: DeviceName) -> Self {
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
