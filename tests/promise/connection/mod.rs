//! The connection to the service, and stopping the daemon.

mod download;
mod line;
mod link;
mod outage;
mod stop;
mod wake;
