//! The daemon's tasks by name, and a way for tests to make one panic.
//!
//! Invariant: without debug assertions the code for those tests is not compiled.

use tokio::task::JoinSet;

/// Defines both the type and [`Task::ALL`] from one list, so that no test misses a task.
macro_rules! tasks {
    ($($task:ident = $name:literal,)*) => {
        /// A task of the daemon.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Task {
            $(#[doc = $name] $task,)*
        }

        impl Task {
            /// Every task.
            pub const ALL: &[Self] = &[$(Self::$task,)*];

            /// Its name in `HANDOVER_TEST_PANIC`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$task => $name,)*
                }
            }
        }
    };
}

tasks! {
    SignIn = "sign-in",
    Connection = "connection",
    Sync = "sync",
    Acknowledgements = "acknowledgements",
    Notifications = "notifications",
    Commands = "commands",
    Settings = "settings",
    Hook = "hook",
    EncryptionKey = "encryption-key",
    Media = "media",
    Power = "power",
    Presence = "presence",
    IssueNotifications = "issue notifications",
    Tray = "tray",
    Upkeep = "upkeep",
    Outbox = "outbox",
    Http = "http",
    ServiceManager = "service-manager",
}

/// The tasks that run.
#[derive(Default)]
pub(in crate::daemon) struct Tasks(JoinSet<()>);

impl Tasks {
    /// Starts a task.
    pub(in crate::daemon) fn spawn(&mut self, task: Task, work: impl Future<Output = ()> + Send + 'static) {
        self.0.spawn(on_demand::may_panic(task, work));
    }

    /// Waits until every task ends. Where panics unwind, as in tests, it propagates the panic of a task.
    pub(in crate::daemon) async fn join(self) {
        self.0.join_all().await;
    }
}

#[cfg(not(all(debug_assertions, unix)))]
mod on_demand {
    use super::Task;

    /// No test asks for it here.
    pub(super) fn may_panic<Work>(_task: Task, work: Work) -> Work {
        work
    }
}

#[cfg(all(debug_assertions, unix))]
mod on_demand {
    use tokio::signal::unix::{SignalKind, signal};

    use super::Task;

    /// With `<task>` that task panics when the process gets SIGUSR1; with `<task>:always` it panics at every start.
    const VARIABLE: &str = "HANDOVER_TEST_PANIC";

    #[expect(clippy::panic, reason = "tests ask for it")]
    pub(super) async fn may_panic(task: Task, work: impl Future<Output = ()>) {
        let demand = std::env::var(VARIABLE);
        match demand.as_deref().map(|demand| demand.strip_prefix(task.name())) {
            Ok(Some("")) => tokio::select! {
                biased;
                () = signalled() => {}
                () = work => return,
            },
            Ok(Some(":always")) => {}
            Ok(Some(_) | None) | Err(_) => return work.await,
        }
        panic!("the words of a message");
    }

    async fn signalled() {
        match signal(SignalKind::user_defined1()) {
            Ok(mut signals) => drop(signals.recv().await),
            Err(error) => tracing::error!("no signal can make a task panic: {error}"),
        }
    }
}
