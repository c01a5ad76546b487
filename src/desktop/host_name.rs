//! The name of this computer.
//!
//! Invariant: there is always a name, which may be empty.

/// The host's name as the system has it; it may not be valid as the name of a device.
pub fn get() -> String {
    gethostname::gethostname().to_string_lossy().into_owned()
}
