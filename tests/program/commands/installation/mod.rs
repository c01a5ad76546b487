//! Tests the files that are installed beside the program, and uninstalling.

mod completions;
mod uninstall;
