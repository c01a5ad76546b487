//! What is installed beside the program, and removing everything again.

mod completions;
mod uninstall;
