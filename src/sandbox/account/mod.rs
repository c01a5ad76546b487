//! The data of the sandbox: accounts, sessions, devices, queues, applications, groups, emergencies.
//!
//! Invariant: it is synchronous and knows no socket; the time comes from the clock it was given.

mod device;
mod devices;
mod emergencies;
mod group;
mod message;
mod quota;
mod receipt;
mod recipients;
mod sent;
mod state;
mod team;

pub(super) use group::{Group, Member};
pub(super) use message::Message;
pub(super) use receipt::Receipt;
pub(super) use sent::Sent;
pub(super) use state::{Account, App, State};
pub(super) use team::{TeamMember, is_email};
