//! Other commands on a terminal.

mod colours;
mod deleting;
mod uninstalling;
