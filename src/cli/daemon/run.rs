//! `handover run`: the daemon.
//!
//! Invariant: one daemon per user; SIGTERM and SIGINT end it within a second, whatever the tray does. The process lives
//! exactly as long as the daemon, and a panic anywhere in it restarts both.

use std::io::{self, IsTerminal};
use std::panic;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;
use std::{process, thread};

use clap::Args;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::level_filters::LevelFilter;

use crate::app::Problem;
use crate::app::context::Context;
use crate::app::http_api;
use crate::app::installation::start::open_window_to_sign_in;
use crate::app::instance::Instance;
use crate::app::problem::Kind;
use crate::app::send::outbox;
use crate::cli::{environment, output, signals};
use crate::control::{self, Command, Server};
use crate::daemon::{self, Parts, Startup, TrayLine};
use crate::system::clock;

#[derive(Args)]
pub(in crate::cli) struct Arguments {
    /// Do not show an icon in the tray
    #[arg(long)]
    no_tray: bool,
    /// Started by the session: another running daemon is not an error
    #[arg(long, hide = true)]
    at_login: bool,
}

/// How long the tray may take to end after the daemon.
const TIMEOUT: Duration = Duration::from_millis(500);

/// How often a lock that another process holds is checked.
const CHECK_INTERVAL: Duration = Duration::from_millis(50);

/// How long another daemon may take to start or stop before it is considered hung.
const START_OR_STOP: Duration = Duration::from_secs(8);

pub(in crate::cli) fn run(arguments: &Arguments) -> Result<(), Problem> {
    // A script checks the exit code; nobody watches an autostart entry.
    let gives_up = !arguments.at_login || on_terminal();
    receive(arguments, gives_up, false, async |context| {
        let Some(state) = status_of_other(context).await else { return Ok(false) };
        if arguments.at_login {
            daemon::report_already_running(&state);
            output::line(format!("already running: {}", output::harmless(&state)));
            return Ok(true);
        }
        Err(Problem::new("already running", state)
            .hint("`handover status` shows details; `handover quit` stops it"))
    })
}

/// For an entry in a menu: receives, or shows the status of the daemon that is already running.
pub(in crate::cli) fn run_or_show(arguments: &Arguments) -> Result<(), Problem> {
    receive(arguments, on_terminal(), !on_terminal(), async |context| {
        // It may be about to exit.
        if status_of_other(context).await.is_none() {
            return Ok(false);
        }
        match environment::ask_daemon(context, &show()).await {
            Ok(said) => output::line(output::harmless(&said)),
            Err(problem) if problem.kind == Kind::NotRunning => return Ok(false),
            Err(problem) => return Err(problem),
        }
        Ok(true)
    })
}

/// The launcher's token is for the window that opens.
fn show() -> Command {
    Command::Show { activation_token: std::env::var("XDG_ACTIVATION_TOKEN").ok() }
}

/// Whether a person reads the output.
fn on_terminal() -> bool {
    io::stdin().is_terminal()
}

/// Receives until told to stop. If another process is already running, `or_else` handles that and says whether that
/// process will keep running. With `gives_up` the daemon exits at a problem that only a person can fix. With `opens_window` the
/// window opens if nobody is signed in.
fn receive(
    arguments: &Arguments,
    gives_up: bool,
    opens_window: bool,
    or_else: impl AsyncFn(&Context) -> Result<bool, Problem>,
) -> Result<(), Problem> {
    daemon::limit_arenas();
    output::start_log(LevelFilter::INFO)?;
    daemon::restart_on_panic();
    let (context, settings) = Context::with_any_settings()?;
    context.make_runtime_folder()?;
    // If another daemon is running it reports invalid settings itself, since it continues with the previous ones.
    let Some(instance) = environment::block_on(become_the_instance(&context, or_else))? else {
        return Ok(());
    };
    let start = Start { context, settings, gives_up, opens_window };
    let outcome =
        if arguments.no_tray { environment::block_on(daemon(start, None)) } else { beside_a_tray(start) };
    // The lock is held until every task has ended, so that the next daemon can take the socket.
    drop(instance);
    outcome.and_then(|()| run_again_if_upgraded())
}

/// After an upgrade, returns only if the new program cannot be executed.
fn run_again_if_upgraded() -> Result<(), Problem> {
    if daemon::is_restart_requested() {
        return Err(Problem::of_system("the new program cannot be started", &daemon::run_again()));
    }
    Ok(())
}

/// Takes the lock, waiting for a daemon that is about to exit. `None` when another daemon keeps running.
async fn become_the_instance(
    context: &Context,
    or_else: impl AsyncFn(&Context) -> Result<bool, Problem>,
) -> Result<Option<Instance>, Problem> {
    let lock = &context.paths.lock;
    let taking = async {
        loop {
            let instance = Instance::take(lock)
                .map_err(|error| Problem::of_system(&format!("{} cannot be used", lock.display()), &error))?;
            if instance.is_some() {
                return Ok(instance);
            }
            if or_else(context).await? {
                return Ok(None);
            }
            tracing::debug!("another instance is starting or stopping");
            clock::pause(CHECK_INTERVAL).await;
        }
    };
    let taken = timeout(START_OR_STOP, taking).await;
    // The other one holds the lock but does not respond.
    taken.unwrap_or_else(|_elapsed| Err(Problem::new("already running", "it is starting or stopping")))
}

/// What the daemon starts with.
struct Start {
    context: Context,
    /// The result of reading the settings.
    settings: Result<(), Problem>,
    gives_up: bool,
    opens_window: bool,
}

/// Runs the daemon on a thread of its own: the main thread belongs to the tray.
fn beside_a_tray(start: Start) -> Result<(), Problem> {
    let (line, end) = daemon::tray_line();
    let (tray, tray_is_gone) = mpsc::channel::<()>();
    let work = move || {
        // The tray ends when the daemon drops its end of the channel.
        let outcome = environment::block_on(daemon(start, Some(line)));
        if tray_is_gone.recv_timeout(TIMEOUT) == Err(RecvTimeoutError::Timeout) {
            tracing::warn!("the tray does not stop; exiting without it");
            let outcome = outcome.and_then(|()| run_again_if_upgraded());
            process::exit(output::exit_code(outcome).into());
        }
        outcome
    };
    thread::scope(|scope| {
        let worker = thread::Builder::new()
            .name("daemon".to_owned())
            .spawn_scoped(scope, work)
            .map_err(|error| Problem::of_system("the program cannot start", &error))?;
        end.run();
        drop(tray);
        worker.join().unwrap_or_else(|panic| panic::resume_unwind(panic))
    })
}

async fn daemon(start: Start, tray: Option<TrayLine>) -> Result<(), Problem> {
    let Start { mut context, settings, gives_up, opens_window } = start;
    let stop = CancellationToken::new();
    signals::cancel_on_termination(&stop)?;
    signals::cancel_on_upgrade(&stop, daemon::request_restart)?;
    let socket = &context.paths.socket;
    let control = Server::bind(socket)
        .map_err(|error| Problem::of_system(&format!("{} cannot be used", socket.display()), &error))?;
    let notifier = context.notifier();
    let opening = Startup {
        control: &control,
        tray: tray.as_ref(),
        notifier: &notifier,
        stop: &stop,
        gives_up,
        on_terminal: on_terminal(),
    };
    let Some(store) = opening.open(&mut context, settings).await? else { return Ok(()) };
    let newcomer = async {
        if opens_window {
            open_window_to_sign_in(&context).await;
        }
    };
    let stopped = stop.clone();
    let parts = Parts {
        settings: context.settings.clone(),
        store: Arc::new(store),
        rest: context.rest()?,
        notifier,
        secrets: context.secrets(),
        media: Some(context.media()),
        control: Some(control),
        settings_file: Some(context.paths.settings.clone()),
        tray,
        power: Some(context.power()),
        presence: context.presence(),
        outbox: Some(outbox::of(&context)),
        http: Some(http_api::Parts::of(&context)?),
        opener: daemon::desktop_opener(),
        steps: None,
        closes_notifications: false,
        stop,
    };
    // The keyring may be slow to answer; a stop does not wait for it.
    tokio::join!(daemon::run(parts), stopped.run_until_cancelled(newcomer));
    Ok(())
}

/// The status of the daemon that is already running; `None` when it does not respond because it is starting or stopping.
async fn status_of_other(context: &Context) -> Option<String> {
    match control::ask(&context.paths.socket, &Command::Status).await {
        Ok(control::Reply::Status(status)) => Some(status.sentence),
        Ok(_) | Err(_) => None,
    }
}
