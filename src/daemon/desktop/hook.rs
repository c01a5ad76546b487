//! The task that runs the user's program for each new message, and those of the rules.
//!
//! Invariant: it runs at most once for each recorded message, one at a time, in the order of recording; and the message
//! path never waits for it.
//!
//! At most once, because running it twice may do harm. So messages whose run had not begun when the daemon ended are
//! left out; the program can list them with `handover messages --since ID`.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::mpsc::{self, error::TrySendError};

use crate::app::message_report::program::{self, Output};
use crate::daemon::shared::Shared;
use crate::daemon::shared::channels::LONGEST_HOOK_QUEUE;
use crate::daemon::shared::circumstances::with_circumstances;
use crate::domain::message::{Entry, MessageId, Priority};
use crate::domain::status::{Cause, Issue};
use crate::engine::policy::rules::ruled;
use crate::ports::{Notifier, SecretStore};

const HINT: &str = "run the program by hand to see why, or change `command` under [hook] in the settings";

/// Queues a run of the program for each of these messages, which were just recorded; not for the backlog of a new
/// device. Returns the number of messages left out because the queue is full.
pub(in crate::daemon) fn offer<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    is_initial_sync_done: bool,
    recorded: &[(MessageId, Priority)],
) -> u64 {
    let settings = shared.settings();
    // What a rule says about a message is known only once it was decrypted.
    let any_rule = settings.rules.iter().any(|rule| !rule.then.hook.is_empty());
    if (settings.hook.command.is_empty() && !any_rule) || !is_initial_sync_done {
        return 0;
    }
    let mut skipped = 0_u64;
    let chosen = recorded.iter().filter(|(_, priority)| any_rule || *priority >= settings.hook.min_priority);
    for (id, _) in chosen {
        if let Err(TrySendError::Full(_)) = shared.to.hook.try_send(*id) {
            skipped += 1;
        }
    }
    count_failures(shared, skipped);
    skipped
}

/// Reports how many messages of a download were left out because the queue was full.
pub(in crate::daemon) fn report_skipped<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, skipped: u64) {
    let cause =
        format!("it was not run for {skipped} messages, because {LONGEST_HOOK_QUEUE} were already waiting");
    shared.issue(Issue::Hook, Some(Cause::new(cause, HINT)));
}

/// Runs the program until the daemon stops, which stops the program as well.
pub(in crate::daemon) async fn run<N: Notifier, S: SecretStore>(
    shared: Arc<Shared<N, S>>,
    mut commands: mpsc::Receiver<MessageId>,
) {
    let mut settings = shared.settings.subscribe();
    let mut command = shared.settings().hook.command.clone();
    let mut runs = Runs::default();
    loop {
        tokio::select! {
            biased;
            () = shared.stop().cancelled() => return,
            Ok(()) = settings.changed() => {
                let changed = settings.borrow_and_update().hook.command.clone();
                if changed != command {
                    command = changed;
                    runs = Runs::default();
                    shared.issue(Issue::Hook, None);
                }
            }
            Some(id) = commands.recv() => {
                let run = run_for(&shared, &command, id);
                let Some(ended) = shared.stop().run_until_cancelled(run).await else { return };
                record_run(&shared, &mut runs, ended);
            }
        }
    }
}

/// The error says why the run failed.
async fn run_for<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    command: &[String],
    id: MessageId,
) -> Result<(), String> {
    let entry = match shared.log(move |log| log.find(id)).await {
        Ok(Some(entry)) => entry,
        // The message was deleted meanwhile.
        Ok(None) => return Ok(()),
        Err(error) => return Err(format!("the message cannot be read: {error}")),
    };
    // The program gets the decrypted text.
    let entry = shared.reader_for(std::slice::from_ref(&entry)).await.open(entry);
    let mut outcome = Ok(());
    for program in programs(shared, command, &entry) {
        // One that fails does not keep the others from being run.
        outcome = outcome.and(program::run(&program, &entry, Output::Discarded).await);
    }
    outcome
}

/// The programs to run for a message: the hook, and those of the rules.
fn programs<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    command: &[String],
    entry: &Entry,
) -> Vec<Vec<String>> {
    let is_chosen = entry.message.priority >= shared.settings().hook.min_priority && !command.is_empty();
    let hook = is_chosen.then(|| command.to_vec());
    let of_rules = with_circumstances(shared, false, None, |circumstances| {
        ruled(entry, circumstances).hooks.into_iter().map(<[String]>::to_vec).collect::<Vec<_>>()
    });
    hook.into_iter().chain(of_rules).collect()
}

fn record_run<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    runs: &mut Runs,
    ended: Result<(), String>,
) {
    runs.note(ended.is_ok());
    if ended.is_err() {
        count_failures(shared, 1);
    }
    shared.issue(Issue::Hook, ended.err().map(|why| Cause::new(runs.with_count(&why), HINT)));
}

fn count_failures<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, more: u64) {
    shared.status.send_if_modified(|status| {
        status.hook_failures += more;
        more > 0
    });
}

/// Whether each of the latest runs succeeded.
#[derive(Default)]
struct Runs(VecDeque<bool>);

impl Runs {
    /// How many runs are kept.
    const COUNTED: usize = 10;

    fn note(&mut self, succeeded: bool) {
        self.0.push_back(succeeded);
        if self.0.len() > Self::COUNTED {
            self.0.pop_front();
        }
    }

    /// The latest failure, with the number of failures.
    fn with_count(&self, why: &str) -> String {
        let failed = self.0.iter().filter(|succeeded| !**succeeded).count();
        match self.0.len() {
            ..=1 => format!("{why} (it was run once)"),
            runs => format!("{why} ({failed} of the last {runs} runs failed)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_ten_runs_are_counted() {
        let mut runs = Runs::default();
        runs.note(false);
        assert_eq!(runs.with_count("it exited with code 3"), "it exited with code 3 (it was run once)");
        runs.note(true);
        runs.note(false);
        assert_eq!(
            runs.with_count("it exited with code 3"),
            "it exited with code 3 (2 of the last 3 runs failed)"
        );
        for _ in 0..20 {
            runs.note(false);
        }
        assert_eq!(
            runs.with_count("it exited with code 3"),
            "it exited with code 3 (10 of the last 10 runs failed)"
        );
    }
}
