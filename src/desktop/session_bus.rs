//! Why the session bus, by which programs reach the desktop, is not to be had, in words for a person.
//!
//! Invariant: no words of a library are shown.

use std::io::ErrorKind;

/// What stands in the way; it follows "the session bus cannot be reached:".
pub(super) fn obstacle(error: &zbus::Error) -> &'static str {
    if let zbus::Error::Address(_) = error {
        return "DBUS_SESSION_BUS_ADDRESS holds no address";
    }
    let (zbus::Error::InputOutput(cause) | zbus::Error::Connection(cause, _)) = error else {
        return "it does not let this program in";
    };
    if cause.kind() == ErrorKind::PermissionDenied {
        "it does not let this program in"
    } else {
        "there is none at its address, so this is no session of a desktop"
    }
}
