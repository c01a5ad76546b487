//! Real context for the tests: a message bus, and a desktop on it.
//!
//! Invariant: whatever is started here ends when its value is dropped, and every wait has an end.
//!
//! Include it as `#[cfg(test)] mod support;`: the `cfg` tells clippy that helpers may fail loudly.

#![allow(clippy::allow_attributes, dead_code, reason = "no test file uses all of it")]

pub(crate) mod bus;
pub(crate) mod e2ee;
pub(crate) mod harness;
pub(crate) mod notification_server;
pub(crate) mod panel;
pub(crate) mod process;
pub(crate) mod tls;
pub(crate) mod user;
