//! The commands about received messages.

pub(super) mod acknowledge;
pub(super) mod list;
