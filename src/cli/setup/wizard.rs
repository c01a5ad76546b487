//! Setup on a terminal: explains, asks, and ends with a real check.
//!
//! Invariant: until everything was answered and the service took it, nothing is saved; stopping is possible at
//! every moment until then, and says so.

use tokio::signal::unix::SignalKind;
use tokio_util::sync::CancellationToken;

use super::terminal::{Terminal, forget_typed_ahead, say};
use super::unattended::what_failed;
use super::{questions, report};
use crate::app::Problem;
use crate::app::autostart::{self, Autostart};
use crate::app::context::Context;
use crate::app::sign_in::{
    Answer, CodeIssue, FrontEnd, Holder, KnownAnswers, NameIssue, Question, SignedIn, Step,
    daemon_carries_on, keep, settle, show_ready, sign_in,
};
use crate::cli::{output, signals};
use crate::daemon::{Fetched, fetch_waiting};
use crate::domain::presence::UserPresence;
use crate::domain::settings::{Emergency, SecretBackend};

const INTRODUCTION: &str = "\
Handover receives Pushover messages on this computer and loses none. It is an
unofficial client: Pushover, LLC neither makes nor supports it.

You need a Pushover account (https://pushover.net/signup). A new computer is
free for 30 days; then the account needs a \"Pushover for Desktop\" licence.

Ctrl-C stops at any time; nothing is saved before the end.
";

const ABOUT_EMERGENCIES: &str = "
An emergency message sounds an alarm on every device of the account, again and
again, until somebody acknowledges it. Handover can do that by itself. Mind:
that stops the alarm everywhere, on your phone too, and tells the sender that
somebody saw the message. With auto it does so only while you are here: the
screen is unlocked and was used within five minutes; else once you are back.
";

const PRESENCE_UNKNOWN: &str = "
This desktop does not tell whether you are here. So auto acknowledges as soon
as the message is shown, like always.
";

pub(super) async fn run(
    context: &mut Context,
    known: KnownAnswers,
    place: Option<SecretBackend>,
    emergency: Option<Emergency>,
) -> Result<(), Problem> {
    let stop = CancellationToken::new();
    signals::cancel_on_termination(&stop)?;
    // A terminal that is gone has no more answers; reading on from it would keep a processor busy for ever.
    signals::cancel_on(&stop, SignalKind::hangup())?;
    let terminal = Terminal::take(stop.clone())?;
    say(INTRODUCTION);
    let presence_is_known = context.presence_evidence().await.presence() != UserPresence::Unknown;
    let mut wizard = Wizard { terminal, presence_is_known };
    let rest = context.rest()?;
    let before = context.settings.emergency;
    let known = KnownAnswers { emergency: emergency.is_none().then_some(before), ..known };
    let signed_in = match stop.run_until_cancelled(sign_in(&rest, known, &mut wizard)).await {
        Some(outcome) => outcome?,
        None => return Err(wizard.terminal.broken_off().await),
    };
    wizard.save(context, &signed_in).await?;
    drop(wizard);

    say("");
    report::signed_in(&signed_in);
    let chosen = emergency.or(signed_in.emergency);
    let settled = settle(context, chosen, place);
    let has_new_choice = settled.is_ok() && chosen.is_some_and(|chosen| chosen != before);
    let checked = stop.run_until_cancelled(check(context, &signed_in, has_new_choice)).await;
    let Some(fetched) = checked.transpose()? else {
        output::line("stopped; `handover run` will do the rest");
        return settled;
    };
    match offer_autostart(&stop).await {
        Ok(()) => report::next_step(&fetched),
        Err(_stopped) => output::line("stopped; the login is saved"),
    }
    settled
}

/// Makes sure that all that is to come will work: fetches what waits, and shows a notification.
async fn check(context: &Context, signed_in: &SignedIn, has_new_choice: bool) -> Result<Fetched, Problem> {
    let fetched = fetch_waiting(context, signed_in.login.clone()).await?;
    report::fetched(&fetched);
    if fetched == Fetched::ByDaemon {
        output::line(format!("it says: {}", daemon_carries_on(context).await?));
        if has_new_choice {
            output::line("it follows the new choice about emergencies from now on");
        }
    }
    match show_ready(context, &signed_in.login.device_name).await {
        Ok(()) => output::line("a notification on the desktop says that Handover is ready"),
        Err(why) => {
            output::line(format!("no notification can be shown: {why}"));
            output::line("messages are recorded all the same, and shown once that is mended");
        }
    }
    Ok(fetched)
}

/// Asks whether to start at login, unless it does; an error when the user wants to stop.
async fn offer_autostart(stop: &CancellationToken) -> Result<(), Problem> {
    // Whoever switched it off in the desktop's settings is not led to switch it on again.
    let default = match autostart::status() {
        Ok(Autostart::Off | Autostart::Missing(_)) => true,
        Ok(Autostart::Disabled) => false,
        // The latter is a start at login, of another copy; `handover doctor` tells.
        Ok(Autostart::On | Autostart::ByUnit(_) | Autostart::Other(_)) => return Ok(()),
        Err(problem) => {
            output::line(problem);
            return Ok(());
        }
    };
    let mut terminal = Terminal::take(stop.clone())?;
    forget_typed_ahead();
    let pending = terminal.prompt(move || questions::autostart(default)).await?;
    drop(terminal);
    if pending {
        match autostart::switch_on() {
            Ok(()) => output::line("Handover starts at login from now on"),
            Err(problem) => output::line(problem),
        }
    }
    Ok(())
}

/// Asks on the terminal.
struct Wizard {
    terminal: Terminal,
    /// Whether this desktop tells whether somebody is at the computer.
    presence_is_known: bool,
}

impl FrontEnd for Wizard {
    async fn ask(&mut self, question: Question) -> Result<Answer, Problem> {
        explain(&question);
        if matches!(question, Question::Emergencies { .. }) && !self.presence_is_known {
            say(PRESENCE_UNKNOWN);
        }
        match question {
            Question::Email { typed } => {
                self.terminal.prompt(move || questions::email(typed.as_deref())).await
            }
            Question::Password { email, .. } => {
                self.terminal.prompt(move || questions::password(&email)).await
            }
            Question::Code { .. } => self.terminal.prompt(questions::code).await,
            Question::Emergencies { now } => self.terminal.prompt(move || questions::emergencies(now)).await,
            Question::Name { proposed, issue } => {
                self.terminal.prompt(move || questions::name(&proposed, issue.is_some())).await
            }
            Question::TakeOver { name, holder } => {
                forget_typed_ahead();
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
    /// Saves the login, as often as the user wants to try: the device is registered and would be lost else.
    async fn save(&mut self, context: &Context, signed_in: &SignedIn) -> Result<(), Problem> {
        while let Err(problem) = self.terminal.unless_stopped(keep(context, signed_in)).await {
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

/// Says what a question is about, and why it is asked again.
fn explain(question: &Question) {
    let failed = |step, why: &str| say(format_args!("\n{}: {why}", capitalised(what_failed(step))));
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
            say("Remove a device on https://pushover.net, or type the name of one to take it over.");
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
            "The name {name} is taken, perhaps by this very computer: the last request may\n\
             have arrived although no answer came back."
        ),
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
