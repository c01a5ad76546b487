//! Installs and removes this program's files: its entry in the menu of applications, and everything it saved.

pub mod menu_entry;
pub mod start;
pub mod uninstall;
