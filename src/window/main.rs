//! Starts the window; everything else is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    handover::window::run()
}
