//! Starts the program and turns its outcome into an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    handover::cli::main()
}
