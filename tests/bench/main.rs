//! The figures of the README, measured on this machine: `cargo bench`, or `cargo bench -- idle` for those whose
//! name contains that word. `cargo bench -- peers` compares with other receivers, for a quarter of an hour.
//!
//! Invariant: the release binary is measured, started as a desktop session would start it, with a real `dbus-daemon`,
//! real sockets and a real file on this disk. A figure that misses its target is printed as
//! "missed", but nothing fails.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "it is run by hand: it may fail loudly, prints what it finds, and measures time"
)]

#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;

mod backlog;
mod delay;
mod figure;
mod idle;
mod log;
mod login;
mod long_log;
mod machine;
mod peers;
mod process;
mod rules;
mod sending;
mod session;
mod size;

use figure::Figure;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --all-targets` starts this too, but without `--bench`.
    if !arguments.iter().any(|argument| argument == "--bench") {
        println!("run `cargo bench`: it takes about five minutes");
        return;
    }
    let word = arguments.iter().find(|argument| !argument.starts_with('-'));
    let is_wanted = |name: &str| word.is_none_or(|word| name.contains(word.as_str()));

    println!("{}\n", machine::describe());
    println!("{}", Figure::HEADER);
    if is_wanted("delay") {
        print(delay::measure().await);
    }
    if is_wanted("backlog") {
        print(backlog::measure().await);
    }
    if is_wanted("login") {
        print(login::measure().await);
    }
    if is_wanted("idle") {
        print(idle::measure().await);
    }
    // It fills a message log with a million messages, so it has to be asked for.
    if word.is_some_and(|word| "log".contains(word.as_str())) {
        print(log::measure());
    }
    // It takes a quarter of an hour, and other people's programs from their registry.
    if word.is_some_and(|word| "peers".contains(word.as_str())) {
        peers::measure().await;
    }
    if is_wanted("send") {
        print(sending::measure().await);
    }
    if is_wanted("rules") {
        print(rules::measure());
    }
    if is_wanted("size") {
        print(size::measure());
    }
}

fn print(figures: Vec<Figure>) {
    for figure in figures {
        println!("{figure}");
    }
}
