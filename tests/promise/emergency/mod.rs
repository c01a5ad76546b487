//! Tests emergencies and expiring messages.

mod acknowledgement;
mod crowded;
mod expiry;
mod presence;
mod repeats;
