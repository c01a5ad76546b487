//! What is on the screen, as far as the notification server reported.
//!
//! Invariant: an emergency whose notification left the screen is known until it is shown again or over.

mod active;
mod lost;
mod standing;

pub(super) use active::ActiveNotifications;
pub(super) use lost::LostEmergencies;
pub(super) use standing::StandingEmergencies;
