//! The client of the service's API: REST, websocket and end-to-end encryption.
//!
//! Begin with a [`Rest`] for the [`Servers`] of the service; its methods are the requests, and [`Rest::open_socket`] opens the
//! websocket. The programs in `examples/` use all of them.
//!
//! Invariant: a request is repeated here only if the connection it was sent on was dead, and secrets are sent only to
//! the service. The engine decides from [`Error::remedy`] whether and when to retry after an error.

pub mod e2ee;
mod error;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod http;
mod parse;
mod response;
mod rest;
#[cfg(test)]
mod scripted_server;
mod secret_body;
mod servers;
mod service_clock;
mod socket;
mod wire;

pub use error::{ConnectError, Error, Remedy};
pub use rest::{
    Accepted, Download, Fate, Host, Login, Media, MediaError, Part, Quota, Reached, ReceiptState, Rest,
    Unsent, Validated, form,
};
pub use servers::Servers;
pub use socket::Socket;
