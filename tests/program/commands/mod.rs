//! Tests of the commands, one file each; `command_line` tests the short ones.

pub(crate) mod acknowledge;
pub(crate) mod autostart;
pub(crate) mod command_line;
pub(crate) mod demo;
pub(crate) mod doctor;
mod installation;
mod listen;
pub(crate) mod messages;
pub(crate) mod pause;
pub(crate) mod repeats;
mod sandbox;
pub(crate) mod setup;
mod start;
