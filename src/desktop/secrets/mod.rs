//! Stores the login and the end-to-end encryption key between runs, with the backend that the settings and the desktop
//! allow.
//!
//! Invariant: a secret is written to its backend and nowhere else, neither to an error nor to a log; and a login is removed
//! from one backend only after it was read back from another.
//!
//! # Platform-specific behavior
//!
//! Linux: the keyring is the program that owns `org.freedesktop.secrets`. Other systems: see `native_keyring`.

mod beside_login;
pub mod file;
#[cfg(target_os = "linux")]
pub mod keyring;
mod keyring_marker;
mod login_store;
#[cfg(not(target_os = "linux"))]
pub mod native_keyring;
mod stored_login;
pub mod systemd;

pub use login_store::{LoginLocation, LoginStore};
