//! Decides the steps of signing in: what to ask next, what to request, and which question to return to after a failure.
//!
//! Invariant: every request is complete; a name is taken over only with the user's consent to that name; after a
//! failure the machine asks for what can fix it and keeps the rest; the end can be reached from every state.
//!
//! The machine asks for the first missing answer: email, password, a two-factor code once the service requires one, how
//! to handle emergencies, the device's name. After a failure it forgets the wrong answer. It forgets the password as
//! soon as the service has accepted it.

use std::mem;

use crate::domain::account::{Credentials, DeviceId, DeviceName, Secret};
use crate::domain::settings::Emergency;

mod conversation;

pub use conversation::{
    Action, Answer, CodeIssue, Holder, Input, KnownAnswers, NameIssue, Question, SignedIn, Step,
};

/// The state machine.
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
    /// A name whose registration got no response.
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
    /// The service has not required one, but it may already be known.
    NotRequired(Option<String>),
    /// The service required one after it had accepted email and password.
    Required(Option<String>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Emergencies {
    /// The user is not asked.
    NotAsked,
    /// The user still has to be asked. Holds how they are handled now.
    Open(Emergency),
    Chosen(Emergency),
}

impl Register {
    /// A machine with these answers.
    pub fn new(known: KnownAnswers) -> Self {
        Self {
            state: State::Idle,
            email: known.email.as_deref().and_then(trimmed),
            password: known.password.filter(is_filled),
            code: Code::NotRequired(known.code.as_deref().and_then(without_spaces)),
            secret: None,
            emergency: known.emergency.map_or(Emergencies::NotAsked, Emergencies::Open),
            name: known.name,
            consent: known.take_over,
            proposed: known.proposed,
            before: known.before,
            unsure: None,
        }
    }

    /// Handles an input. One that does not fit the state, such as an answer during a request, changes nothing.
    pub fn handle_input(&mut self, input: Input) -> Option<Action> {
        if self.state == State::Over {
            return None;
        }
        if input == Input::Cancelled {
            self.end();
            return None;
        }
        match (mem::replace(&mut self.state, State::Idle), input) {
            (State::Idle, Input::Began) => Some(self.advance()),
            (State::Asking(question), Input::Answered(answer)) => Some(self.answered(question, answer)),
            (State::Requesting(Step::LogIn), input) => self.login_answered(input),
            (State::Requesting(Step::Register), input) => self.registration_answered(input),
            (state @ (State::Idle | State::Asking(_) | State::Over), _) => self.stay(state),
        }
    }

    /// Asks for the first missing answer, or makes the next request.
    fn advance(&mut self) -> Action {
        let Some(secret) = self.secret.clone() else { return self.continue_with_login() };
        if let Emergencies::Open(now) = self.emergency {
            return self.ask(Question::Emergencies { now });
        }
        let Some(name) = self.name.clone() else {
            return self.ask(Question::Name { proposed: self.proposed.clone(), issue: None });
        };
        self.state = State::Requesting(Step::Register);
        Action::Register { secret, name, take_over: self.consent }
    }

    fn continue_with_login(&mut self) -> Action {
        let Some(email) = self.email.clone() else { return self.ask(Question::Email { typed: None }) };
        let Some(password) = self.password.clone() else { return self.ask_password(None) };
        let code = match &self.code {
            Code::Required(None) => return self.ask(Question::Code { issue: None }),
            Code::NotRequired(code) | Code::Required(code) => code.clone(),
        };
        self.state = State::Requesting(Step::LogIn);
        Action::LogIn { email, password, code }
    }

    fn answered(&mut self, question: Question, answer: Answer) -> Action {
        match (question, answer) {
            (question @ Question::Email { .. }, Answer::Email(email)) => {
                let Some(email) = trimmed(&email) else { return self.ask(question) };
                self.email = Some(email);
                self.advance()
            }
            (Question::Password { .. }, Answer::Password(password)) if is_filled(&password) => {
                self.password = Some(password);
                self.advance()
            }
            (Question::Password { .. } | Question::Again { step: Step::LogIn, .. }, Answer::Back) => {
                self.ask_email()
            }
            (question @ Question::Code { .. }, Answer::Code(code)) => {
                let Some(code) = without_spaces(&code) else { return self.ask(question) };
                self.code = Code::Required(Some(code));
                self.advance()
            }
            (Question::Code { .. }, Answer::Back) => {
                self.forget_login();
                self.ask_password(None)
            }
            (Question::Emergencies { .. }, Answer::Emergencies(emergency)) => {
                self.emergency = Emergencies::Chosen(emergency);
                self.advance()
            }
            (Question::Name { .. }, Answer::Name(name)) => {
                self.name = Some(name);
                self.advance()
            }
            (Question::TakeOver { .. }, Answer::TakeOver) => {
                self.consent = true;
                self.advance()
            }
            (Question::TakeOver { .. }, Answer::Back) => self.ask_name(Some(NameIssue::Taken)),
            (Question::Again { .. }, Answer::Again) => self.advance(),
            (Question::Again { step: Step::Register, .. }, Answer::Back) => self.ask_name(None),
            (question, _) => self.ask(question),
        }
    }

    fn login_answered(&mut self, input: Input) -> Option<Action> {
        let had_code = matches!(self.code, Code::NotRequired(Some(_)) | Code::Required(Some(_)));
        match input {
            Input::LoggedIn(secret) => {
                self.secret = Some(secret);
                self.forget_login();
                Some(self.advance())
            }
            Input::CodeRequired => {
                self.code = Code::Required(None);
                Some(self.ask(Question::Code { issue: had_code.then_some(CodeIssue::NotAccepted) }))
            }
            // The service required a code, so email and password were right.
            Input::LoginRefused(why) if matches!(self.code, Code::Required(Some(_))) => {
                self.code = Code::Required(None);
                Some(self.ask(Question::Code { issue: Some(CodeIssue::Refused(why)) }))
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
                None => self.ask_name(Some(NameIssue::Taken)),
            }),
            Input::NameRefused(why) => Some(self.ask_name(Some(NameIssue::Refused(why)))),
            Input::TooManyDevices(why) => Some(self.ask_name(Some(NameIssue::TooManyDevices(why)))),
            Input::LoginRefused(why) => {
                self.secret = None;
                Some(self.ask_password(Some(why)))
            }
            Input::Unreachable(why) => {
                self.unsure.clone_from(&self.name);
                Some(self.ask(Question::Again { step: Step::Register, why }))
            }
            Input::Began
            | Input::Answered(_)
            | Input::LoggedIn(_)
            | Input::CodeRequired
            | Input::Cancelled => self.stay(State::Requesting(Step::Register)),
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
            Emergencies::NotAsked | Emergencies::Open(_) => None,
        };
        let email = self.email.take().unwrap_or_default();
        self.end();
        let login = Credentials { secret, device_id, device_name, registered: at };
        Some(Action::Done(SignedIn { login, email, user_key: None, emergency }))
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

    fn ask_name(&mut self, issue: Option<NameIssue>) -> Action {
        // Consent is for one name: another taken name may belong to someone else.
        self.consent = false;
        let proposed = self.name.take().unwrap_or_else(|| self.proposed.clone());
        self.ask(Question::Name { proposed, issue })
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
        self.code = Code::NotRequired(None);
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
