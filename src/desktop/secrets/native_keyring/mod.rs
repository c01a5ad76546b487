//! Stores secrets in the keyring of the system: the login keychain of macOS, or the Credential Manager of Windows.
//!
//! Invariant: no error quotes a secret, and no call waits longer than [`TIMEOUT`](item::TIMEOUT).
//!
//! # Platform-specific behavior
//!
//! Windows: the Credential Manager is always unlocked, and any program of the user can read what is in it. macOS: the system
//! may ask the user for permission whenever the program reads its item, not only when it unlocks the keychain, since it
//! recognises a program without a signature only by its file.

mod item;
#[cfg(target_os = "macos")]
mod macos;
mod secrets;
#[cfg(windows)]
mod windows;

pub(super) use secrets::KeyringKey;
pub use secrets::KeyringSecrets;

#[cfg(target_os = "macos")]
use macos as system;
#[cfg(windows)]
use windows as system;
