//! What this computer is called.
//!
//! Invariant: there is always a name, if only an empty one.

/// The host's name as the system has it; not yet fit to be a device's.
pub fn name() -> String {
    gethostname::gethostname().to_string_lossy().into_owned()
}
