//! Setup without a terminal: the flags answer, each once.
//!
//! Invariant: nothing is asked; the first question without a flag ends setup with an error that names the flag.

use std::{io, mem};

use super::{Choices, report};
use crate::app::Problem;
use crate::app::context::Context;
use crate::app::sign_in::{
    Answer, CodeIssue, FrontEnd, KnownAnswers, NameIssue, Question, SignedIn, Step, save_choices, save_login,
    sign_in,
};
use crate::daemon::fetch_waiting;
use crate::domain::account::Secret;

pub(super) async fn run(
    context: &mut Context,
    known: KnownAnswers,
    password_stdin: bool,
    choices: Choices,
) -> Result<(), Problem> {
    let mut flags = Flags { password_stdin, has_code: known.code.is_some() };
    let signed_in = sign_in(&context.rest()?, known, &mut flags).await?;
    save_login(context, &signed_in).await?;
    report::signed_in(&signed_in);
    save_choices(context, choices.emergency, choices.place)?;
    let fetched = fetch_waiting(context, signed_in.login).await?;
    report::fetched(&fetched);
    report::next_step(&fetched);
    match choices.autostart {
        Some(on) => report::set_autostart(on),
        None => Ok(()),
    }
}

/// Signs in with what is known; a question is an error.
pub(in crate::cli) async fn sign_in_unattended(
    context: &Context,
    known: KnownAnswers,
) -> Result<SignedIn, Problem> {
    sign_in(&context.rest()?, known, &mut Flags { password_stdin: false, has_code: false }).await
}

/// The answers that flags give.
struct Flags {
    /// Whether the password is on standard input, still to be read.
    password_stdin: bool,
    /// Whether there is a two-factor code.
    has_code: bool,
}

impl FrontEnd for Flags {
    async fn ask(&mut self, question: Question) -> Result<Answer, Problem> {
        if matches!(question, Question::Password { refused: None, .. }) && mem::take(&mut self.password_stdin)
        {
            return Ok(Answer::Password(first_line_of_stdin()?));
        }
        if let Question::Name { proposed, issue: None } = question {
            return Ok(Answer::Name(proposed));
        }
        Err(unanswered(question, self.has_code))
    }

    fn waits_for(&mut self, _step: Step) {}
}

fn first_line_of_stdin() -> Result<Secret, Problem> {
    // A text that grows would leave a copy behind in memory.
    let mut line = String::with_capacity(1024);
    io::stdin()
        .read_line(&mut line)
        .map_err(|error| Problem::of_system("the password cannot be read", &error))?;
    // Truncated in place, because a copy would stay in memory.
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    if line.is_empty() {
        return Err(Problem::new("the password cannot be read", "the first line of standard input is empty")
            .hint("give it there, for example `handover setup --password-stdin < FILE`"));
    }
    Ok(Secret::new(line))
}

/// The error for a question that nobody can answer.
fn unanswered(question: Question, has_code: bool) -> Problem {
    let (log_in, register) = (what_failed(Step::LogIn), what_failed(Step::Register));
    match question {
        Question::Email { .. } => missing("email address", "add --email"),
        Question::Password { refused: None, .. } => {
            missing("password", "add --password-stdin and give it as the first line of standard input")
        }
        Question::Code { issue: None } => missing("two-factor code", "add --two-factor"),
        Question::Password { refused: Some(why), .. } if !has_code => {
            Problem::new(log_in, why).hint("check the email address and the password")
        }
        Question::Password { refused: Some(why), .. }
        | Question::Code { issue: Some(CodeIssue::Refused(why)) } => {
            Problem::new(log_in, why).hint("check the email address, the password and the code")
        }
        Question::Code { issue: Some(CodeIssue::NotAccepted) } => {
            Problem::new(log_in, "the two-factor code was not accepted")
                .hint("codes change every 30 seconds: use a new one")
        }
        Question::TakeOver { name, .. } => Problem::new(register, format!("the name {name} is taken"))
            .hint("choose another --device-name, or, if this computer had it before, add --take-over: the device that has it stops receiving"),
        Question::Name { proposed, issue: None | Some(NameIssue::Taken) } => {
            Problem::new(register, format!("the name {proposed} is taken"))
                .hint("choose another --device-name")
        }
        Question::Name { issue: Some(NameIssue::Refused(why)), .. } => {
            Problem::new(register, why).hint("try another --device-name")
        }
        Question::Name { issue: Some(NameIssue::TooManyDevices(why)), .. } => Problem::new(register, why)
            .hint("remove a device at https://pushover.net, or take over the name of one with --take-over"),
        Question::Again { step, why } => {
            Problem::new(what_failed(step), why).hint("check the network, or try again later")
        }
        Question::Emergencies { .. } => {
            missing("choice about emergencies", "add --emergency")
        }
    }
}

fn missing(what: &str, hint: &str) -> Problem {
    Problem::new("setup stopped", format!("the {what} is missing and there is no terminal to ask on"))
        .hint(hint)
}

pub(super) fn what_failed(step: Step) -> &'static str {
    match step {
        Step::LogIn => "signing in failed",
        Step::Register => "registering this computer failed",
    }
}
