//! Removes everything that this program has written for this user.
//!
//! Invariant: a file that cannot be removed is reported, and the rest is still removed.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::timeout;

use super::menu_entry;
use crate::app::context::Context;
use crate::app::instance::Instance;
use crate::app::{Problem, autostart, e2ee};
use crate::domain::account::DeviceName;
use crate::ports::{Notifier, Reattached};
use crate::store::Store;

/// For closing all notifications.
const CLOSING: Duration = Duration::from_secs(5);

/// The result of uninstalling.
#[derive(Debug, Default)]
pub struct Uninstalled {
    /// The device that stays registered with the service, if its name is known.
    pub device: Option<DeviceName>,
    /// What could not be removed, and why.
    pub left: Vec<Problem>,
}

/// The files and folders to be removed, to show to the user first.
pub fn paths(context: &Context) -> Vec<PathBuf> {
    let paths = &context.paths;
    let data = paths.messages.parent().map(Path::to_owned);
    let all = [Some(paths.settings.clone()), data, Some(paths.cache.clone()), Some(paths.runtime.clone())];
    all.into_iter().flatten().filter(|path| fs::symlink_metadata(path).is_ok()).collect()
}

/// Removes everything. The daemon must have stopped.
pub async fn uninstall(context: &Context) -> Result<Uninstalled, Problem> {
    context.make_runtime_folder()?;
    let lock = &context.paths.lock;
    let instance = Instance::take(lock)
        .map_err(|error| Problem::of_system(&format!("{} cannot be used", lock.display()), &error))?;
    let Some(instance) = instance else {
        return Err(
            Problem::new("nothing was removed", "the daemon is running").hint("stop it with `handover quit`")
        );
    };
    let login = context.login().await.ok().flatten().map(|login| login.device_name);
    let device = login.or_else(|| context.device_name_before());
    close_notifications(context).await;
    let outcomes = [
        autostart::switch_off(),
        menu_entry::remove().map(drop),
        // These may need the keyring to be unlocked, so they come before the files.
        context.forget_login().await,
        e2ee::forget_key(context).await.map(drop),
        context.forget_sending_secrets().await,
        remove_settings(&context.paths.settings),
    ];
    let mut left: Vec<Problem> = outcomes.into_iter().filter_map(Result::err).collect();
    // Windows does not remove a folder with an open file in it.
    drop(instance);
    let folders = paths(context).into_iter().filter(|path| path.is_dir());
    left.extend(folders.filter_map(|folder| remove(&folder, fs::remove_dir_all).err()));
    Ok(Uninstalled { device, left })
}

/// Closes the notifications of messages that are still on the screen, because nothing would react to their buttons.
async fn close_notifications(context: &Context) {
    let Ok(Some(log)) = Store::open_read_only(&context.paths.messages) else { return };
    let Ok(Some((server, left))) = log.leftover_notifications() else { return };
    let ids: Vec<_> = left.iter().map(|notification| notification.id).collect();
    let notifier = context.notifier();
    if matches!(notifier.reattach(&server, &ids).await, Reattached::No) {
        return;
    }
    let close = async {
        for id in ids {
            notifier.close(id).await;
        }
    };
    // A server that does not respond has as much time for all as for one.
    drop(timeout(CLOSING, close).await);
}

/// Removes the settings file, and its folder unless the user keeps other files in it.
fn remove_settings(file: &Path) -> Result<(), Problem> {
    remove(file, fs::remove_file)?;
    if let Some(folder) = file.parent() {
        drop(fs::remove_dir(folder));
    }
    Ok(())
}

fn remove(path: &Path, how: impl Fn(PathBuf) -> io::Result<()>) -> Result<(), Problem> {
    match how(path.to_owned()) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(Problem::of_system(&format!("{} cannot be removed", path.display()), &error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}
