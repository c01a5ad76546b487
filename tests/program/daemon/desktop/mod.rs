//! Tests the daemon on a desktop: clicks, sounds, and restarts of the desktop.

mod clicks;
mod gnome;
mod icon;
mod restarts;
mod sound;
