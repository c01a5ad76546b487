//! Which computer this is.
//!
//! Invariant: the id is the same after a restart and tells nothing about the computer to other programs.

use std::fs;

use sha2::{Digest as _, Sha256};

/// A computer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Computer {
    /// Differs from that of every other computer.
    pub id: String,
    /// A name for a person.
    pub name: String,
}

/// Where systems have an id that is made when they are installed (`machine-id(5)`).
const FILES: [&str; 2] = ["/etc/machine-id", "/var/lib/dbus/machine-id"];

impl Computer {
    /// This one.
    pub fn this() -> Self {
        let name = gethostname::gethostname().to_string_lossy().into_owned();
        let machine = FILES.iter().find_map(|file| fs::read_to_string(file).ok()).unwrap_or_default();
        // Programs are asked not to pass the id of the machine on as it is. Without one the name has to do.
        let of_this_program = if machine.trim().is_empty() { &name } else { machine.trim() };
        let id = hex::encode(Sha256::digest(format!("handover {of_this_program}")));
        Self { id, name: if name.is_empty() { "another computer".to_owned() } else { name } }
    }
}
