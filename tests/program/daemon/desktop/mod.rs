//! Tests the daemon on a desktop: clicks, sounds, autostart in a Flatpak, and restarts of the desktop.

mod clicks;
mod flatpak;
mod gnome;
mod icon;
mod restarts;
mod sound;
