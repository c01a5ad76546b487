//! `handover run`: the daemon.
//!
//! Invariant: one daemon a user; SIGTERM and SIGINT end it within a second, whatever the tray does. The process is
//! there exactly as long as the daemon.

use std::io::{self, IsTerminal};
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;
use std::{process, thread};

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::level_filters::LevelFilter;

use super::{environment, output};
use crate::app::instance::Instance;
use crate::app::problem::Kind;
use crate::app::surroundings::Surroundings;
use crate::app::{self, Parts, Problem, TrayLine};
use crate::control::{self, Request, Server};

#[derive(Args)]
pub(super) struct Arguments {
    /// Do not put an icon in the tray
    #[arg(long)]
    no_tray: bool,
    /// Started with the session: that one runs already is as well
    #[arg(long, hide = true)]
    at_login: bool,
}

/// How long the tray has to go when the daemon is gone.
const PATIENCE: Duration = Duration::from_millis(500);

pub(super) fn run(arguments: &Arguments) -> Result<(), Problem> {
    receive(arguments, async |surroundings| {
        let state = state_of_the_other(surroundings).await;
        if arguments.at_login {
            app::makes_way(&state);
            output::line(format!("already running: {}", output::harmless(&state)));
            return Ok(());
        }
        Err(Problem::new("already running", state)
            .hint("`handover status` says more; `handover quit` stops it"))
    })
}

/// What an entry in a menu means: receive, or show that it is received already.
pub(super) fn run_or_show(arguments: &Arguments) -> Result<(), Problem> {
    receive(arguments, async |surroundings| {
        match environment::ask_daemon(surroundings, &Request::Show).await {
            Ok(said) => output::line(output::harmless(&said)),
            // It holds the lock and does not listen.
            Err(problem) if problem.kind == Kind::NotRunning => {
                let state = state_of_the_other(surroundings).await;
                return Err(Problem::new("already running", state));
            }
            Err(problem) => return Err(problem),
        }
        Ok(())
    })
}

/// Receives until told to stop; `or_else` is for when another process does so already.
fn receive(
    arguments: &Arguments,
    or_else: impl AsyncFnOnce(&Surroundings) -> Result<(), Problem>,
) -> Result<(), Problem> {
    app::stay_small();
    output::start_log(LevelFilter::INFO)?;
    let (surroundings, settings) = Surroundings::with_any_settings()?;
    surroundings.make_runtime_folder()?;
    let lock = &surroundings.paths.lock;
    let instance = Instance::take(lock)
        .map_err(|error| Problem::new(&format!("{} cannot be used", lock.display()), error))?;
    if instance.is_none() {
        // A mistake in the settings is the other's to say, who goes on with those before it.
        return environment::block_on(or_else(&surroundings));
    }
    settings?;
    let outcome = if arguments.no_tray {
        environment::block_on(daemon(&surroundings, None))
    } else {
        beside_a_tray(&surroundings)
    };
    // Held until every task is gone, so that a next daemon finds the socket as its own.
    drop(instance);
    outcome
}

/// Runs the daemon on a thread of its own: the main thread belongs to the tray.
fn beside_a_tray(surroundings: &Surroundings) -> Result<(), Problem> {
    let (line, end) = app::tray::line();
    let (tray, tray_is_gone) = mpsc::channel::<()>();
    let work = move || {
        // Whatever becomes of the daemon, its end of the line is gone afterwards, and so the tray.
        let outcome =
            panic::catch_unwind(AssertUnwindSafe(|| environment::block_on(daemon(surroundings, Some(line)))));
        let outcome = outcome.unwrap_or_else(|_panic| {
            Err(Problem::new("messages are received no more", "a fault in this program; see the log"))
        });
        if tray_is_gone.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            tracing::warn!("the tray does not end; the program ends without it");
            process::exit(super::told(outcome).into());
        }
        outcome
    };
    thread::scope(|scope| {
        let worker = thread::Builder::new()
            .name("daemon".to_owned())
            .spawn_scoped(scope, work)
            .map_err(|error| Problem::new("the program cannot start", error))?;
        if panic::catch_unwind(AssertUnwindSafe(|| end.run())).is_err() {
            tracing::error!("the tray broke off; messages are received without it");
        }
        drop(tray);
        worker.join().unwrap_or_else(|panic| panic::resume_unwind(panic))
    })
}

async fn daemon(surroundings: &Surroundings, tray: Option<TrayLine>) -> Result<(), Problem> {
    let stop = CancellationToken::new();
    stop_on_signals(&stop)?;
    // A session bus that hangs takes some seconds here, and whoever wants this to end does not wait for it.
    let Some(fit) = stop.run_until_cancelled(look_for_login(surroundings)).await else { return Ok(()) };
    fit?;
    let socket = &surroundings.paths.socket;
    let control = Server::bind(socket)
        .map_err(|error| Problem::new(&format!("{} cannot be used", socket.display()), error))?;
    let Some(store) = surroundings.open_store_patiently(&control, &stop).await? else { return Ok(()) };
    app::run(Parts {
        settings: surroundings.settings.clone(),
        store,
        rest: surroundings.rest()?,
        notifier: surroundings.notifier(),
        secrets: surroundings.secrets(),
        media: Some(surroundings.media()),
        control: Some(control),
        settings_file: Some(surroundings.paths.settings.clone()),
        tray,
        power: Some(surroundings.power()),
        opener: app::desktop_opener(),
        steps: None,
        stop,
    })
    .await
}

/// Says that nobody is signed in, or what is wrong with the login, where there is no use in waiting.
async fn look_for_login(surroundings: &Surroundings) -> Result<(), Problem> {
    // At a terminal somebody reads this at once. Started from a menu or at login, the daemon says it in a notice
    // and waits. A keyring that cannot be read yet is waited for in both cases.
    match surroundings.login().await {
        Ok(None) if io::stdin().is_terminal() => Err(Problem::not_signed_in()),
        // A file that is wrong stays wrong until somebody sees to it.
        Err(problem) if surroundings.login_is_in_a_file().await => Err(problem),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Cancels the token on the signals that ask a process to end.
pub(super) fn stop_on_signals(stop: &CancellationToken) -> Result<(), Problem> {
    stop_on(stop, SignalKind::terminate())?;
    stop_on(stop, SignalKind::interrupt())
}

/// Cancels the token on this signal, also where it was to be ignored.
pub(super) fn stop_on(stop: &CancellationToken, kind: SignalKind) -> Result<(), Problem> {
    let mut signals = signal(kind).map_err(|error| Problem::new("the program cannot start", error))?;
    let stop = stop.clone();
    tokio::spawn(async move {
        signals.recv().await;
        stop.cancel();
    });
    Ok(())
}

async fn state_of_the_other(surroundings: &Surroundings) -> String {
    match control::ask(&surroundings.paths.socket, &Request::Status).await {
        Ok(control::Reply::Status(status)) => status.sentence,
        Ok(_) | Err(_) => "it is starting or stopping".to_owned(),
    }
}
