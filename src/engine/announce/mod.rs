//! Turns verdicts into notifications: which messages share one, what it says, and what is on the screen.
//!
//! Invariant: a plan accounts for every message exactly once.

mod acknowledged;
mod actions;
mod announcer;
mod copies;
#[cfg(test)]
mod flood_tests;
mod held;
mod on_screen;
mod plan;
pub mod reading;
#[cfg(test)]
mod rule_tests;
#[cfg(test)]
mod tests;
mod waiting;
mod wording;

pub use acknowledged::Acknowledged;
pub use actions::{any_link_of, is_to_acknowledge, link_of, own_link_of};
pub use announcer::Announcer;
pub use copies::{acknowledged, in_place};
pub use held::HeldMessages;
pub use plan::{Step, Tracking};
pub use waiting::WaitingMessages;
