//! Plays the sounds of notifications if the notification server does not.
//!
//! Invariant: nothing waits for a sound, each has a time limit, and one that cannot be played is not reported as an
//! issue.
//!
//! The sounds are played by a program that the desktop already has. A sound client in this process would have to parse
//! every form of WAV and stay in memory: the crate `pulseaudio` 0.3.2, the only one in pure Rust, has 11,600 lines and
//! needs a thread.

mod player;
mod programs;
mod theme;

pub use player::Player;
pub use programs::installed_player;
pub(super) use theme::{THEME_NAME, theme_file};
