//! Signs in: asks the front end and the service until there is a login.
//!
//! Invariant: [`Register`] decides every step, so a terminal and a window ask the same questions in the same order.
//! [`sign_in`] saves nothing, so cancelling it leaves nothing behind.

use std::time::Duration;

use super::Problem;
use super::context::Context;
use super::send::is_key;
use crate::config;
use crate::control::{self, Command, Reply, StatusReport};
use crate::domain::account::{DeviceName, Secret};
use crate::domain::notification::Notification;
use crate::domain::settings::{Emergency, SecretBackend};
use crate::domain::status::LinkState;
use crate::engine::register::{Action, Input, Register};
use crate::ports::Notifier;
use crate::pushover::{Error, Remedy, Rest};
use crate::system::clock;

pub use crate::engine::register::{
    Answer, CodeIssue, Holder, KnownAnswers, NameIssue, Question, SignedIn, Step,
};

/// Asks the user: a terminal, a window, or flags that answer once.
pub trait FrontEnd {
    /// Asks, and waits for the answer; an error ends the sign-in.
    fn ask(&mut self, question: Question) -> impl Future<Output = Result<Answer, Problem>>;

    /// Called before a request to the service, which may take up to half a minute.
    fn waits_for(&mut self, step: Step);
}

/// Signs in, asking for unknown answers. Nothing is saved yet: see [`save_login`].
pub async fn sign_in(
    rest: &Rest,
    known: KnownAnswers,
    front: &mut impl FrontEnd,
) -> Result<SignedIn, Problem> {
    let mut machine = Register::new(known);
    let mut user_key = None;
    let mut input = Input::Began;
    loop {
        let Some(action) = machine.handle_input(input) else {
            return Err(Problem::new("signing in failed", "unexpected step; please report this"));
        };
        input = match action {
            Action::Ask(question) => match front.ask(question).await {
                Ok(answer) => Input::Answered(answer),
                Err(problem) => {
                    machine.handle_input(Input::Cancelled);
                    return Err(problem);
                }
            },
            Action::LogIn { email, password, code } => {
                front.waits_for(Step::LogIn);
                log_in(rest, &email, &password, code.as_deref(), &mut user_key).await
            }
            Action::Register { secret, name, take_over } => {
                front.waits_for(Step::Register);
                register(rest, &secret, &name, take_over).await
            }
            Action::Done(signed_in) => return Ok(SignedIn { user_key, ..signed_in }),
        };
    }
}

/// What is known before anything is asked: the name to offer, and that the user is to be asked about emergencies.
pub async fn known_answers(context: &Context) -> KnownAnswers {
    // A login that cannot be read must not prevent a new one.
    let login = context.login().await.ok().flatten().map(|login| login.device_name);
    let before = login.or_else(|| context.device_name_before());
    let settings = &context.settings;
    let wanted = settings.device_name.clone().or_else(|| before.clone());
    KnownAnswers {
        before,
        emergency: Some(settings.emergency),
        ..KnownAnswers::none(wanted.unwrap_or_else(|| context.host_name()))
    }
}

async fn log_in(
    rest: &Rest,
    email: &str,
    password: &Secret,
    code: Option<&str>,
    user_key: &mut Option<Secret>,
) -> Input {
    match rest.login(email, password, code).await {
        Ok(login) => {
            *user_key = is_key(&login.user_key).then(|| Secret::new(login.user_key));
            Input::LoggedIn(login.secret)
        }
        Err(Error::TwoFactorRequired) => Input::CodeRequired,
        Err(error) if error.is_final() => Input::LoginRefused(error.to_string()),
        Err(error) => Input::Unreachable(error.to_string()),
    }
}

async fn register(rest: &Rest, secret: &Secret, name: &DeviceName, take_over: bool) -> Input {
    match rest.register(secret, name, take_over).await {
        Ok(device) => Input::Registered { device, at: clock::unix() },
        Err(error) if error.is_name_taken() && take_over => Input::NameRefused(error.to_string()),
        Err(error) if error.is_name_taken() => Input::NameTaken,
        Err(error) if error.is_device_limit_reached() => Input::TooManyDevices(error.to_string()),
        Err(error) if error.is_final() => match error.remedy() {
            Remedy::SignIn => Input::LoginRefused(error.to_string()),
            Remedy::Retry | Remedy::RetryAfter(_) | Remedy::License | Remedy::Bug => {
                Input::NameRefused(error.to_string())
            }
        },
        Err(error) => Input::Unreachable(error.to_string()),
    }
}

/// Saves the login, replacing the previous one, and the email address for the next sign-in.
///
/// Call this before [`save_choices`]: if a login is not saved, a device stays registered that receives nothing.
pub async fn save_login(context: &Context, signed_in: &SignedIn) -> Result<(), Problem> {
    context.save_login(&signed_in.login).await?;
    context.remember_email(&signed_in.email);
    // Without a key from the service, that of another account must not stay.
    context.forget_user_key().await;
    if let Some(key) = &signed_in.user_key {
        context.remember_user_key(key).await;
    }
    Ok(())
}

/// Applies the user's choices, and writes them to the settings file.
pub fn save_choices(
    context: &mut Context,
    emergency: Option<Emergency>,
    place: Option<SecretBackend>,
) -> Result<(), Problem> {
    let path = &context.paths.settings;
    if let Some(emergency) = emergency {
        context.settings.emergency = emergency;
        config::set_emergency(path, emergency).map_err(|error| not_saved(&error))?;
    }
    if let Some(place) = place {
        context.settings.secret_store = place;
        config::set_secret_store(path, place).map_err(|error| not_saved(&error))?;
    }
    Ok(())
}

fn not_saved(error: &config::Error) -> Problem {
    Problem::new("the settings cannot be changed", error).hint(error.hint())
}

/// The interval and the number of status requests to a daemon that is connecting: 15 s in total.
const BETWEEN_QUESTIONS: Duration = Duration::from_millis(150);
const QUESTIONS: usize = 100;

/// Waits until the running daemon has connected and downloaded with a new login; returns its status in words.
pub async fn wait_for_daemon(context: &Context) -> Result<String, Problem> {
    let mut status = status_of_daemon(context).await?;
    for _ in 0..QUESTIONS {
        if status.link == LinkState::Connected.word() {
            break;
        }
        clock::pause(BETWEEN_QUESTIONS).await;
        status = status_of_daemon(context).await?;
    }
    if status.link != LinkState::Connected.word() {
        return Ok(status.sentence);
    }
    // It may still be the connection of the previous login; only a download proves that the new one works. Its own result is
    // not what a person wants to know: what waited may have come with the download before it.
    match control::ask(&context.paths.socket, &Command::Sync).await {
        Ok(_) => Ok(status_of_daemon(context).await?.sentence),
        Err(error) => Ok(error.to_string()),
    }
}

async fn status_of_daemon(context: &Context) -> Result<StatusReport, Problem> {
    match control::ask(&context.paths.socket, &Command::Status).await? {
        Reply::Status(status) => Ok(*status),
        Reply::Done { .. } | Reply::Subscribed { .. } | Reply::Failed { .. } => {
            Err(Problem::unexpected_reply())
        }
    }
}

/// Shows a notification that everything is ready; the error says why it could not be shown.
pub async fn show_ready(context: &Context, device: &DeviceName) -> Result<(), String> {
    let body = format!("Messages for {device} are shown here.");
    let notification = Notification::about_handover("Handover is ready", &body);
    context.notifier().show(&notification).await.map(drop).map_err(|error| error.to_string())
}
