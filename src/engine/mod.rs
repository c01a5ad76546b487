//! Decisions: state machines that turn an input and a time into an action.

pub mod announce;
pub mod backoff;
pub mod inbox;
pub mod receipts;
