//! The commands that run the daemon or talk to it.

pub(super) mod autostart;
pub(super) mod pause;
pub(super) mod quit;
pub(super) mod resume;
pub(super) mod run;
pub(super) mod start;
pub(super) mod status;
pub(super) mod sync;
