//! The task that reads the settings again when their file changes, and applies them.
//!
//! Invariant: a file that is invalid or was emptied changes nothing, and the status says what is wrong with it. Every
//! task reads a setting when it needs it, and keeps no copy.

use std::path::Path;
use std::sync::Arc;

use crate::app::Problem;
use crate::config::{self, Watcher};
use crate::daemon::shared::Shared;
use crate::daemon::shared::channels::{LoginCommand, SyncCommand};
use crate::domain::settings::Settings;
use crate::domain::status::{Cause, Issue};
use crate::ports::{Notifier, SecretStore};

/// Follows the file until the daemon stops.
pub(in crate::daemon) async fn follow_changes<N: Notifier, S: SecretStore>(shared: Arc<Shared<N, S>>) {
    let Some(file) = &shared.parts.settings_file else { return shared.stop().cancelled().await };
    let mut watcher = Watcher::new(file);
    while let Some(read) = shared.stop().run_until_cancelled(watcher.settings()).await {
        follow(&shared, file, read).await;
    }
}

/// Reads the file now, as if it had just changed. The error says what is wrong with it.
pub(in crate::daemon) async fn reload_now<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
) -> Result<(), Problem> {
    let Some(file) = &shared.parts.settings_file else { return Ok(()) };
    follow(shared, file, config::read_again(file)).await;
    let issues = shared.status.borrow().issues.clone();
    let cause = issues.into_iter().find(|(issue, _)| *issue == Issue::Settings).map(|(_, cause)| cause);
    cause.map_or(Ok(()), |cause| Err(Problem::because(Issue::Settings.what(), cause)))
}

/// Applies settings, and notifies the tasks that have to act on the change.
async fn follow<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    file: &Path,
    read: Result<Option<Settings>, config::Error>,
) {
    let before = shared.settings();
    let location = apply(shared, file, read);
    let settings = shared.settings();
    if settings.pause.break_through != before.pause.break_through || settings.rules != before.rules {
        // The pause or a rule may be holding back messages that are to be shown with the new settings.
        shared.to.sync(SyncCommand::Announcement).await;
    }
    if location == Location::Changed {
        shared.to.login(LoginCommand::Moved).await;
    }
}

/// Reads the file now, for a caller that knows of a change. A new location of the login has no effect here, because the
/// caller reads the login again anyway.
pub(in crate::daemon) fn reload<N: Notifier, S: SecretStore>(shared: &Shared<N, S>) {
    if let Some(file) = &shared.parts.settings_file {
        apply(shared, file, config::read_again(file));
    }
}

/// Whether the setting for where the login is stored has changed.
#[derive(PartialEq, Eq)]
enum Location {
    Same,
    Changed,
}

fn apply<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    file: &Path,
    read: Result<Option<Settings>, config::Error>,
) -> Location {
    let before = shared.settings();
    let empty = match read {
        Ok(None) => Some(config::empty(file)),
        Ok(Some(_)) | Err(_) => None,
    };
    let unchanged = empty.as_ref().filter(|_| *before == config::of_empty_file());
    let cause =
        |mistake| Cause::new("emergencies are not acknowledged automatically", config::Error::hint(mistake));
    shared.issue(Issue::EmptySettings, unchanged.map(cause));
    if unchanged.is_some() {
        shared.issue(Issue::Settings, None);
        return Location::Same;
    }
    let read = match (read, empty) {
        (Ok(None), Some(mistake)) if *before != Settings::default() => Err(mistake),
        (read, _) => read.map(Option::unwrap_or_default),
    };
    let settings = match read {
        Ok(settings) => settings,
        Err(mistake) => {
            shared.issue(Issue::Settings, Some(Cause::from(&mistake)));
            return Location::Same;
        }
    };
    shared.issue(Issue::Settings, None);
    if *before == settings {
        return Location::Same;
    }
    tracing::info!("the settings were changed");
    let secret_store = settings.secret_store;
    shared.settings.send_replace(Arc::new(settings));
    if before.secret_store == secret_store {
        return Location::Same;
    }
    shared.parts.secrets.use_backend(secret_store);
    Location::Changed
}
