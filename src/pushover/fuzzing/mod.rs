//! The properties that any response of the service keeps, for the fuzz targets in `tests/fuzz`.
//!
//! Invariant: nothing here is random, so an input that violates a property does so every time.

mod encrypted;
mod frames;
mod responses;
mod secrets;

pub use encrypted::encrypted;
pub use frames::frames;
pub use responses::{download, errors};
pub use secrets::secrets;
