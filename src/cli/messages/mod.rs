//! The commands about received messages.

pub(super) mod acknowledge;
mod delete;
pub(super) mod list;
pub(super) mod listen;
mod print;
pub(super) mod rules;
mod until_readable;
mod watch;
