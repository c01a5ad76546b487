//! What each notification server is sent.

mod by_capability;
mod capabilities;
mod traits;
