//! Stores secrets in the desktop's keyring, the program that owns `org.freedesktop.secrets`.
//!
//! Invariant: a keyring that is locked, hangs or disappears causes an error within a time limit; only
//! [`unlock`](crate::ports::SecretStore::unlock) shows a dialog; and no connection stays open between two calls.

mod error;
mod item;
mod login;
mod service;
mod timeouts;

pub(super) use login::KeyringKey;
pub use login::KeyringSecrets;
pub use timeouts::Timeouts;
