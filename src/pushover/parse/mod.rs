//! Parses the bodies of the service's responses, as leniently as they are known to vary.
//!
//! Invariant: no input panics, and no item of a download is lost.

mod json;
mod responses;
mod split;
#[cfg(test)]
mod tests;

pub(super) use json::Object;
pub(super) use responses::{account, body, check_list, device, login, received};
pub(super) use split::Splitter;
