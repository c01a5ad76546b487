//! The programs that can play a sound file.
//!
//! Invariant: one of them is used only if it is installed.

use std::path::{Path, PathBuf};

use crate::system::programs;

/// The programs in the order of preference, with the options that mark the sound as one of a notification.
///
/// `paplay` also works with `PipeWire`, and fails at once if there is neither. `pw-play` hangs if `PipeWire` runs
/// beside `PulseAudio` and has no speaker. `aplay` plays anything but WAV as noise.
pub(super) const PLAYERS: [(&str, &[&str], Formats); 3] = [
    ("paplay", &["--property=media.role=event"], Formats::All),
    ("pw-play", &["--media-role", "Notification"], Formats::All),
    ("aplay", &["-q"], Formats::Wav),
];

/// The formats that a program can play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Formats {
    All,
    Wav,
}

impl Formats {
    pub(super) fn include(self, file: &Path) -> bool {
        self == Self::All || file.extension().is_some_and(|extension| extension == "wav")
    }
}

/// The first installed program that can play a sound.
pub fn installed_player() -> Option<PathBuf> {
    PLAYERS.iter().find_map(|(name, _, _)| programs::find(name))
}
