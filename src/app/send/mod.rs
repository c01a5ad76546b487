//! Sending: what a command, the window or the HTTP API can ask for.
//!
//! Invariant: everything is checked before anything is sent, and no error contains a token or a key.

mod attachment;
pub mod compose;
pub mod deliver;
pub mod outbox;
mod prepare;
pub mod receipt;
mod secrets;
pub mod setup;
pub mod sounds;
pub mod test_message;
pub mod variables;

pub use compose::{Options, Outgoing, compose, encryption};
pub use deliver::{RetryPolicy, Undelivered, deliver};
pub use prepare::Preparation;
pub use secrets::{Keys, is_key};
pub use variables::Variables;

pub use crate::desktop::secrets::LoginStore as StoredSecrets;
pub use crate::pushover::{Accepted, Quota, ReceiptState, Rest, Unsent, Validated, form};
