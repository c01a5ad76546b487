//! Stores secrets in files that only their owner can read.
//!
//! Invariant: a file is read only if no other user could have read or written it.

mod key_file;
mod login_file;
mod private_file;

pub(super) use key_file::KeyFile;
pub use login_file::FileSecrets;
