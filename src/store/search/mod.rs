//! Lists messages and finds them by their words.
//!
//! Invariant: a list with a limit reads about as many rows as it returns, however long the message log is.

mod follow;
pub(super) mod index;
mod indexed;
mod list;
mod message_words;
mod rows;
mod scratch;
mod words;

pub(super) use list::last_before;
