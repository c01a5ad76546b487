//! Makes the decisions: state machines that turn an input and a time into an action.
//!
//! Invariant: nothing here reads a clock, generates random numbers, waits, or does I/O: time and jitter are arguments, one
//! input causes at most one action, and bad input is an input like any other.

pub mod announce;
pub mod backoff;
pub mod fetch;
pub mod inbox;
pub mod link;
pub mod media;
pub mod outage;
pub mod pause;
pub mod policy;
pub mod presence;
pub mod receipts;
pub mod register;
pub mod wake;
