//! Tests the daemon in its environment: start and stop, settings, hooks, the desktop, the message log, systemd.

mod clock;
mod confined;
mod desktop;
mod encrypted;
mod events;
mod hook;
mod message_log;
mod rules;
mod service_manager;
mod settings;
mod start_and_stop;
mod startup_problems;
