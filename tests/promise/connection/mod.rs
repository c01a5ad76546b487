//! The connection to the service, and the end of the daemon.

mod link;
mod outage;
mod stop;
mod wake;
