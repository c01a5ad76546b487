//! The commands about received messages.

pub(super) mod acknowledge;
mod delete;
pub(super) mod list;
mod print;
mod watch;
