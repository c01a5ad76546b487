//! Handles an HTTP request: records it in the journal, applies a fault if one is scripted, and answers it.
//!
//! Invariant: nothing is answered that is not in the journal.

mod fault_response;
#[cfg(any(test, fuzzing))]
pub(super) mod fuzzing;
mod handler;
mod own;
mod proxy;
mod refusal;
mod slow_line;
mod websocket;

pub(super) use handler::{Shared, handle};
