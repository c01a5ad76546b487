//! Makes sounds heard where the notification server plays none.
//!
//! Invariant: nothing waits for a sound, none is heard for longer than `LONGEST`, and one that cannot be played
//! is no issue.
//!
//! The sounds are played by a program that the desktop has anyway. A client of the sound server in here would have to
//! read WAV in all its forms and stay asleep in every idle daemon: the crate `pulseaudio` 0.3.2, the one that is
//! written in Rust alone, is 11,600 lines and a thread of its own.

mod player;

use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use player::Player;

use super::program::on_path;

/// A sound is cut off after this; the longest of the service is shorter.
const LONGEST: Duration = Duration::from_secs(30);

/// The programs that play a sound file, the likeliest to be heard first, and how they are told that it is a notification.
///
/// `paplay` finds `PipeWire` too, and fails at once where there is neither; `pw-play` waits without end where
/// `PipeWire` runs beside `PulseAudio` and owns no speaker. `aplay` reads anything but WAV as noise.
const PLAYERS: [(&str, &[&str], Formats); 3] = [
    ("paplay", &["--property=media.role=event"], Formats::All),
    ("pw-play", &["--media-role", "Notification"], Formats::All),
    ("aplay", &["-q"], Formats::Wav),
];

/// What a program can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Formats {
    All,
    Wav,
}

impl Formats {
    fn include(self, file: &Path) -> bool {
        self == Self::All || file.extension().is_some_and(|extension| extension == "wav")
    }
}

/// The first program there is that can play a sound.
pub fn installed() -> Option<PathBuf> {
    PLAYERS.iter().find_map(|(name, _, _)| on_path(name.as_ref()))
}

/// What the desktop's theme has for a message that arrives; `None` when none is installed.
///
/// The place: <https://specifications.freedesktop.org/sound-theme-spec/latest/>.
pub(super) fn of_theme() -> Option<PathBuf> {
    let folders = env::var_os("XDG_DATA_DIRS").filter(|folders| !folders.is_empty());
    let folders = folders.unwrap_or_else(|| "/usr/local/share:/usr/share".into());
    let file = format!("sounds/freedesktop/stereo/{OF_THEME}.oga");
    env::split_paths(&folders).map(|folder| folder.join(&file)).find(|file| file.is_file())
}

/// The name that themes have for it.
pub(super) const OF_THEME: &str = "message-new-instant";
