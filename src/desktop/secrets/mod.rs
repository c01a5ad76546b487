//! Keeps the login between runs.
//!
//! Invariant: a secret goes to its place and nowhere else: not into an error, not into a log.
//!
//! For now there is one place, a file that only its owner can read. The desktop's keyring is to come as a
//! second [`SecretStore`](crate::ports::SecretStore) beside it.

pub mod file;
