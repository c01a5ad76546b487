//! The durable log of messages.
