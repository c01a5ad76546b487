//! Emergencies, and other messages with a time limit.

mod acknowledgement;
mod crowded;
mod expiry;
mod presence;
mod repeats;
