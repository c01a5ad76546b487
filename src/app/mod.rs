//! The functions of every front end, whether or not a daemon runs: signing in, the message log, acknowledging, doctor.
//!
//! Invariant: nothing here is a task of the daemon, and nothing here prints.

pub mod acknowledge;
pub mod autostart;
pub mod context;
pub mod doctor;
pub mod e2ee;
pub mod history;
pub mod http_api;
pub mod installation;
pub mod instance;
pub mod message_report;
pub mod pause;
pub mod preferences;
pub mod problem;
pub mod rules;
pub mod send;
pub mod sign_in;
pub mod time_format;

pub use problem::Problem;
