//! Identifies this computer.
//!
//! Invariant: the id stays the same after a restart, and reveals nothing about the computer to other programs.

use std::fs;

use sha2::{Digest as _, Sha256};

/// A computer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Computer {
    /// Unique to this computer.
    pub id: String,
    /// A name to show to the user.
    pub name: String,
}

/// Where a system keeps the id that it got when it was installed (`machine-id(5)`).
const FILES: [&str; 2] = ["/etc/machine-id", "/var/lib/dbus/machine-id"];

impl Computer {
    /// The computer that this program runs on.
    pub fn this() -> Self {
        let name = gethostname::gethostname().to_string_lossy().into_owned();
        let machine = FILES.iter().find_map(|file| fs::read_to_string(file).ok()).unwrap_or_default();
        // `machine-id(5)` asks programs not to disclose the id itself. Without an id, the name is used.
        let of_this_program = if machine.trim().is_empty() { &name } else { machine.trim() };
        let id = hex::encode(Sha256::digest(format!("handover {of_this_program}")));
        Self { id, name: if name.is_empty() { "another computer".to_owned() } else { name } }
    }
}
