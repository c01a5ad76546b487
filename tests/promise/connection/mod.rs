//! The connection to the service, and stopping the daemon.

mod link;
mod outage;
mod stop;
mod wake;
