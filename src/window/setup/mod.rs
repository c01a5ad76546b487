//! The pages for signing in.
//!
//! Invariant: the questions and their order are those of `app::sign_in`; leaving a page that waits cancels what it waits for,
//! and nothing is saved before the service has accepted everything.

mod arrival;
mod front;
mod pages;
mod view;

pub(super) use view::SetupPage;
