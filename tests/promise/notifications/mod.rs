//! Tests what is shown on the desktop, and what clicks do.

mod actions;
mod floods;
mod icons;
mod leftovers;
mod lists;
mod rules;
mod server;
mod sound;
