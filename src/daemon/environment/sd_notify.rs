//! The task that reports the daemon's status to the service manager.
//!
//! Invariant: it reports that the daemon is ready once commands are answered, the message log is open and every task runs.
//! Without a service manager it does nothing.

use std::sync::Arc;

use crate::daemon::restart::is_restart_requested;
use crate::daemon::shared::Shared;
use crate::desktop::service_manager::{ServiceManager, State};
use crate::ports::{Notifier, SecretStore};

/// Reports every change of the status until the daemon stops.
pub(in crate::daemon) async fn report<N: Notifier, S: SecretStore>(shared: Arc<Shared<N, S>>) {
    let Some(manager) = ServiceManager::from_environment() else { return };
    let mut status = shared.status.subscribe();
    let mut reported = status.borrow_and_update().to_string();
    manager.send(State::Ready(&reported));
    while let Some(Ok(())) = shared.stop().run_until_cancelled(status.changed()).await {
        let sentence = status.borrow_and_update().to_string();
        if sentence != reported {
            manager.send(State::Status(&sentence));
            reported = sentence;
        }
    }
    // A unit that is stopping is not started again.
    if !is_restart_requested() {
        manager.send(State::Stopping);
    }
}

/// Reports that this start succeeded although it exits because a daemon is already running: systemd counts a unit that ends
/// before it was ready as failed, and would start it again.
pub fn report_already_running(state: &str) {
    if let Some(manager) = ServiceManager::from_environment() {
        manager.send(State::Ready(&format!("Exiting: already running: {state}")));
    }
}
