//! Tests that if the real daemon is killed or panics, nothing is lost and at most one notification is repeated.

mod exact_kills;
mod panics;
mod random_kills;
mod upgrade;
