//! Rules about messages, as the user wrote them.
//!
//! Invariant: a rule is a plain value; what it means for a message is decided in `engine::policy`.

mod pattern;

pub use pattern::{Pattern, Searched};
