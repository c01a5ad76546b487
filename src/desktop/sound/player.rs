//! Plays the sounds of notifications, each by a program of its own.
//!
//! Invariant: a notification has one sound at a time, no more than [`MOST`] are heard at once, and an urgent one is left out
//! for others that are urgent alone.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use tokio::task::JoinHandle;

use super::{LONGEST, PLAYERS};
use crate::desktop::{hook, program};
use crate::domain::notification::{NotificationId, Urgency};

/// More at once are noise.
const MOST: usize = 3;

/// Plays sounds; those that still are heard end with it.
#[derive(Debug, Default)]
pub struct Player {
    programs: Programs,
    playing: BTreeMap<NotificationId, Playing>,
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

    /// Plays a file for a notification, in the place of what is heard for it.
    pub(in crate::desktop) fn play(&mut self, notification: NotificationId, file: &Path, urgency: Urgency) {
        self.playing.retain(|_, playing| !playing.task.is_finished());
        self.stop(notification);
        let is_urgent = urgency == Urgency::Critical;
        if self.playing.len() >= MOST {
            let makes_way = self.playing.iter().find(|(_, playing)| is_urgent && !playing.is_urgent);
            let Some(makes_way) = makes_way.map(|(other, _)| *other) else {
                return tracing::debug!("a sound was left out, since {MOST} are heard");
            };
            self.stop(makes_way);
        }
        let task = tokio::spawn(play(self.programs.commands(file)));
        self.playing.insert(notification, Playing { task, is_urgent });
    }

    /// Ends what is heard for a notification.
    pub(in crate::desktop) fn stop(&mut self, notification: NotificationId) {
        self.playing.remove(&notification);
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
    use std::time::Duration;

    use tempfile::TempDir;
    use tokio::time::timeout;

    use super::*;

    /// A folder with programs in it: the name of each, and the script that it is.
    fn stage(programs: &[(&str, &str)]) -> (TempDir, Player) {
        let folder = tempfile::tempdir().unwrap();
        let file = |(name, script): &(&str, &str)| {
            let path = folder.path().join(name);
            let text = format!("#!/bin/sh\ncd {}\n{script}\n", folder.path().display());
            // Made by another process, since a file that is open for writing in the child of another test cannot be run.
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

    /// Waits for a file that a script makes in one step; what is in it.
    async fn made(folder: &TempDir, name: &str) -> String {
        let path = folder.path().join(name);
        until(name, || path.exists()).await;
        fs::read_to_string(path).unwrap()
    }

    const NORMAL: Urgency = Urgency::Normal;
    const TELLS: &str = "printf '%s|' \"$0\" \"$@\" > new; mv new told";
    /// Takes note of its number, and is heard until it is ended.
    const PLAYS_ON: &str = "echo $$ > new$$; mv new$$ \"$(basename \"$2\")\"; exec sleep 1000";

    #[tokio::test]
    async fn the_file_is_handed_over_as_it_is() {
        let (folder, mut player) = stage(&[("paplay", TELLS)]);
        player.play(NotificationId(1), Path::new("/a folder/$(touch no) \"it's\".wav"), NORMAL);
        let told = made(&folder, "told").await;
        let told = told.strip_prefix(folder.path().to_str().unwrap()).unwrap();
        assert_eq!(told, "/paplay|--property=media.role=event|/a folder/$(touch no) \"it's\".wav|");
        assert!(!folder.path().join("no").exists());
    }

    #[tokio::test]
    async fn a_program_that_cannot_play_is_followed_by_the_next() {
        let (folder, mut player) =
            stage(&[("aplay", TELLS), ("pw-play", "exit 1"), ("paplay", "kill -9 $$")]);
        player.play(NotificationId(1), Path::new("/x/bike.wav"), NORMAL);
        assert!(made(&folder, "told").await.ends_with("/aplay|-q|/x/bike.wav|"));
    }

    #[tokio::test]
    async fn nothing_is_played_as_noise_and_nothing_without_a_program() {
        let (_folder, player) = stage(&[("aplay", TELLS)]);
        assert!(player.programs.commands(Path::new("/x/a.oga")).is_empty());
        assert_eq!(player.programs.commands(Path::new("/x/a.wav")).len(), 1);
        let mut none = Player { programs: Programs::These(Vec::new()), playing: BTreeMap::new() };
        none.play(NotificationId(1), Path::new("/x/a.wav"), NORMAL);
        until("it is over", || none.playing.values().all(|playing| playing.task.is_finished())).await;
        assert!(Player::of_session().is_there() && !Player::default().is_there());
    }

    fn is_heard(pid: &str) -> bool {
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
        until("the first ends", || !is_heard(&first)).await;
        assert!(is_heard(&second) && is_heard(&other));
        player.stop(NotificationId(1));
        until("the second ends", || !is_heard(&second)).await;
        assert!(is_heard(&other));
        drop(player);
        until("all end", || !is_heard(&other)).await;
    }

    #[tokio::test]
    async fn no_more_than_three_are_heard_at_once() {
        let (folder, mut player) = stage(&[("paplay", PLAYS_ON)]);
        for (id, name) in (1..).zip(["/x/a", "/x/b", "/x/c", "/x/d"]) {
            player.play(NotificationId(id), Path::new(name), NORMAL);
        }
        assert_eq!(player.playing.keys().copied().collect::<Vec<_>>(), [1, 2, 3].map(NotificationId));
        for name in ["a", "b", "c"] {
            assert!(is_heard(&made(&folder, name).await));
        }
        player.stop(NotificationId(2));
        player.play(NotificationId(4), Path::new("/x/d"), NORMAL);
        made(&folder, "d").await;
    }

    #[tokio::test]
    async fn an_urgent_one_is_heard_in_the_place_of_another() {
        let (folder, mut player) = stage(&[("paplay", PLAYS_ON)]);
        for (id, name) in (1..).zip(["/x/a", "/x/b", "/x/c"]) {
            player.play(NotificationId(id), Path::new(name), NORMAL);
        }
        let first = made(&folder, "a").await;
        for (id, name) in (4..).zip(["/x/d", "/x/e", "/x/f", "/x/g"]) {
            player.play(NotificationId(id), Path::new(name), Urgency::Critical);
        }
        until("the first ends", || !is_heard(&first)).await;
        assert_eq!(player.playing.keys().copied().collect::<Vec<_>>(), [4, 5, 6].map(NotificationId));
        for name in ["d", "e", "f"] {
            assert!(is_heard(&made(&folder, name).await));
        }
        player.play(NotificationId(8), Path::new("/x/h"), NORMAL);
        assert!(!player.playing.contains_key(&NotificationId(8)));
    }
}
