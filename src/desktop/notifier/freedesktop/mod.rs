//! Shows notifications through the notification server of a Linux desktop, over one connection to the session bus.
//!
//! Invariant: no call waits longer than [`Timeouts`] says; an event is reported only for a notification that this program
//! showed or reattached to, and only from the server that has it; and no click is missed, since the signals are subscribed
//! to before the first notification, and read with the replies in the order in which the bus sent them.

mod actor;
mod banners;
mod bus;
mod calls;
mod column;
mod notifier;
mod protocol;
mod query;
mod retry;
mod timeouts;

pub use notifier::FreedesktopNotifier;
pub(in crate::desktop) use query::query;
pub use timeouts::Timeouts;
