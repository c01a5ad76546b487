//! The local socket between the daemon and the commands.
