//! From an HTTP request to its response: recorded in the journal, perhaps met by a fault, answered.
//!
//! Invariant: nothing is answered that is not in the journal.

mod fault_response;
mod handler;
mod websocket;

pub(super) use handler::handle;
