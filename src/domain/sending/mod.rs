//! Messages that are sent from here: what the user set up for it, and what a message may contain.
//!
//! Invariant: a token or a key is a [`Secret`](super::account::Secret), so no `Debug` output contains one.

mod draft;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod secret_name;
pub mod settings;
pub mod template;
mod whom;

pub use draft::{ATTACHMENT, Attachment, Draft, RECIPIENTS, picture_type};
pub use secret_name::SecretName;
pub use whom::select;
