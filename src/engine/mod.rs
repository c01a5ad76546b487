//! Decisions: state machines that turn an input and a time into an action.

pub mod link;
