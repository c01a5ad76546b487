//! `handover run`: the daemon.
//!
//! Invariant: one daemon a user; SIGTERM and SIGINT end it within a second.

use std::io::{self, IsTerminal};

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::level_filters::LevelFilter;

use super::{environment, output};
use crate::app::instance::Instance;
use crate::app::surroundings::Surroundings;
use crate::app::{self, Parts, Problem};
use crate::control::{self, Request, Server};

#[derive(Args)]
pub(super) struct Arguments {
    /// Do not put an icon in the tray (there is none in this version)
    #[arg(long, hide = true)]
    no_tray: bool,
}

pub(super) fn run(_arguments: &Arguments) -> Result<(), Problem> {
    output::start_log(LevelFilter::INFO)?;
    let surroundings = environment::surroundings_with_settings()?;
    surroundings.make_runtime_folder()?;
    let lock = &surroundings.paths.lock;
    let instance = Instance::take(lock)
        .map_err(|error| Problem::new(&format!("{} cannot be used", lock.display()), error))?;
    if instance.is_none() {
        return environment::block_on(async { Err(already_running(&surroundings).await) });
    }
    let outcome = environment::block_on(daemon(&surroundings));
    // Held until every task is gone, so that a next daemon finds the socket as its own.
    drop(instance);
    outcome
}

async fn daemon(surroundings: &Surroundings) -> Result<(), Problem> {
    let stop = CancellationToken::new();
    stop_on_signals(&stop)?;
    // At a terminal somebody reads this at once. Started from a menu or at login, the daemon says it in a notice
    // and waits. A keyring that cannot be read yet is waited for in both cases.
    match surroundings.login().await {
        Ok(None) if io::stdin().is_terminal() => return Err(Problem::not_signed_in()),
        // A file that is wrong stays wrong until somebody sees to it.
        Err(problem) if surroundings.login_is_in_a_file().await => return Err(problem),
        Ok(_) | Err(_) => {}
    }
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
        control: Some(control),
        settings_file: Some(surroundings.paths.settings.clone()),
        tray: None,
        power: Some(surroundings.power()),
        steps: None,
        stop,
    })
    .await
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

async fn already_running(surroundings: &Surroundings) -> Problem {
    let state = match control::ask(&surroundings.paths.socket, &Request::Status).await {
        Ok(control::Reply::Status(status)) => status.sentence,
        Ok(_) | Err(_) => "it is starting or stopping".to_owned(),
    };
    Problem::new("already running", state).hint("`handover status` says more; `handover quit` stops it")
}
