//! What happened to the computer.
//!
//! Invariant: an event says that a connection may have died or become possible, nothing more.

/// What happened to the computer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PowerEvent {
    /// It woke from sleep.
    Woke,
    /// A network came up, or another took its place.
    NetworkUp,
}
