//! Handover: an unofficial desktop client that receives Pushover messages.

pub mod app;
pub mod cli;
pub mod config;
pub mod control;
pub mod desktop;
pub mod domain;
pub mod engine;
pub mod ports;
pub mod pushover;
pub mod sandbox;
pub mod store;
