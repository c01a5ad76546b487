//! Requests and replies as values: which endpoint, which parameters, which body.
//!
//! Invariant: nothing here changes the account.

mod image;
mod params;
mod reply;
mod routes;

pub(super) use image::image_type;
pub(super) use params::Params;
pub(super) use reply::{Rejection, Reply};
pub(super) use routes::{GroupChange, Route, SendingRoute};
