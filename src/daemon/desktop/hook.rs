//! The task that runs the user's program for each new message.
//!
//! Invariant: it runs at most once for each recorded message, one at a time, in the order of recording; and the message
//! path never waits for it.
//!
//! At most once, because running it twice may do harm. So messages whose run had not begun when the daemon ended are
//! left out; the program can list them with `handover messages --since ID`.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{self, error::TrySendError};

use crate::app::message_report::{self, MessageReport};
use crate::daemon::shared::Shared;
use crate::daemon::shared::channels::LONGEST_HOOK_QUEUE;
use crate::domain::message::{MessageId, Priority};
use crate::domain::status::{Cause, Issue};
use crate::domain::text::{Text, one_line};
use crate::ports::{Notifier, SecretStore};
use crate::system::child::{self, Invocation, RunError};

/// How long one run may take.
const TIMEOUT: Duration = Duration::from_secs(30);

const HINT: &str = "run the program by hand to see why, or change `command` under [hook] in the settings";

/// Queues a run of the program for each of these messages, which were just recorded; not for the backlog of a new
/// device. Returns the number of messages left out because the queue is full.
pub(in crate::daemon) fn offer<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    is_initial_sync_done: bool,
    recorded: &[(MessageId, Priority)],
) -> u64 {
    let settings = shared.settings();
    if settings.hook.command.is_empty() || !is_initial_sync_done {
        return 0;
    }
    let mut skipped = 0_u64;
    let chosen = recorded.iter().filter(|(_, priority)| *priority >= settings.hook.min_priority);
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
    let report = MessageReport::from(&entry);
    let json = message_report::json_line(&report).map_err(|error| error.to_string())? + "\n";
    let invocation =
        Invocation { command, variables: &variables(&report), input: json.as_bytes(), max_output: 0 };
    let result = child::run(invocation, TIMEOUT).await;
    result.map(drop).map_err(|error| describe(command, &error))
}

/// Describes a failure in a sentence that names the program.
fn describe(command: &[String], error: &RunError) -> String {
    match error {
        // This error names the program itself.
        RunError::NotStarted { .. } => error.to_string(),
        RunError::Failed(_) | RunError::Signalled(_) | RunError::TimedOut(_) | RunError::Unknown(_) => {
            format!("{}: {error}", command.first().map_or("", String::as_str))
        }
    }
}

/// The message as environment variables, for a shell script. Missing parts are empty, so that no value is inherited
/// instead. Characters that could affect a terminal or break a log line are removed; the JSON has them all.
fn variables(report: &MessageReport<'_>) -> [(&'static str, String); 11] {
    let or_empty = |value: Option<&str>| one_line(value.unwrap_or_default());
    [
        ("HANDOVER_ID", report.id.clone()),
        ("HANDOVER_APP", one_line(report.app)),
        ("HANDOVER_TITLE", or_empty(report.title)),
        ("HANDOVER_TEXT", Text::from_plain(&report.text).to_plain()),
        ("HANDOVER_PRIORITY", report.priority.to_string()),
        ("HANDOVER_DATE", report.date.to_string()),
        ("HANDOVER_URL", or_empty(report.url)),
        ("HANDOVER_URL_TITLE", or_empty(report.url_title)),
        ("HANDOVER_SOUND", or_empty(report.sound)),
        ("HANDOVER_RECEIPT", or_empty(report.receipt)),
        ("HANDOVER_ENCRYPTED", if report.encrypted { "1" } else { "" }.to_owned()),
    ]
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
