//! Starts the daemon in the background: for `handover start`, for a newcomer who has just signed in, and for the window; and the
//! window, for a newcomer who started the daemon from a menu.
//!
//! Invariant: where a systemd unit starts Handover at login, systemd starts it here too; otherwise it is a process of its own
//! that outlives this one, and starts as it does at login: it shows problems that only the user can fix on the
//! desktop, and waits until they are fixed.

use std::path::PathBuf;
use std::process::Command as Program;
use std::time::Duration;

use crate::app::Problem;
use crate::app::autostart::{self, Autostart};
use crate::app::context::Context;
use crate::control::{self, Command, Reply, StatusReport};
use crate::desktop::programs::window;
use crate::domain::status::LinkState;
use crate::system::{clock, own_path, programs};

/// How often a daemon that is starting is asked whether it is there: 10 s in total.
const BETWEEN_QUESTIONS: Duration = Duration::from_millis(100);
const QUESTIONS: usize = 100;

/// How often it is then asked whether it has connected: 5 s in total.
const QUESTIONS_WHILE_CONNECTING: usize = 50;

const NOT_STARTED: &str = "Handover was not started";

/// Starts the daemon unless it runs, and waits until it answers. It does not inherit these environment variables.
pub async fn start_daemon(context: &Context, not_inherited: &[&str]) -> Result<(), Problem> {
    start(context, true, not_inherited).await
}

/// The result of starting the daemon.
#[derive(Clone, Debug)]
pub enum Started {
    /// It was started, and has connected or says why it has not.
    Now(Box<StatusReport>),
    /// It was running.
    Before(Box<StatusReport>),
}

/// The same for a person who waits for the result. Unlike at login, it is not started if `settings`, the result of reading
/// them, is an error, or if nobody is signed in.
pub async fn start_for_person(
    context: &Context,
    settings: Result<(), Problem>,
    with_tray: bool,
) -> Result<Started, Problem> {
    if let Some(status) = status(context).await? {
        return Ok(Started::Before(status));
    }
    settings?;
    if let Ok(None) = context.place_of_login().await {
        return Err(Problem::not_signed_in());
    }
    context.make_runtime_folder()?;
    start(context, with_tray, &[]).await?;
    let mut latest = None;
    for _ in 0..QUESTIONS_WHILE_CONNECTING {
        latest = status(context).await?;
        if latest.as_ref().is_none_or(|status| status.link != LinkState::Connecting.word()) {
            break;
        }
        clock::pause(BETWEEN_QUESTIONS).await;
    }
    match latest {
        Some(status) => Ok(Started::Now(status)),
        None => Err(ended()),
    }
}

async fn start(context: &Context, with_tray: bool, not_inherited: &[&str]) -> Result<(), Problem> {
    if answers(context).await {
        return Ok(());
    }
    // The unit has an icon in the tray.
    let is_unit = with_tray && matches!(autostart::status(), Ok(Autostart::ByUnit(_)));
    let mut program = if is_unit { unit() } else { daemon(with_tray)? };
    for name in not_inherited {
        program.env_remove(name);
    }
    let started = programs::start_detached(&mut program, None)
        .map_err(|error| Problem::of_system(NOT_STARTED, &error))?;
    for _ in 0..QUESTIONS {
        if answers(context).await {
            return Ok(());
        }
        match started.exit_within(Duration::ZERO) {
            Some(status) if is_unit && !status.success() => {
                return Err(Problem::new(NOT_STARTED, "systemd could not start handover.service")
                    .hint("`systemctl --user status handover.service` says why"));
            }
            Some(_) if !is_unit && !answers(context).await => return Err(ended()),
            Some(_) | None => clock::pause(BETWEEN_QUESTIONS).await,
        }
    }
    Err(Problem::new(NOT_STARTED, "it does not answer").hint("run `handover run` in a terminal to see why"))
}

fn ended() -> Problem {
    Problem::new(NOT_STARTED, "it has ended").hint("run `handover run` in a terminal to see why")
}

fn unit() -> Program {
    let mut systemctl = Program::new("systemctl");
    systemctl.args(["--user", "start", "handover.service"]);
    systemctl
}

fn daemon(with_tray: bool) -> Result<Program, Problem> {
    let program = own_path::find().map_err(|error| Problem::of_system(NOT_STARTED, &error))?;
    let mut daemon = Program::new(program);
    daemon.args(["run", "--at-login"]).args((!with_tray).then_some("--no-tray"));
    // Its folder could not be unmounted or removed otherwise.
    if let Some(home) = std::env::home_dir().filter(|home: &PathBuf| home.is_dir()) {
        daemon.current_dir(home);
    }
    Ok(daemon)
}

/// Opens the window in which to sign in, if nobody is signed in and it is installed; whether it was opened.
pub async fn open_window_to_sign_in(context: &Context) -> bool {
    matches!(context.place_of_login().await, Ok(None))
        && window::is_installed()
        && window::open(Some("setup"), None).is_ok()
}

async fn answers(context: &Context) -> bool {
    !matches!(control::ask(&context.paths.socket, &Command::Status).await, Err(control::Error::NotRunning))
}

/// The status of the daemon, if one is running.
async fn status(context: &Context) -> Result<Option<Box<StatusReport>>, Problem> {
    match control::ask(&context.paths.socket, &Command::Status).await {
        Ok(Reply::Status(status)) => Ok(Some(status)),
        Ok(Reply::Done { .. } | Reply::Subscribed { .. } | Reply::Failed { .. }) => {
            Err(Problem::unexpected_reply())
        }
        Err(control::Error::NotRunning) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
