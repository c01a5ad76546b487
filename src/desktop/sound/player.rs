//! Plays sounds, each in its own process.
//!
//! Invariant: a notification has one sound at a time, at most [`MAX_PLAYING`] play at once, and an urgent sound is
//! skipped only if all of those are urgent.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::task::JoinHandle;

use super::programs::PLAYERS;
use crate::domain::notification::{NotificationId, Urgency};
use crate::system::child::{self, Invocation, RunError};
use crate::system::programs;

/// The most sounds that play at once; more would be noise.
const MAX_PLAYING: usize = 3;

/// When a sound is cut off. All sounds of the service are shorter.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// Plays sounds; dropping it stops them.
#[derive(Debug, Default)]
pub struct Player {
    programs: Programs,
    playing: BTreeMap<NotificationId, Playing>,
}

/// The programs that may be used.
#[derive(Clone, Debug, Default)]
enum Programs {
    /// Those that are installed when a sound is played.
    Installed,
    /// These files instead.
    #[cfg(test)]
    These(Vec<PathBuf>),
    /// None.
    #[default]
    None,
}

impl Player {
    /// A player with the installed programs.
    pub fn of_session() -> Self {
        Self { programs: Programs::Installed, playing: BTreeMap::new() }
    }

    /// Whether it plays anything.
    pub(in crate::desktop) fn is_available(&self) -> bool {
        !matches!(self.programs, Programs::None)
    }

    /// Plays a file for a notification, and stops its previous sound.
    pub(in crate::desktop) fn play(&mut self, notification: NotificationId, file: &Path, urgency: Urgency) {
        self.playing.retain(|_, playing| !playing.task.is_finished());
        self.stop(notification);
        let is_urgent = matches!(urgency, Urgency::High | Urgency::Critical);
        if self.playing.len() >= MAX_PLAYING {
            let less_urgent = self.playing.iter().find(|(_, playing)| is_urgent && !playing.is_urgent);
            let Some(less_urgent) = less_urgent.map(|(other, _)| *other) else {
                return tracing::debug!("a sound was skipped, since {MAX_PLAYING} are playing");
            };
            self.stop(less_urgent);
        }
        let task = tokio::spawn(play(self.programs.commands(file)));
        self.playing.insert(notification, Playing { task, is_urgent });
    }

    /// Stops the sound of a notification.
    pub(in crate::desktop) fn stop(&mut self, notification: NotificationId) {
        self.playing.remove(&notification);
    }
}

impl Programs {
    /// The commands to try, in this order.
    fn commands(&self, file: &Path) -> Vec<Vec<String>> {
        let players = PLAYERS.iter().filter(|(_, _, formats)| formats.include(file));
        let found = players.filter_map(|(name, options, _)| {
            let program = self.find(name)?;
            let words = [program.as_os_str()].into_iter().chain(options.iter().map(OsStr::new));
            // A path that is not UTF-8 is not supported.
            words.chain([file.as_os_str()]).map(|word| word.to_str().map(str::to_owned)).collect()
        });
        found.collect()
    }

    fn find(&self, name: &str) -> Option<PathBuf> {
        match self {
            Self::Installed => programs::find(name),
            #[cfg(test)]
            Self::These(files) => files.iter().find(|file| file.ends_with(name)).cloned(),
            Self::None => None,
        }
    }
}

/// Plays with the first program that succeeds. An installed one may belong to a sound server that is not running.
async fn play(commands: Vec<Vec<String>>) {
    for command in commands {
        let invocation = Invocation { command: &command, ..Invocation::default() };
        match child::run(invocation, TIME_LIMIT).await {
            Ok(_) | Err(RunError::TimedOut(_)) => return,
            Err(error) => tracing::debug!("a sound cannot be played: {error}"),
        }
    }
}

/// A sound that plays until this is dropped.
#[derive(Debug)]
struct Playing {
    task: JoinHandle<()>,
    is_urgent: bool,
}

impl Drop for Playing {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;
    use tokio::time::timeout;

    use super::*;

    /// A folder with programs in it: the name of each, and the script that it is.
    fn stage(programs: &[(&str, &str)]) -> (TempDir, Player) {
        let folder = tempfile::tempdir().unwrap();
        let file = |(name, script): &(&str, &str)| {
            let path = folder.path().join(name);
            let text = format!("#!/bin/sh\ncd {}\n{script}\n", folder.path().display());
            // Written by another process, because a file that is open for writing in the child of another test cannot
            // be run.
            let made = std::process::Command::new("sh")
                .args(["-c", "printf %s \"$1\" > \"$0\"; chmod 755 \"$0\""])
                .arg(&path)
                .arg(text)
                .status();
            assert!(made.unwrap().success());
            path
        };
        let programs = Programs::These(programs.iter().map(file).collect());
        (folder, Player { programs, playing: BTreeMap::new() })
    }

    async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
        let waiting = async {
            while !is_so() {
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_secs(30), waiting).await.unwrap_or_else(|_| panic!("not within 30 s: {what}"));
    }

    /// Waits for a file that a script creates in one step; returns its content.
    async fn made(folder: &TempDir, name: &str) -> String {
        let path = folder.path().join(name);
        until(name, || path.exists()).await;
        fs::read_to_string(path).unwrap()
    }

    const NORMAL: Urgency = Urgency::Normal;
    const REPORTS: &str = "printf '%s|' \"$0\" \"$@\" > new; mv new arguments";
    /// Writes its process id, and plays until it is stopped.
    const PLAYS_ON: &str = "echo $$ > new$$; mv new$$ \"$(basename \"$2\")\"; exec sleep 1000";

    #[tokio::test]
    async fn the_path_is_passed_unchanged() {
        let (folder, mut player) = stage(&[("paplay", REPORTS)]);
        player.play(NotificationId(1), Path::new("/a folder/$(touch no) \"it's\".wav"), NORMAL);
        let arguments = made(&folder, "arguments").await;
        let arguments = arguments.strip_prefix(folder.path().to_str().unwrap()).unwrap();
        assert_eq!(arguments, "/paplay|--property=media.role=event|/a folder/$(touch no) \"it's\".wav|");
        assert!(!folder.path().join("no").exists());
    }

    #[tokio::test]
    async fn after_a_failure_the_next_program_is_tried() {
        let (folder, mut player) =
            stage(&[("aplay", REPORTS), ("pw-play", "exit 1"), ("paplay", "kill -9 $$")]);
        player.play(NotificationId(1), Path::new("/x/bike.wav"), NORMAL);
        assert!(made(&folder, "arguments").await.ends_with("/aplay|-q|/x/bike.wav|"));
    }

    #[tokio::test]
    async fn a_format_that_no_program_supports_is_not_played() {
        let (_folder, player) = stage(&[("aplay", REPORTS)]);
        assert!(player.programs.commands(Path::new("/x/a.oga")).is_empty());
        assert_eq!(player.programs.commands(Path::new("/x/a.wav")).len(), 1);
        let mut none = Player { programs: Programs::These(Vec::new()), playing: BTreeMap::new() };
        none.play(NotificationId(1), Path::new("/x/a.wav"), NORMAL);
        until("it is over", || none.playing.values().all(|playing| playing.task.is_finished())).await;
        assert!(Player::of_session().is_available() && !Player::default().is_available());
    }

    fn is_running(pid: &str) -> bool {
        let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
        stat.is_ok_and(|stat| !stat.contains(") Z "))
    }

    #[tokio::test]
    async fn a_notification_has_one_sound_at_a_time_until_it_is_stopped() {
        let (folder, mut player) = stage(&[("paplay", PLAYS_ON)]);
        player.play(NotificationId(1), Path::new("/x/first"), NORMAL);
        let first = made(&folder, "first").await;
        player.play(NotificationId(2), Path::new("/x/other"), NORMAL);
        let other = made(&folder, "other").await;
        player.play(NotificationId(1), Path::new("/x/second"), NORMAL);
        let second = made(&folder, "second").await;
        until("the first ends", || !is_running(&first)).await;
        assert!(is_running(&second) && is_running(&other));
        player.stop(NotificationId(1));
        until("the second ends", || !is_running(&second)).await;
        assert!(is_running(&other));
        drop(player);
        until("all end", || !is_running(&other)).await;
    }

    #[tokio::test]
    async fn at_most_three_sounds_play_at_once() {
        let (folder, mut player) = stage(&[("paplay", PLAYS_ON)]);
        for (id, name) in (1..).zip(["/x/a", "/x/b", "/x/c", "/x/d"]) {
            player.play(NotificationId(id), Path::new(name), NORMAL);
        }
        assert_eq!(player.playing.keys().copied().collect::<Vec<_>>(), [1, 2, 3].map(NotificationId));
        for name in ["a", "b", "c"] {
            assert!(is_running(&made(&folder, name).await));
        }
        player.stop(NotificationId(2));
        player.play(NotificationId(4), Path::new("/x/d"), NORMAL);
        made(&folder, "d").await;
    }

    #[tokio::test]
    async fn an_urgent_sound_replaces_another() {
        let (folder, mut player) = stage(&[("paplay", PLAYS_ON)]);
        for (id, name) in (1..).zip(["/x/a", "/x/b", "/x/c"]) {
            player.play(NotificationId(id), Path::new(name), NORMAL);
        }
        let first = made(&folder, "a").await;
        for (id, name) in (4..).zip(["/x/d", "/x/e", "/x/f", "/x/g"]) {
            player.play(NotificationId(id), Path::new(name), Urgency::Critical);
        }
        until("the first ends", || !is_running(&first)).await;
        assert_eq!(player.playing.keys().copied().collect::<Vec<_>>(), [4, 5, 6].map(NotificationId));
        for name in ["d", "e", "f"] {
            assert!(is_running(&made(&folder, name).await));
        }
        player.play(NotificationId(8), Path::new("/x/h"), NORMAL);
        assert!(!player.playing.contains_key(&NotificationId(8)));
    }
}
