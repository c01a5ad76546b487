//! Finds the theme's sound for a new message.
//!
//! Invariant: without a theme there is no sound.

use std::env;
use std::path::PathBuf;

/// The name of the sound in a theme.
pub(in crate::desktop) const THEME_NAME: &str = "message-new-instant";

/// The file of the sound; `None` if no theme is installed.
///
/// The folder: <https://specifications.freedesktop.org/sound-theme-spec/latest/>.
pub(in crate::desktop) fn theme_file() -> Option<PathBuf> {
    let folders = env::var_os("XDG_DATA_DIRS").filter(|folders| !folders.is_empty());
    let folders = folders.unwrap_or_else(|| "/usr/local/share:/usr/share".into());
    let file = format!("sounds/freedesktop/stereo/{THEME_NAME}.oga");
    env::split_paths(&folders).map(|folder| folder.join(&file)).find(|file| file.is_file())
}
