//! What the system can show.
//!
//! Invariant: it is asked before each notification, since the server may change.

use crate::desktop::notifier::markup::Markup;

/// What the system can show.
#[derive(Clone, Copy)]
pub(super) struct Capabilities {
    pub(super) markup: Markup,
    pub(super) has_actions: bool,
}
