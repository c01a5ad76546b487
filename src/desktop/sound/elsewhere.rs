//! Systems where notifications have the system's own sound.
//!
//! Invariant: no sound is played here.

use std::path::PathBuf;

/// None is needed.
pub fn installed_player() -> Option<PathBuf> {
    None
}
