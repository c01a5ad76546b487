//! The daemon in its environment: start and stop, settings, hooks, sounds, systemd.

mod clicks;
mod clock;
mod desktop_restarts;
mod disk;
mod encrypted;
mod events;
mod hook;
mod keep;
mod service_manager;
mod settings;
mod sound;
mod start_and_stop;
mod startup_problems;
