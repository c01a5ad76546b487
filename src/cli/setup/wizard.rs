//! Setup on a terminal: explains, asks, and ends with a real check.
//!
//! Invariant: nothing is saved until every question was answered and the service accepted the answers; the user can stop
//! at any time before that, and is told so.

use tokio_util::sync::CancellationToken;

use super::questions::Proposal;
use super::terminal::{Terminal, discard_typed_ahead, say};
use super::unattended::what_failed;
use super::{Choices, questions, report};
use crate::app::Problem;
use crate::app::autostart::{self, Autostart};
use crate::app::context::Context;
use crate::app::sign_in::{
    Answer, CodeIssue, FrontEnd, Holder, KnownAnswers, NameIssue, Question, SignedIn, Step, save_choices,
    save_login, show_ready, sign_in, wait_for_daemon,
};
use crate::cli::daemon::start::start;
use crate::cli::{output, signals};
use crate::daemon::{Fetched, fetch_waiting};
use crate::domain::presence::UserPresence;
use crate::domain::text::capitalized;

const INTRODUCTION: &str = "\
Handover is an unofficial client that receives Pushover messages on this
computer. It is not made or supported by Pushover, LLC.

You need a Pushover account (https://pushover.net/signup). A new computer is
free for 30 days; after that the account needs a \"Pushover for Desktop\"
licence.

Press Ctrl-C to stop at any time; nothing is saved until the end.
";

const ABOUT_EMERGENCIES: &str = "
An emergency sounds an alarm on every device of the account, again and again,
until somebody acknowledges it. Handover can do that automatically, but this
stops the alarm everywhere, including your phone, and tells the sender that
somebody saw the message. With \"auto\", Handover does so only while you are
here: the screen is unlocked and was used within the last five minutes.
Otherwise it waits until you are back.
";

const PRESENCE_UNKNOWN: &str = "\
This desktop does not say whether you are here, so \"auto\" acknowledges as soon
as the message is shown, like \"always\".
";

pub(super) async fn run(context: &mut Context, known: KnownAnswers, choices: Choices) -> Result<(), Problem> {
    let Choices { place, emergency, .. } = choices;
    let stop = CancellationToken::new();
    signals::cancel_on_termination(&stop)?;
    // Reading from a closed terminal would keep a processor busy indefinitely.
    signals::cancel_on_hangup(&stop)?;
    let terminal = Terminal::take(stop.clone())?;
    say(INTRODUCTION);
    let presence_is_known = context.presence_evidence().await.presence() != UserPresence::Unknown;
    let mut wizard = Wizard { terminal, presence_is_known, email_before: context.email_before() };
    let rest = context.rest()?;
    let before = context.settings.emergency;
    let known = KnownAnswers { emergency: emergency.is_none().then_some(before), ..known };
    let signed_in = match stop.run_until_cancelled(sign_in(&rest, known, &mut wizard)).await {
        Some(outcome) => outcome?,
        None => return Err(wizard.terminal.interrupted().await),
    };
    wizard.save(context, &signed_in).await?;
    drop(wizard);

    say("");
    report::signed_in(&signed_in);
    let chosen = emergency.or(signed_in.emergency);
    let saved = save_choices(context, chosen, place);
    let has_new_choice = saved.is_ok() && chosen.is_some_and(|chosen| chosen != before);
    let checked = stop.run_until_cancelled(Box::pin(check(context, &signed_in, has_new_choice))).await;
    let Some(fetched) = checked.transpose()? else {
        output::line("stopped; `handover start` will do the rest");
        return saved;
    };
    match set_or_offer_autostart(&stop, choices.autostart).await {
        Ok(()) if matches!(fetched, Fetched::ByDaemon) => {}
        // Whoever answers questions with flags starts the daemon in their own way.
        Ok(()) if choices.autostart.is_some() => report::next_step(&fetched),
        Ok(()) => offer_start(context, &stop, &fetched).await,
        Err(_stopped) => output::line("stopped; the login is saved"),
    }
    saved
}

/// Checks that receiving works: fetches waiting messages and shows a notification.
async fn check(context: &Context, signed_in: &SignedIn, has_new_choice: bool) -> Result<Fetched, Problem> {
    let fetched = fetch_waiting(context, signed_in.login.clone()).await?;
    report::fetched(&fetched);
    if fetched == Fetched::ByDaemon {
        output::line(format!("the daemon reports: {}", wait_for_daemon(context).await?));
        if has_new_choice {
            output::line("it now uses your new choice for emergencies");
        }
    }
    match show_ready(context, &signed_in.login.device_name).await {
        Ok(()) => output::line("a desktop notification says that Handover is ready"),
        Err(why) => {
            output::line(format!("no notification can be shown: {why}"));
            output::line("messages are saved anyway, and shown once that is fixed");
        }
    }
    Ok(fetched)
}

/// Turns starting at login on or off as chosen. Otherwise asks, unless it is on; an error when the user wants to stop.
async fn set_or_offer_autostart(stop: &CancellationToken, chosen: Option<bool>) -> Result<(), Problem> {
    if let Some(on) = chosen {
        report::set_autostart(on).unwrap_or_else(output::line);
        return Ok(());
    }
    // If it was disabled in the desktop's settings, the default answer must not enable it.
    let default = match autostart::status() {
        Ok(Autostart::Off | Autostart::Missing(_)) => true,
        Ok(Autostart::Disabled) => false,
        // `Other` starts another copy; `handover doctor` reports it.
        Ok(Autostart::On | Autostart::ByUnit(_) | Autostart::Other(_)) => return Ok(()),
        Err(problem) => {
            output::line(problem);
            return Ok(());
        }
    };
    let mut terminal = Terminal::take(stop.clone())?;
    discard_typed_ahead();
    let wanted = terminal.prompt(move || questions::autostart(default)).await?;
    drop(terminal);
    if wanted {
        report::set_autostart(true).unwrap_or_else(output::line);
    }
    Ok(())
}

/// Offers to start the daemon in the background; if it is not started, says how to.
async fn offer_start(context: &Context, stop: &CancellationToken, fetched: &Fetched) {
    let Ok(mut terminal) = Terminal::take(stop.clone()) else { return report::next_step(fetched) };
    discard_typed_ahead();
    let answer = terminal.prompt(questions::start_now).await;
    drop(terminal);
    if !matches!(answer, Ok(true)) {
        return report::next_step(fetched);
    }
    match start(context, Ok(()), true).await {
        Ok(said) => output::line(said),
        Err(problem) => {
            output::line(problem);
            report::next_step(fetched);
        }
    }
}

/// Asks on the terminal.
struct Wizard {
    terminal: Terminal,
    /// Whether this desktop says whether somebody is at the computer.
    presence_is_known: bool,
    /// The email address of the last sign-in.
    email_before: Option<String>,
}

impl FrontEnd for Wizard {
    async fn ask(&mut self, question: Question) -> Result<Answer, Problem> {
        explain(&question);
        if matches!(question, Question::Emergencies { .. }) && !self.presence_is_known {
            say(PRESENCE_UNKNOWN);
        }
        match question {
            Question::Email { typed } => {
                let before = self.email_before.clone();
                self.terminal.prompt(move || questions::email(typed.as_deref(), before.as_deref())).await
            }
            Question::Password { email, .. } => {
                self.terminal.prompt(move || questions::password(&email)).await
            }
            Question::Code { .. } => self.terminal.prompt(questions::code).await,
            Question::Emergencies { now } => self.terminal.prompt(move || questions::emergencies(now)).await,
            Question::Name { proposed, issue } => {
                let proposal = match issue {
                    None => Proposal::Default(proposed),
                    Some(NameIssue::Taken) => Proposal::Default(proposed.alternative()),
                    Some(NameIssue::Refused(_) | NameIssue::TooManyDevices(_)) => Proposal::Typed(proposed),
                };
                self.terminal.prompt(move || questions::name(&proposal)).await
            }
            Question::TakeOver { name, holder } => {
                discard_typed_ahead();
                let is_ours = holder != Holder::Another;
                self.terminal.prompt(move || questions::take_over(&name, is_ours)).await
            }
            Question::Again { .. } => self.terminal.prompt(questions::again).await,
        }
    }

    fn waits_for(&mut self, step: Step) {
        say(match step {
            Step::LogIn => "  Signing in...",
            Step::Register => "  Registering this computer...",
        });
    }
}

impl Wizard {
    /// Saves the login, retrying as often as the user wants: otherwise the registered device would be lost.
    async fn save(&mut self, context: &Context, signed_in: &SignedIn) -> Result<(), Problem> {
        while let Err(problem) = self.terminal.unless_stopped(save_login(context, signed_in)).await {
            say(format_args!("\n{problem}"));
            if let Some(hint) = &problem.hint {
                say(hint);
            }
            if self.terminal.prompt(questions::save_again).await.is_err() {
                return Err(problem);
            }
        }
        Ok(())
    }
}

/// Explains a question, and why it is asked again.
fn explain(question: &Question) {
    let failed = |step, why: &str| say(format_args!("\n{}: {why}", capitalized(what_failed(step))));
    match question {
        Question::Password { refused: Some(why), .. }
        | Question::Code { issue: Some(CodeIssue::Refused(why)) } => {
            failed(Step::LogIn, why);
        }
        Question::Code { issue: Some(CodeIssue::NotAccepted) } => {
            failed(Step::LogIn, "the code was not accepted; codes change every 30 seconds");
        }
        Question::Emergencies { .. } => say(ABOUT_EMERGENCIES),
        Question::Name { proposed, issue: Some(NameIssue::Taken) } => {
            say(format_args!("\nThe name {proposed} is taken."));
        }
        Question::Name { issue: Some(NameIssue::Refused(why)), .. } => failed(Step::Register, why),
        Question::Name { issue: Some(NameIssue::TooManyDevices(why)), .. } => {
            failed(Step::Register, why);
            say("Remove a device at https://pushover.net, or type the name of one to take it over.");
        }
        Question::Name { issue: None, .. } => say(""),
        Question::TakeOver { name, holder } => say(format_args!("\n{}", taken(name.as_str(), *holder))),
        Question::Again { step, why } => failed(*step, why),
        Question::Email { .. }
        | Question::Password { refused: None, .. }
        | Question::Code { issue: None } => {}
    }
}

fn taken(name: &str, holder: Holder) -> String {
    match holder {
        Holder::Another => format!("Another device of the account is called {name}."),
        Holder::ThisBefore => format!("This computer was registered as {name} before."),
        Holder::PerhapsThis => format!(
            "The name {name} is taken, possibly by this computer: the last request may have\n\
             arrived although no reply came back."
        ),
    }
}
