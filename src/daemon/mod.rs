//! Starts and stops the daemon's tasks and connects them.
//!
//! Invariant: every task may be dropped at any await, and the process may end at any instant; the next start finishes
//! the rest, since everything that matters is in the message log. So cancelling one token stops the daemon, and after a
//! panic in any task `restart` runs the program again. No task is restarted alone.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use crate::domain::status::{Cause, Issue};
use crate::ports::{Notifier, SecretStore};

mod acknowledgements;
mod commands;
mod connection;
mod desktop;
mod driver;
mod environment;
mod events;
mod initial_sync;
mod pause;
mod receive;
mod restart;
mod sending;
mod shared;
mod startup;
mod sync;
mod upkeep;

pub use crate::desktop::memory::limit_arenas;
pub use desktop::tray::{TrayLine, line as tray_line};
pub use environment::sd_notify::report_already_running;
pub use initial_sync::{Fetched, fetch_waiting};
pub use restart::{Task, is_restart_requested, request_restart, restart_on_panic, run_again};
pub use shared::parts::{Opener, Parts, Step, desktop_opener};
pub use startup::Startup;

use environment::{e2ee, power, presence, sd_notify, settings, sign_in};
use restart::Tasks;
use shared::Shared;

/// How long the stop waits for the notification server.
const LAST_CALL: Duration = Duration::from_millis(300);

/// Starts every task and waits until they end, which they do when `parts.stop` is cancelled. Panics if one of them does.
pub async fn run<N: Notifier, S: SecretStore>(parts: Parts<N, S>) {
    let (shared, receivers) = Shared::new(parts, None);
    let shared = Arc::new(shared);
    shared.status.send_modify(|status| status.tray = shared.parts.tray.is_some());
    if let Some(repair) = shared.parts.store.repair() {
        let cause = Cause::new(repair, "delete that file when you no longer need it");
        shared.issue(Issue::Repaired, Some(cause));
    }

    let mut tasks = Tasks::default();
    tasks.spawn(Task::SignIn, sign_in::keep(Arc::clone(&shared), receivers.login));
    tasks.spawn(Task::Connection, connection::connect(Arc::clone(&shared), receivers.link));
    tasks.spawn(Task::Sync, sync::run(Arc::clone(&shared), receivers.sync));
    tasks.spawn(
        Task::Acknowledgements,
        acknowledgements::acknowledge(Arc::clone(&shared), receivers.acknowledge),
    );
    tasks.spawn(Task::Notifications, desktop::notifications::handle_events(Arc::clone(&shared)));
    tasks.spawn(Task::Commands, commands::serve(Arc::clone(&shared)));
    tasks.spawn(Task::Settings, settings::follow_changes(Arc::clone(&shared)));
    tasks.spawn(Task::Hook, desktop::hook::run(Arc::clone(&shared), receivers.hook));
    tasks.spawn(Task::EncryptionKey, e2ee::keep(Arc::clone(&shared)));
    tasks.spawn(Task::Media, desktop::media::run(Arc::clone(&shared), receivers.media));
    tasks.spawn(Task::Power, power::listen(Arc::clone(&shared)));
    tasks.spawn(Task::Presence, presence::acknowledge_when_here(Arc::clone(&shared), receivers.presence));
    tasks.spawn(Task::IssueNotifications, desktop::issue_notifications::report(Arc::clone(&shared)));
    tasks.spawn(Task::Tray, desktop::tray::serve(Arc::clone(&shared)));
    tasks.spawn(Task::Upkeep, upkeep::run(Arc::clone(&shared)));
    tasks.spawn(Task::Outbox, sending::outbox::send(Arc::clone(&shared)));
    tasks.spawn(Task::Http, sending::http::serve(Arc::clone(&shared)));
    // Started last, since it reports that the others run.
    tasks.spawn(Task::ServiceManager, sd_notify::report(Arc::clone(&shared)));

    shared.stop().run_until_cancelled(shared.refresh_counts()).await;
    tasks.join().await;
    // A notification server that does not respond must not delay the stop.
    drop(timeout(LAST_CALL, shared.status_notification.close(shared.notifier())).await);
    if shared.parts.closes_notifications {
        let on_screen = shared.announcer().on_screen();
        for notification in on_screen {
            shared.notifier().close(notification).await;
        }
    }
}
