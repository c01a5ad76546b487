//! Plays the sounds of notifications if the notification server does not.
//!
//! Invariant: nothing waits for a sound, each has a time limit, and one that cannot be played is not reported as an
//! issue.
//!
//! The sounds are played by a program that the desktop already has. A sound client in this process would have to parse
//! every form of WAV and stay in memory: the crate `pulseaudio` 0.3.2, the only one in pure Rust, has 11,600 lines and
//! needs a thread.

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod player;
#[cfg(target_os = "linux")]
mod programs;
#[cfg(target_os = "linux")]
mod theme;

#[cfg(not(target_os = "linux"))]
pub use elsewhere::installed_player;
#[cfg(target_os = "linux")]
pub use player::Player;
#[cfg(target_os = "linux")]
pub use programs::installed_player;
#[cfg(target_os = "linux")]
pub(super) use theme::{THEME_NAME, theme_file};
