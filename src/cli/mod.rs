//! The words on a terminal.
