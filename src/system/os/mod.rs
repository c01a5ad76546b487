//! What differs between the operating systems in files and processes: one file for each, with the same functions.
//!
//! Invariant: nothing outside asks which system it is compiled for in order to use a file.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub use unix::*;
#[cfg(windows)]
pub use windows::*;
