//! The real window on a virtual screen, with a real daemon and the sandbox: tests read it as a screen reader does, and use the
//! keyboard.
//!
//! Every test has its own screen, buses and user. Screenshots are kept in `target/window/`.
//!
//! Invariant: the machine's own desktop is neither read nor changed, and a test waits for something that a user could notice,
//! never for time to pass.
#![cfg(target_os = "linux")]

#[cfg(test)]
mod account;
#[cfg(test)]
#[expect(clippy::cast_precision_loss, reason = "the numbers are small")]
#[path = "../bench/figure.rs"]
mod figure;
#[cfg(test)]
#[expect(clippy::print_stdout, reason = "it prints a table")]
mod figures;
#[cfg(test)]
mod filters;
#[cfg(test)]
mod harness;
#[cfg(test)]
#[path = "../bench/long_log.rs"]
mod long_log;
#[cfg(test)]
mod messages;
#[cfg(test)]
mod pages;
#[cfg(test)]
#[path = "../desktop/session/picture.rs"]
mod picture;
#[cfg(test)]
mod preferences;
#[cfg(test)]
#[path = "../desktop/session/program.rs"]
mod program;
#[cfg(test)]
#[path = "../desktop/session/screen.rs"]
mod screen;
#[cfg(test)]
mod starts;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;
#[cfg(test)]
mod tree;
#[cfg(test)]
mod versions;
