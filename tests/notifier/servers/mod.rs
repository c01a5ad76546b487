//! What each notification server is sent.

mod banners;
mod by_capability;
mod capabilities;
mod traits;
