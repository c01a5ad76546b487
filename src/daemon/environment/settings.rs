//! The task that reads the settings again when their file changes, and puts them to use.
//!
//! Invariant: a file with a mistake, or one that was emptied, changes nothing, and the status says what is wrong with
//! it; whoever asks for a setting asks for the one that counts at that moment.

use std::path::Path;
use std::sync::Arc;

use super::sign_in;
use crate::config::{self, Watcher};
use crate::daemon::{Shared, sync};
use crate::domain::settings::Settings;
use crate::domain::status::{Cause, Issue};
use crate::ports::{Notifier, SecretStore};

/// Follows the file until the daemon stops.
pub(in crate::daemon) async fn adjust<N: Notifier, S: SecretStore>(shared: Arc<Shared<N, S>>) {
    let Some(file) = &shared.parts.settings_file else { return shared.stop().cancelled().await };
    let mut watcher = Watcher::new(file);
    while let Some(read) = shared.stop().run_until_cancelled(watcher.settings()).await {
        let broke_through = shared.settings().pause.break_through;
        let place = take(&shared, file, read);
        if shared.settings().pause.break_through != broke_through {
            // A pause may hold back what is not to be held back any more.
            shared.want(sync::SyncCommand::Announcement).await;
        }
        if place == Place::Another {
            // The login task ends only when all do.
            drop(shared.to_login.send(sign_in::LoginCommand::Moved).await);
        }
    }
}

/// Reads the file now, for whoever knows that it was changed. Where the login is to be is followed, and whoever asks
/// for this reads the login again.
pub(in crate::daemon) fn catch_up<N: Notifier, S: SecretStore>(shared: &Shared<N, S>) {
    if let Some(file) = &shared.parts.settings_file {
        take(shared, file, config::read(file));
    }
}

/// The place where the login is to be kept.
#[derive(PartialEq, Eq)]
enum Place {
    Same,
    Another,
}

fn take<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    file: &Path,
    read: Result<Settings, config::Error>,
) -> Place {
    let before = shared.settings();
    let empty = config::emptied(file).filter(|_| *before == config::of_empty_file());
    let cause = |mistake| Cause::new("no emergency is acknowledged by itself", config::Error::hint(mistake));
    shared.issue(Issue::EmptySettings, empty.as_ref().map(cause));
    if empty.is_some() {
        shared.issue(Issue::Settings, None);
        return Place::Same;
    }
    let read = read.and_then(|settings| match config::emptied(file) {
        Some(mistake) if *before != settings => Err(mistake),
        Some(_) | None => Ok(settings),
    });
    let settings = match read {
        Ok(settings) => settings,
        Err(mistake) => {
            shared.issue(Issue::Settings, Some(Cause::from(&mistake)));
            return Place::Same;
        }
    };
    shared.issue(Issue::Settings, None);
    if *before == settings {
        return Place::Same;
    }
    tracing::info!("the settings were changed");
    let place = settings.secret_store;
    shared.settings.send_replace(Arc::new(settings));
    if before.secret_store == place {
        return Place::Same;
    }
    shared.parts.secrets.use_backend(place);
    Place::Another
}
