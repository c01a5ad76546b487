//! Decides the steps of signing in: what is asked next, what is requested, and where a failure leads back to.
//!
//! Invariant: no request lacks anything it needs; a name is taken over only with the user's consent to that very
//! name; every failure asks for what can mend it and keeps the rest; from every state there is a way to the end.
//!
//! The machine knows what is still missing, and asks for the first of it: email, password, a two-factor code
//! once the service wanted one, how to treat emergencies, the device's name. A failure makes it forget what was
//! wrong. The password is forgotten as soon as the service took it.

use std::mem;

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
        trouble: Option<CodeTrouble>,
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
        trouble: Option<NameTrouble>,
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
pub enum CodeTrouble {
    /// The service wants another one.
    NotAccepted,
    /// The service refused the login with these words; the code is the likeliest cause.
    Refused(String),
}

/// What was wrong with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameTrouble {
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

/// The machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Register {
    state: State,
    email: Option<String>,
    password: Option<Secret>,
    code: Code,
    secret: Option<Secret>,
    emergency: Emergencies,
    name: Option<DeviceName>,
    /// Whether the user agreed to take over the name.
    consent: bool,
    proposed: DeviceName,
    before: Option<DeviceName>,
    /// A name that was to be registered when no answer came.
    unsure: Option<DeviceName>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Idle,
    Asking(Question),
    Requesting(Step),
    Over,
}

/// The two-factor code.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Code {
    /// The service has not asked for one; it may have been given all the same.
    Unasked(Option<String>),
    /// The service asked for one after it had seen email and password.
    Wanted(Option<String>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Emergencies {
    /// Nobody is to be asked.
    Settled,
    /// The user is to be asked; how they are treated now.
    Open(Emergency),
    Chosen(Emergency),
}

impl Register {
    /// A machine that knows this much.
    pub fn new(known: Known) -> Self {
        Self {
            state: State::Idle,
            email: known.email.as_deref().and_then(trimmed),
            password: known.password.filter(is_filled),
            code: Code::Unasked(known.code.as_deref().and_then(without_spaces)),
            secret: None,
            emergency: known.emergency.map_or(Emergencies::Settled, Emergencies::Open),
            name: known.name,
            consent: known.take_over,
            proposed: known.proposed,
            before: known.before,
            unsure: None,
        }
    }

    /// Takes what happened. What does not fit the moment, such as an answer while a request is under way,
    /// changes nothing.
    pub fn handle_input(&mut self, input: Input) -> Option<Action> {
        if self.state == State::Over {
            return None;
        }
        if input == Input::Cancelled {
            self.end();
            return None;
        }
        match (mem::replace(&mut self.state, State::Idle), input) {
            (State::Idle, Input::Began) => Some(self.go_on()),
            (State::Asking(question), Input::Answered(answer)) => Some(self.answered(question, answer)),
            (State::Requesting(Step::LogIn), input) => self.login_answered(input),
            (State::Requesting(Step::Register), input) => self.registration_answered(input),
            (state @ (State::Idle | State::Asking(_) | State::Over), _) => self.stay(state),
        }
    }

    /// Asks for the first thing that is missing, or requests what can be requested.
    fn go_on(&mut self) -> Action {
        let Some(secret) = self.secret.clone() else { return self.go_on_to_login() };
        if let Emergencies::Open(now) = self.emergency {
            return self.ask(Question::Emergencies { now });
        }
        let Some(name) = self.name.clone() else {
            return self.ask(Question::Name { proposed: self.proposed.clone(), trouble: None });
        };
        self.state = State::Requesting(Step::Register);
        Action::Register { secret, name, take_over: self.consent }
    }

    fn go_on_to_login(&mut self) -> Action {
        let Some(email) = self.email.clone() else { return self.ask(Question::Email { typed: None }) };
        let Some(password) = self.password.clone() else { return self.ask_password(None) };
        let code = match &self.code {
            Code::Wanted(None) => return self.ask(Question::Code { trouble: None }),
            Code::Unasked(code) | Code::Wanted(code) => code.clone(),
        };
        self.state = State::Requesting(Step::LogIn);
        Action::LogIn { email, password, code }
    }

    fn answered(&mut self, question: Question, answer: Answer) -> Action {
        match (question, answer) {
            (question @ Question::Email { .. }, Answer::Email(email)) => {
                let Some(email) = trimmed(&email) else { return self.ask(question) };
                self.email = Some(email);
                self.go_on()
            }
            (Question::Password { .. }, Answer::Password(password)) if is_filled(&password) => {
                self.password = Some(password);
                self.go_on()
            }
            (Question::Password { .. } | Question::Again { step: Step::LogIn, .. }, Answer::Back) => {
                self.ask_email()
            }
            (question @ Question::Code { .. }, Answer::Code(code)) => {
                let Some(code) = without_spaces(&code) else { return self.ask(question) };
                self.code = Code::Wanted(Some(code));
                self.go_on()
            }
            (Question::Code { .. }, Answer::Back) => {
                self.forget_login();
                self.ask_password(None)
            }
            (Question::Emergencies { .. }, Answer::Emergencies(emergency)) => {
                self.emergency = Emergencies::Chosen(emergency);
                self.go_on()
            }
            (Question::Name { .. }, Answer::Name(name)) => {
                self.name = Some(name);
                self.go_on()
            }
            (Question::TakeOver { .. }, Answer::TakeOver) => {
                self.consent = true;
                self.go_on()
            }
            (Question::TakeOver { .. }, Answer::Back) => self.ask_name(Some(NameTrouble::Taken)),
            (Question::Again { .. }, Answer::Again) => self.go_on(),
            (Question::Again { step: Step::Register, .. }, Answer::Back) => self.ask_name(None),
            (question, _) => self.ask(question),
        }
    }

    fn login_answered(&mut self, input: Input) -> Option<Action> {
        let had_code = matches!(self.code, Code::Unasked(Some(_)) | Code::Wanted(Some(_)));
        match input {
            Input::LoggedIn(secret) => {
                self.secret = Some(secret);
                self.forget_login();
                Some(self.go_on())
            }
            Input::CodeWanted => {
                self.code = Code::Wanted(None);
                Some(self.ask(Question::Code { trouble: had_code.then_some(CodeTrouble::NotAccepted) }))
            }
            // It wanted a code, so email and password were right.
            Input::LoginRefused(why) if matches!(self.code, Code::Wanted(Some(_))) => {
                self.code = Code::Wanted(None);
                Some(self.ask(Question::Code { trouble: Some(CodeTrouble::Refused(why)) }))
            }
            Input::LoginRefused(why) => {
                self.forget_login();
                Some(self.ask_password(Some(why)))
            }
            Input::Unreachable(why) => Some(self.ask(Question::Again { step: Step::LogIn, why })),
            Input::Began
            | Input::Answered(_)
            | Input::Registered { .. }
            | Input::NameTaken
            | Input::NameRefused(_)
            | Input::TooManyDevices(_)
            | Input::Cancelled => self.stay(State::Requesting(Step::LogIn)),
        }
    }

    fn registration_answered(&mut self, input: Input) -> Option<Action> {
        match input {
            Input::Registered { device, at } => self.done(device, at),
            Input::NameTaken => Some(match self.name.clone().filter(|_| !self.consent) {
                Some(name) => {
                    let holder = self.holder_of(&name);
                    self.ask(Question::TakeOver { name, holder })
                }
                None => self.ask_name(Some(NameTrouble::Taken)),
            }),
            Input::NameRefused(why) => Some(self.ask_name(Some(NameTrouble::Refused(why)))),
            Input::TooManyDevices(why) => Some(self.ask_name(Some(NameTrouble::TooManyDevices(why)))),
            Input::LoginRefused(why) => {
                self.secret = None;
                Some(self.ask_password(Some(why)))
            }
            Input::Unreachable(why) => {
                self.unsure.clone_from(&self.name);
                Some(self.ask(Question::Again { step: Step::Register, why }))
            }
            Input::Began | Input::Answered(_) | Input::LoggedIn(_) | Input::CodeWanted | Input::Cancelled => {
                self.stay(State::Requesting(Step::Register))
            }
        }
    }

    fn holder_of(&self, name: &DeviceName) -> Holder {
        if self.before.as_ref() == Some(name) {
            Holder::ThisBefore
        } else if self.unsure.as_ref() == Some(name) {
            Holder::PerhapsThis
        } else {
            Holder::Another
        }
    }

    fn done(&mut self, device_id: DeviceId, at: i64) -> Option<Action> {
        let (secret, device_name) = (self.secret.take()?, self.name.take()?);
        let emergency = match self.emergency {
            Emergencies::Chosen(emergency) => Some(emergency),
            Emergencies::Settled | Emergencies::Open(_) => None,
        };
        self.end();
        let login = Credentials { secret, device_id, device_name, registered: at };
        Some(Action::Done(SignedIn { login, emergency }))
    }

    fn ask_email(&mut self) -> Action {
        self.forget_login();
        let typed = self.email.take();
        self.ask(Question::Email { typed })
    }

    fn ask_password(&mut self, refused: Option<String>) -> Action {
        match self.email.clone() {
            Some(email) => self.ask(Question::Password { email, refused }),
            None => self.ask(Question::Email { typed: None }),
        }
    }

    fn ask_name(&mut self, trouble: Option<NameTrouble>) -> Action {
        // Consent is to one name; the next one that is taken belongs to somebody else.
        self.consent = false;
        let proposed = self.name.take().unwrap_or_else(|| self.proposed.clone());
        self.ask(Question::Name { proposed, trouble })
    }

    fn ask(&mut self, question: Question) -> Action {
        self.state = State::Asking(question.clone());
        Action::Ask(question)
    }

    fn stay(&mut self, state: State) -> Option<Action> {
        self.state = state;
        None
    }

    fn forget_login(&mut self) {
        self.password = None;
        self.code = Code::Unasked(None);
    }

    fn end(&mut self) {
        self.forget_login();
        self.secret = None;
        self.state = State::Over;
    }
}

fn trimmed(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn without_spaces(text: &str) -> Option<String> {
    let text: String = text.split_whitespace().collect();
    (!text.is_empty()).then_some(text)
}

fn is_filled(password: &Secret) -> bool {
    !password.expose().is_empty()
}

#[cfg(test)]
mod tests;
