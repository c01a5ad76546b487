//! What is to happen to each message: one function from a message and the circumstances to a [`Verdict`].
//!
//! Invariant: a verdict is about one message alone. Which messages share a notification is decided by
//! [`announce`](super::announce), with the rules in [`backlog`] and [`flood`].
//!
//! Anything that changes what happens to a message goes here, in a file of its own that [`decide`] calls.

pub mod backlog;
mod circumstances;
pub mod flood;
#[cfg(test)]
pub(super) mod rule_tests;
pub mod rules;
pub mod sound;
#[cfg(test)]
pub(super) mod tests;
mod verdict;

pub use circumstances::Circumstances;
pub use verdict::{Action, Verdict, decide, emergency_setting, is_acknowledged_here};
