//! The account of the sandbox as plain data: sessions, devices, queues, applications, emergencies.
//!
//! Invariant: it is synchronous and knows no socket; the time comes from the clock it was given.

mod emergencies;
mod message;
mod receipt;
mod state;

pub(super) use message::Message;
pub(super) use receipt::Receipt;
pub(super) use state::{App, Owner, Quota, State};
