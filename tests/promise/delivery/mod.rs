//! Tests the path of a message from the service to the screen: nothing is lost and nothing is shown twice, whatever
//! fails.

mod backlog;
mod clock;
mod crash;
mod encrypted;
mod initial_sync;
mod live;
mod malformed_items;
mod memory;
mod random_crashes;
mod service_faults;
mod storage;
