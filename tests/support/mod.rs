//! A real environment for the tests: a message bus, and a desktop on it.
//!
//! Invariant: everything started here ends when its value is dropped, and every wait has a limit.
//!
//! Include it as `#[cfg(test)] mod support;`: the `cfg` tells clippy that helpers may panic.

#![allow(clippy::allow_attributes, dead_code, reason = "no test file uses all of it")]

pub(crate) mod bus;
pub(crate) mod e2ee;
pub(crate) mod harness;
pub(crate) mod keyring;
pub(crate) mod kill_point;
pub(crate) mod notification_server;
pub(crate) mod panel;
pub(crate) mod process;
pub(crate) mod services;
pub(crate) mod tls;
pub(crate) mod user;
