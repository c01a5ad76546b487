//! Plays the sounds of notices, each by a program of its own.
//!
//! Invariant: a notice has one sound at a time, and no more than [`MOST`] are heard at once.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use tokio::task::JoinHandle;

use super::{Formats, LONGEST, PLAYERS};
use crate::desktop::{hook, program};
use crate::domain::notice::NoticeId;

/// More at once are noise.
const MOST: usize = 3;

/// Plays sounds; those that still are heard end with it.
#[derive(Debug, Default)]
pub struct Player {
    programs: Programs,
    playing: BTreeMap<NoticeId, Playing>,
}

/// Which programs may play.
#[derive(Clone, Debug, Default)]
enum Programs {
    /// Whichever is installed when a sound is to be played.
    Installed,
    /// These files, in the place of the installed.
    #[cfg(test)]
    These(Vec<PathBuf>),
    /// None.
    #[default]
    None,
}

impl Player {
    /// Plays with what is installed.
    pub fn of_session() -> Self {
        Self { programs: Programs::Installed, playing: BTreeMap::new() }
    }

    /// Whether it would play anything.
    pub(in crate::desktop) fn is_there(&self) -> bool {
        !matches!(self.programs, Programs::None)
    }

    /// Plays a file for a notice, in the place of what is heard for it.
    pub(in crate::desktop) fn play(&mut self, notice: NoticeId, file: &Path) {
        self.playing.retain(|_, playing| !playing.0.is_finished());
        self.stop(notice);
        if self.playing.len() >= MOST {
            return tracing::debug!("a sound was left out, since {MOST} are heard");
        }
        let commands = self.programs.commands(file);
        self.playing.insert(notice, Playing(tokio::spawn(play(commands))));
    }

    /// Ends what is heard for a notice.
    pub(in crate::desktop) fn stop(&mut self, notice: NoticeId) {
        self.playing.remove(&notice);
    }
}

impl Programs {
    /// What to try, one after the other.
    fn commands(&self, file: &Path) -> Vec<Vec<String>> {
        let players = PLAYERS.iter().filter(|(_, _, formats)| formats.include(file));
        let found = players.filter_map(|(name, options, _)| {
            let program = self.find(name)?;
            let words = [program.as_os_str()].into_iter().chain(options.iter().map(OsStr::new));
            // A path that is no text is not worth a way of its own.
            words.chain([file.as_os_str()]).map(|word| word.to_str().map(str::to_owned)).collect()
        });
        found.collect()
    }

    fn find(&self, name: &str) -> Option<PathBuf> {
        match self {
            Self::Installed => program::on_path(name.as_ref()),
            #[cfg(test)]
            Self::These(files) => files.iter().find(|file| file.ends_with(name)).cloned(),
            Self::None => None,
        }
    }
}

/// Plays with the first program that can: one that is installed may belong to a sound server that does not run.
async fn play(commands: Vec<Vec<String>>) {
    for command in commands {
        match hook::run(&command, &[], b"", LONGEST).await {
            Ok(()) | Err(hook::Fault::TookTooLong(_)) => return,
            Err(fault) => tracing::debug!("a sound cannot be played: {fault}"),
        }
    }
}

/// A sound that is heard until this is dropped.
#[derive(Debug)]
struct Playing(JoinHandle<()>);

impl Drop for Playing {
    fn drop(&mut self) {
        self.0.abort();
    }
}
