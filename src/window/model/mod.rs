//! What the window shows, as values: rows, filters, pages and sentences.
//!
//! Invariant: nothing here knows the toolkit, so all of it is tested without a screen.

pub mod banner;
pub mod choices;
pub mod feed;
pub mod filter;
pub mod first_message;
pub mod markup;
pub mod report;
pub mod row;
pub mod sections;
pub mod setup;
