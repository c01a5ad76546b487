//! Follows the settings file, however it is changed: written in place, replaced, taken away, linked to from elsewhere.
//!
//! Invariant: what is read was at rest: nothing on the way to the file stirred while it was read, or for a moment before.
//! While nothing stirs there, nothing wakes.
//!
//! # Platform-specific behavior
//!
//! Linux: inotify, without a thread (the `notify` crate costs one, 0.2 MB of memory and 110 kB of program there).
//! Elsewhere: the `notify` crate. Changes that another computer makes on a network file system are seen by neither.

mod way;

#[cfg(target_os = "linux")]
mod inotify;
#[cfg(any(test, not(target_os = "linux")))]
mod portable;

use std::future::pending;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::timeout;

use super::{Error, read};
use crate::domain::settings::Settings;

#[cfg(target_os = "linux")]
use inotify::Lookout;
#[cfg(not(target_os = "linux"))]
use portable::Lookout;

/// How long nothing may stir before the file is read, when the last that was seen left it whole. Formatters and the
/// like write a second time right after an editor did.
const AFTER_A_WHOLE_FILE: Duration = Duration::from_millis(100);

/// The same when it may be half written, or away for a moment: without a file, or with an empty one, all settings would be
/// at their defaults, and an emergency that the user wants to acknowledge by hand might be acknowledged in that moment.
const AFTER_ANYTHING_ELSE: Duration = Duration::from_secs(1);

/// How often the file is read while it cannot be watched.
const UNWATCHED: Duration = Duration::from_mins(5);

/// What was seen on the way to the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stir {
    /// The file was closed after writing, or came whole, by a rename.
    Whole,
    /// Anything else.
    Otherwise,
}

/// The settings file, and whoever watches it.
#[derive(Debug)]
pub struct Watch {
    path: PathBuf,
    lookout: Option<Lookout>,
    /// How long nothing may stir before the file is read; `None` when what it says was read.
    rest: Option<Duration>,
    /// Whether it was said that the file cannot be watched.
    is_lost: bool,
}

impl Watch {
    /// Will follow this file, which need not be there, and whose folders need not be there either.
    pub fn of(path: &Path) -> Self {
        let path = std::path::absolute(path).unwrap_or_else(|_no_folder| path.to_owned());
        Self { path, lookout: None, rest: Some(Duration::ZERO), is_lost: false }
    }

    /// What the file says: the first time as it is, from then on after something happened to it. It may say the same.
    /// Cancel safe.
    pub async fn settings(&mut self) -> Result<Settings, Error> {
        loop {
            let stir = match self.rest {
                None => Some(self.stir().await),
                Some(rest) => timeout(rest, self.stir()).await.ok(),
            };
            if let Some(stir) = stir {
                self.rest = Some(stir.rest());
                continue;
            }
            self.look();
            let settings = read(&self.path);
            self.rest = self.seen().map(Stir::rest);
            if self.rest.is_none() {
                return settings;
            }
        }
    }

    /// Watches what is on the way to the file now, before it is read, so that no change falls in between.
    fn look(&mut self) {
        match self.try_to_look() {
            Ok(()) if self.is_lost => {
                tracing::info!("the settings file is watched again");
                self.is_lost = false;
            }
            Ok(()) => {}
            Err(error) => self.lose(&error),
        }
    }

    fn try_to_look(&mut self) -> io::Result<()> {
        let lookout = match &mut self.lookout {
            Some(lookout) => lookout,
            none => none.insert(Lookout::new()?),
        };
        lookout.look(&self.path)
    }

    fn lose(&mut self, error: &io::Error) {
        self.lookout = None;
        if !self.is_lost {
            tracing::warn!("the settings file cannot be watched and is read every five minutes: {error}");
            self.is_lost = true;
        }
    }

    /// What happened already; nothing is waited for.
    fn seen(&mut self) -> Option<Stir> {
        let seen = self.lookout.as_mut()?.seen();
        seen.unwrap_or_else(|error| {
            self.lose(&error);
            None
        })
    }

    /// Waits for something to happen. Cancel safe.
    async fn stir(&mut self) -> Stir {
        if let Some(lookout) = &mut self.lookout {
            match lookout.stir().await {
                Ok(stir) => return stir,
                Err(error) => self.lose(&error),
            }
        }
        let never = timeout(UNWATCHED, pending::<Stir>());
        never.await.unwrap_or(Stir::Otherwise)
    }
}

impl Stir {
    fn rest(self) -> Duration {
        match self {
            Self::Whole => AFTER_A_WHOLE_FILE,
            Self::Otherwise => AFTER_ANYTHING_ELSE,
        }
    }
}

#[cfg(test)]
mod tests;
