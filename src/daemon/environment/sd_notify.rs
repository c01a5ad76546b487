//! The task that tells the service manager how the daemon stands.
//!
//! Invariant: it hears that the daemon is ready when commands are taken, the log is open and every task runs; and
//! without a service manager there is no such task.

use std::sync::Arc;

use crate::daemon::Shared;
use crate::desktop::service_manager::{ServiceManager, State};
use crate::ports::{Notifier, SecretStore};

/// Tells it until the daemon stops.
pub(in crate::daemon) async fn report<N: Notifier, S: SecretStore>(shared: Arc<Shared<N, S>>) {
    let Some(manager) = ServiceManager::from_environment() else { return };
    let mut status = shared.status.subscribe();
    let mut told = status.borrow_and_update().to_string();
    manager.tell(State::Ready(&told));
    while let Some(Ok(())) = shared.stop().run_until_cancelled(status.changed()).await {
        let sentence = status.borrow_and_update().to_string();
        if sentence != told {
            manager.tell(State::Standing(&sentence));
            told = sentence;
        }
    }
    manager.tell(State::Stopping);
}

/// Tells it that all is well with a start that makes way for a daemon which runs already: a service that ends before
/// it was ready counts as failed, and would be started again.
pub fn makes_way(state: &str) {
    if let Some(manager) = ServiceManager::from_environment() {
        manager.tell(State::Ready(&format!("Made way for another: {state}")));
    }
}
