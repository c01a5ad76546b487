//! The page with the messages: the list, the whole message beside it, and what can be done with it.
//!
//! Invariant: the list follows the message log by itself and never moves what is being read; whatever changes the message log
//! is asked of the daemon.

mod actions;
mod detail;
mod drag;
mod empty;
mod filters;
mod list;
mod list_model;
mod page;
mod parts;
mod reading;
mod status_line;

pub(super) use page::{MessagesPage, Wanted};
