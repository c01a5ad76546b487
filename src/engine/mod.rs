//! Decisions: state machines that turn an input and a time into at most one action.
//!
//! Invariant: nothing here waits, reads a clock, draws a random number or touches the outside; time and jitter
//! are handed in, and whatever arrives in whatever order is an input, never an error.

pub mod backoff;
pub mod fetch;
pub mod link;
