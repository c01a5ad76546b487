//! The daemon and the desktop: clicks, sounds, and a desktop that comes and goes.

mod clicks;
mod gnome;
mod icon;
mod restarts;
mod sound;
