//! What is shown on the desktop, and what a click on it does.

mod actions;
mod floods;
mod icons;
mod leftovers;
mod server;
mod sound;
