//! Reads the settings file, follows it, and changes single settings in it.
//!
//! Invariant: a file with a mistake in it changes no setting and is not changed; the mistake is named with its line.

mod change;
mod empty;
mod error;
mod file;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod lines;
mod rules;
mod sending;
mod values;
mod watch;

pub use change::{NewValue, create, mute, name_in_settings, set, set_emergency, set_secret_store};
pub use empty::{emptied, empty, of_empty_file, read_again, read_first};
pub use error::Error;
pub use file::read;
pub use lines::lines_of_rules;
pub use watch::Watcher;
