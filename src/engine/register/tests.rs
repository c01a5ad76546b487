//! Tests the rules one by one, then every history.
//!
//! With a small alphabet the machine has finitely many states, so all reachable ones are visited, each compared with a
//! model that knows only the invariant. That covers histories of every length.

use std::collections::BTreeSet;

use super::*;

fn name(text: &str) -> DeviceName {
    DeviceName::new(text).unwrap()
}

fn no_answers() -> KnownAnswers {
    KnownAnswers { emergency: Some(Emergency::Auto), ..KnownAnswers::none(name("host")) }
}

fn all_answers() -> KnownAnswers {
    KnownAnswers {
        email: Some("me".into()),
        password: Some(Secret::new("pw")),
        name: Some(name("a")),
        emergency: None,
        ..no_answers()
    }
}

fn email() -> Input {
    Input::Answered(Answer::Email("me".into()))
}

fn password() -> Input {
    Input::Answered(Answer::Password(Secret::new("pw")))
}

fn code() -> Input {
    Input::Answered(Answer::Code("123".into()))
}

fn emergencies() -> Input {
    Input::Answered(Answer::Emergencies(Emergency::Manual))
}

fn named(text: &str) -> Input {
    Input::Answered(Answer::Name(name(text)))
}

fn take_over() -> Input {
    Input::Answered(Answer::TakeOver)
}

fn again() -> Input {
    Input::Answered(Answer::Again)
}

fn back() -> Input {
    Input::Answered(Answer::Back)
}

fn logged_in() -> Input {
    Input::LoggedIn(Secret::new("session"))
}

fn registered() -> Input {
    Input::Registered { device: DeviceId::new("d1").unwrap(), at: 7 }
}

fn refused() -> Input {
    Input::LoginRefused("no".into())
}

fn unreachable() -> Input {
    Input::Unreachable("down".into())
}

/// The last action after these inputs to a machine that has begun.
fn after(known: KnownAnswers, inputs: &[Input]) -> Option<Action> {
    let mut machine = Register::new(known);
    let first = machine.handle_input(Input::Began);
    inputs.iter().fold(first, |_, input| machine.handle_input(input.clone()))
}

fn log_in(code: Option<&str>) -> Action {
    Action::LogIn { email: "me".into(), password: Secret::new("pw"), code: code.map(str::to_owned) }
}

fn register(text: &str, take_over: bool) -> Action {
    Action::Register { secret: Secret::new("session"), name: name(text), take_over }
}

fn done(text: &str, emergency: Option<Emergency>) -> Action {
    let login = Credentials {
        secret: Secret::new("session"),
        device_id: DeviceId::new("d1").unwrap(),
        device_name: name(text),
        registered: 7,
    };
    Action::Done(SignedIn { login, email: "me".into(), user_key: None, emergency })
}

fn ask_password(refused: Option<&str>) -> Action {
    Action::Ask(Question::Password { email: "me".into(), refused: refused.map(str::to_owned) })
}

fn ask_code(issue: Option<CodeIssue>) -> Action {
    Action::Ask(Question::Code { issue })
}

fn ask_name(proposed: &str, issue: Option<NameIssue>) -> Action {
    Action::Ask(Question::Name { proposed: name(proposed), issue })
}

fn ask_take_over(text: &str, holder: Holder) -> Action {
    Action::Ask(Question::TakeOver { name: name(text), holder })
}

fn ask_again(step: Step) -> Action {
    Action::Ask(Question::Again { step, why: "down".into() })
}

#[test]
fn a_sign_in_without_failures() {
    let mut inputs = Vec::new();
    for (input, action) in [
        (email(), ask_password(None)),
        (password(), log_in(None)),
        (Input::CodeRequired, ask_code(None)),
        (code(), log_in(Some("123"))),
        (logged_in(), Action::Ask(Question::Emergencies { now: Emergency::Auto })),
        (emergencies(), ask_name("host", None)),
        (named("a"), register("a", false)),
        (registered(), done("a", Some(Emergency::Manual))),
    ] {
        inputs.push(input);
        assert_eq!(after(no_answers(), &inputs), Some(action), "{inputs:?}");
    }
}

#[test]
fn questions_with_known_answers_are_skipped() {
    assert_eq!(after(all_answers(), &[]), Some(log_in(None)));
    assert_eq!(after(all_answers(), &[logged_in()]), Some(register("a", false)));
    assert_eq!(after(all_answers(), &[logged_in(), registered()]), Some(done("a", None)));
    let with_code = KnownAnswers { code: Some(" 123 456 ".into()), ..all_answers() };
    assert_eq!(after(with_code, &[]), Some(log_in(Some("123456"))));
    let consenting = KnownAnswers { take_over: true, ..all_answers() };
    assert_eq!(after(consenting, &[logged_in()]), Some(register("a", true)));
    // An empty text is no answer.
    let blank = KnownAnswers { email: Some(" ".into()), ..all_answers() };
    assert_eq!(after(blank, &[]), Some(Action::Ask(Question::Email { typed: None })));
    let blank = KnownAnswers { password: Some(Secret::new("")), ..all_answers() };
    assert_eq!(after(blank, &[]), Some(ask_password(None)));
}

#[test]
fn after_a_failed_login_the_right_question_is_asked() {
    let not_accepted = Some(CodeIssue::NotAccepted);
    let refused_code = Some(CodeIssue::Refused("no".into()));
    for (inputs, action) in [
        (vec![refused()], ask_password(Some("no"))),
        (vec![refused(), password()], log_in(None)),
        (vec![refused(), back()], Action::Ask(Question::Email { typed: Some("me".into()) })),
        (vec![Input::CodeRequired, code(), Input::CodeRequired], ask_code(not_accepted)),
        (vec![Input::CodeRequired, code(), refused()], ask_code(refused_code)),
        (vec![Input::CodeRequired, code(), refused(), code()], log_in(Some("123"))),
        // A new password is tried without the old code.
        (vec![Input::CodeRequired, code(), refused(), back()], ask_password(None)),
        (vec![Input::CodeRequired, code(), refused(), back(), password()], log_in(None)),
        (vec![unreachable()], ask_again(Step::LogIn)),
        (vec![unreachable(), again()], log_in(None)),
        (vec![unreachable(), back()], Action::Ask(Question::Email { typed: Some("me".into()) })),
        (vec![Input::CodeRequired, code(), unreachable(), again()], log_in(Some("123"))),
    ] {
        assert_eq!(after(all_answers(), &inputs), Some(action), "{inputs:?}");
    }
    // The service did not ask for this code, so the password is as likely to be wrong.
    let with_code = KnownAnswers { code: Some("9".into()), ..all_answers() };
    assert_eq!(after(with_code.clone(), &[refused()]), Some(ask_password(Some("no"))));
    assert_eq!(after(with_code.clone(), &[refused(), password()]), Some(log_in(None)));
    assert_eq!(after(with_code, &[Input::CodeRequired]), Some(ask_code(Some(CodeIssue::NotAccepted))));
}

#[test]
fn after_a_failed_registration_the_right_question_is_asked() {
    let refused_name = Some(NameIssue::Refused("bad".into()));
    let full = Some(NameIssue::TooManyDevices("ten".into()));
    for (inputs, action) in [
        (vec![Input::NameTaken], ask_take_over("a", Holder::Another)),
        (vec![Input::NameTaken, take_over()], register("a", true)),
        (vec![Input::NameTaken, back()], ask_name("a", Some(NameIssue::Taken))),
        (vec![Input::NameTaken, back(), named("b")], register("b", false)),
        (vec![Input::NameTaken, take_over(), Input::NameTaken], ask_name("a", Some(NameIssue::Taken))),
        (vec![Input::NameRefused("bad".into())], ask_name("a", refused_name)),
        (vec![Input::TooManyDevices("ten".into())], ask_name("a", full)),
        (vec![unreachable()], ask_again(Step::Register)),
        (vec![unreachable(), again()], register("a", false)),
        (vec![unreachable(), back()], ask_name("a", None)),
        // The request may have succeeded although no response came.
        (vec![unreachable(), again(), Input::NameTaken], ask_take_over("a", Holder::PerhapsThis)),
        (vec![Input::NameTaken, take_over(), unreachable(), again()], register("a", true)),
        // The session is over: the password is asked for again, and everything else is kept.
        (vec![refused()], ask_password(Some("no"))),
        (vec![refused(), password(), logged_in()], register("a", false)),
    ] {
        let inputs: Vec<Input> = [logged_in()].into_iter().chain(inputs).collect();
        assert_eq!(after(all_answers(), &inputs), Some(action), "{inputs:?}");
    }
    let again_here = KnownAnswers { before: Some(name("a")), ..all_answers() };
    let taken = after(again_here, &[logged_in(), Input::NameTaken]);
    assert_eq!(taken, Some(ask_take_over("a", Holder::ThisBefore)));
}

#[test]
fn consent_is_for_one_name() {
    let consenting = KnownAnswers { take_over: true, ..all_answers() };
    let inputs = [logged_in(), Input::NameRefused("bad".into()), named("b")];
    assert_eq!(after(consenting, &inputs), Some(register("b", false)));
    let inputs = [logged_in(), Input::NameTaken, take_over(), unreachable(), back(), named("a")];
    assert_eq!(after(all_answers(), &inputs), Some(register("a", false)));
}

#[test]
fn an_answer_to_another_question_repeats_the_question() {
    let ask_email = Action::Ask(Question::Email { typed: None });
    for answer in [password(), code(), back(), again(), Input::Answered(Answer::Email("  ".into()))] {
        assert_eq!(after(no_answers(), &[answer]), Some(ask_email.clone()));
    }
    let empty = Input::Answered(Answer::Password(Secret::new("")));
    assert_eq!(after(no_answers(), &[email(), empty]), Some(ask_password(None)));
    let blank = Input::Answered(Answer::Code(" ".into()));
    assert_eq!(after(all_answers(), &[Input::CodeRequired, blank]), Some(ask_code(None)));
}

#[test]
fn the_password_is_kept_only_until_it_was_accepted() {
    let mut machine = Register::new(all_answers());
    machine.handle_input(Input::Began);
    machine.handle_input(unreachable());
    assert!(machine.password.is_some());
    machine.handle_input(again());
    machine.handle_input(logged_in());
    assert_eq!((&machine.password, machine.secret.is_some()), (&None, true));
    machine.handle_input(Input::Cancelled);
    assert_eq!(machine.secret, None);
}

fn alphabet() -> Vec<Input> {
    let no = || "no".to_owned();
    let mut inputs = vec![
        email(),
        password(),
        code(),
        emergencies(),
        named("a"),
        named("b"),
        take_over(),
        again(),
        back(),
    ];
    inputs.extend([
        Input::Began,
        logged_in(),
        Input::CodeRequired,
        refused(),
        registered(),
        Input::NameTaken,
    ]);
    inputs.extend([Input::NameRefused(no()), Input::TooManyDevices(no()), unreachable(), Input::Cancelled]);
    inputs
}

/// What the inputs and actions alone imply.
#[derive(Clone, Debug, Default)]
struct Model {
    /// The machine's last action.
    last: Option<Action>,
    /// Whether there is an address, and a password that was not refused since it was given.
    email: bool,
    password: bool,
    /// Whether the service requires a code, and whether one was given that was not refused since.
    code_required: bool,
    code: bool,
    session: bool,
    name: Option<DeviceName>,
    /// The name whose take-over the user agreed to.
    consent: Option<DeviceName>,
    over: bool,
}

impl Model {
    fn note_input(&mut self, input: &Input) {
        let asked = match &self.last {
            Some(Action::Ask(question)) => Some(question.clone()),
            _ => None,
        };
        let logging_in = matches!(self.last, Some(Action::LogIn { .. }));
        let registering = matches!(self.last, Some(Action::Register { .. }));
        match (input, asked) {
            (Input::Answered(Answer::Email(_)), Some(Question::Email { .. })) => self.email = true,
            (Input::Answered(Answer::Password(_)), Some(Question::Password { .. })) => self.password = true,
            (Input::Answered(Answer::Code(_)), Some(Question::Code { .. })) => self.code = true,
            (Input::Answered(Answer::Back), Some(Question::Code { .. } | Question::Again { .. }))
                if !self.session =>
            {
                (self.password, self.code_required, self.code) = (false, false, false);
            }
            (Input::Answered(Answer::Name(name)), Some(Question::Name { .. })) => {
                (self.name, self.consent) = (Some(name.clone()), None);
            }
            (Input::Answered(Answer::TakeOver), Some(Question::TakeOver { name, .. })) => {
                self.consent = Some(name);
            }
            (Input::LoggedIn(_), _) if logging_in => {
                (self.session, self.password, self.code_required, self.code) = (true, false, false, false);
            }
            (Input::CodeRequired, _) if logging_in => (self.code_required, self.code) = (true, false),
            (Input::LoginRefused(_), _) if logging_in && self.code_required => self.code = false,
            (Input::LoginRefused(_), _) if logging_in => self.password = false,
            (Input::LoginRefused(_), _) if registering => self.session = false,
            (Input::Cancelled, _) => self.over = true,
            _ => {}
        }
    }

    fn check(&self, input: &Input, action: Option<&Action>) {
        let was_asked = matches!(self.last, Some(Action::Ask(_)));
        assert!(!self.over || action.is_none(), "an action after the end");
        match action {
            None => {
                let fits = matches!(input, Input::Answered(_)) && was_asked;
                assert!(!fits || self.over, "an answer without an action");
            }
            Some(Action::Ask(question)) => self.check_question(question),
            Some(Action::LogIn { code, .. }) => {
                assert!(self.email && self.password, "a login without an address or a new password");
                assert_eq!(
                    code.is_some(),
                    self.code_required && self.code,
                    "a code that is missing or stale"
                );
                assert!(!self.session, "a second login");
            }
            Some(Action::Register { name, take_over, .. }) => {
                assert!(self.session, "a registration without a session");
                assert_eq!(Some(name), self.name.as_ref(), "a name that the user did not choose");
                assert_eq!(
                    *take_over,
                    self.consent.as_ref() == Some(name),
                    "consent was ignored or not given"
                );
            }
            Some(Action::Done(signed_in)) => {
                assert!(matches!(input, Input::Registered { .. }) && self.session);
                assert_eq!(Some(&signed_in.login.device_name), self.name.as_ref());
                assert_eq!(
                    signed_in.emergency,
                    Some(Emergency::Manual),
                    "the choice was not requested or is lost"
                );
            }
        }
    }

    fn check_question(&self, question: &Question) {
        match question {
            Question::Email { .. } | Question::Again { step: Step::LogIn, .. } => assert!(!self.session),
            Question::Password { .. } => assert!(self.email && !self.session),
            Question::Code { .. } => assert!(self.code_required && !self.code && self.password),
            Question::Emergencies { .. } | Question::Name { .. } => assert!(self.session),
            Question::TakeOver { name, .. } => {
                assert!(
                    self.consent.as_ref() != Some(name) && self.session && self.name.as_ref() == Some(name)
                );
            }
            Question::Again { step: Step::Register, .. } => assert!(self.session && self.name.is_some()),
        }
    }
}

/// The input from a user who wants to sign in and a service that accepts everything.
fn helpful(last: Option<&Action>) -> Input {
    match last {
        None => Input::Began,
        Some(Action::Ask(Question::Email { .. })) => email(),
        Some(Action::Ask(Question::Password { .. })) => password(),
        Some(Action::Ask(Question::Code { .. })) => code(),
        Some(Action::Ask(Question::Emergencies { .. })) => emergencies(),
        Some(Action::Ask(Question::Name { .. })) => named("a"),
        Some(Action::Ask(Question::TakeOver { .. })) => take_over(),
        Some(Action::Ask(Question::Again { .. })) => again(),
        Some(Action::LogIn { .. }) => logged_in(),
        Some(Action::Register { .. } | Action::Done(_)) => registered(),
    }
}

fn check_that_the_end_can_be_reached(mut machine: Register, mut last: Option<Action>) {
    for _ in 0..10 {
        if matches!(last, Some(Action::Done(_))) {
            return;
        }
        last = machine.handle_input(helpful(last.as_ref()));
    }
    panic!("a dead end: {machine:?}");
}

#[test]
fn every_history_keeps_the_invariant() {
    let alphabet = alphabet();
    let mut seen = BTreeSet::new();
    let mut steps = 0;
    let mut ahead = vec![(Register::new(no_answers()), Model::default())];
    while let Some((machine, model)) = ahead.pop() {
        if !seen.insert(format!("{machine:?} {model:?}")) {
            continue;
        }
        if !model.over {
            check_that_the_end_can_be_reached(machine.clone(), model.last.clone());
        }
        for input in &alphabet {
            let (mut machine, mut model) = (machine.clone(), model.clone());
            model.note_input(input);
            let action = machine.handle_input(input.clone());
            model.check(input, action.as_ref());
            model.over |= matches!(action, Some(Action::Done(_)));
            model.last = action.or(model.last);
            steps += 1;
            ahead.push((machine, model));
        }
    }
    assert!(seen.len() > 100, "only {} states were visited in {steps} steps", seen.len());
}
