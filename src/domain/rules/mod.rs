//! Rules about messages, as the user wrote them.
//!
//! Invariant: a rule is a plain value; what it means for a message is decided in `engine::policy`.

#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod literals;
mod pattern;
mod rule;
mod time;

pub use pattern::{Pattern, Searched};
pub use rule::{Condition, Effect, GroupName, Rule};
pub use time::{Days, Hours, TimeOfDay, day_name};
