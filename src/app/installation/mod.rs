//! What belongs to this program outside of its own file: in the menu of applications, and everything it saved.

pub mod menu_entry;
pub mod uninstall;
