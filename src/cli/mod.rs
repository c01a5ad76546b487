//! The command line: what it may say, and one file for each command.
//!
//! Invariant: results go to standard output, failures as `error:` and `hint:` to standard error, and the
//! exit code says which kind: 0 done, 1 failed, 2 usage, 3 not signed in, 4 not running.

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

mod daemon;
mod demo;
mod doctor;
mod environment;
mod install_desktop_files;
mod logout;
mod messages;
mod output;
mod sandbox;
mod sending;
mod setup;
mod signals;
mod suggestions;
mod uninstall;

use daemon::{autostart, pause, quit, resume, run, start, status, sync};
use messages::{acknowledge, list, listen, rules};

use crate::system::core_dumps;

const ENVIRONMENT: &str = "\
Environment:
  HANDOVER_LOG            Log level: error, warn, info, debug or trace
  HANDOVER_API_URL        Address of another service, such as `handover sandbox`
  HANDOVER_WEBSOCKET_URL  Address of its websocket";

/// Receives Pushover messages and shows them on the desktop. An unofficial client for Pushover.
#[derive(Parser)]
#[command(name = "handover", version, args_conflicts_with_subcommands = true, after_help = ENVIRONMENT)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: run::Arguments,
}

#[derive(Subcommand)]
enum Command {
    /// Run the daemon, which receives messages (the default command)
    Run(run::Arguments),
    /// Start the daemon in the background
    Start(start::Arguments),
    /// Sign in and register this computer as a device
    Setup(setup::Arguments),
    /// Show the daemon's status
    Status(status::Arguments),
    /// List received messages
    #[command(alias = "list")]
    Messages(list::Arguments),
    /// Print each message as it arrives, or run a program for it
    Listen(listen::Arguments),
    /// Explain what the rules in the settings do to a message
    Rules(rules::Arguments),
    /// Acknowledge an emergency, which stops its alarm on every device of the account
    #[command(alias = "ack")]
    Acknowledge(acknowledge::Arguments),
    /// Send a message
    Send(Box<sending::Arguments>),
    /// Show what became of an emergency that was sent, or cancel it
    Receipt(sending::ReceiptArguments),
    /// Serve the local HTTP API alone, in the foreground
    Http(sending::HttpArguments),
    /// Show only emergencies for a while; messages are still received and saved
    Pause(pause::Arguments),
    /// End the pause and show what arrived during it
    #[command(alias = "unpause")]
    Resume,
    /// Download new messages now
    Sync,
    /// Start Handover at login, or stop doing so
    Autostart(autostart::Arguments),
    /// Check everything needed to receive messages and explain what is wrong
    Doctor(doctor::Arguments),
    /// Stop the daemon
    #[command(alias = "stop")]
    Quit,
    /// Sign out; messages are kept
    Logout(logout::Arguments),
    /// Put Handover into the menu of applications, if no package did
    InstallDesktopFiles(install_desktop_files::Arguments),
    /// Remove everything that Handover has saved: messages, settings, login, icons
    Uninstall(uninstall::Arguments),
    /// Show every step of receiving a message, without an account, with a stand-in for the service
    Demo(demo::Arguments),
    /// Run the stand-in for the service, for developers of senders and clients
    Sandbox(sandbox::Arguments),
    /// Print the version, as --version does
    #[command(hide = true)]
    Version,
}

/// All commands and their flags, from which the completions for shells are made.
pub fn definition() -> clap::Command {
    CommandLine::command()
}

/// Runs the command line of this process. clap reports usage errors, with exit code 2.
pub fn main() -> ExitCode {
    core_dumps::disable();
    let line = CommandLine::try_parse().unwrap_or_else(|error| suggestions::corrected(error).exit());
    let outcome = match line.command {
        None => run::run_or_show(&line.run),
        Some(Command::Run(arguments)) => run::run(&arguments),
        Some(Command::Start(arguments)) => start::run(&arguments),
        Some(Command::Setup(arguments)) => setup::run(&arguments),
        Some(Command::Status(arguments)) => status::run(&arguments),
        Some(Command::Messages(arguments)) => list::run(&arguments),
        Some(Command::Listen(arguments)) => listen::run(&arguments),
        Some(Command::Rules(arguments)) => rules::run(&arguments),
        Some(Command::Acknowledge(arguments)) => acknowledge::run(&arguments),
        Some(Command::Send(arguments)) => sending::run(*arguments),
        Some(Command::Receipt(arguments)) => sending::receipt(&arguments),
        Some(Command::Http(arguments)) => sending::http(&arguments),
        Some(Command::Pause(arguments)) => pause::run(&arguments),
        Some(Command::Resume) => resume::run(),
        Some(Command::Sync) => sync::run(),
        Some(Command::Autostart(arguments)) => autostart::run(&arguments),
        Some(Command::Doctor(arguments)) => doctor::run(&arguments),
        Some(Command::Quit) => quit::run(),
        Some(Command::Logout(arguments)) => logout::run(&arguments),
        Some(Command::InstallDesktopFiles(arguments)) => install_desktop_files::run(&arguments),
        Some(Command::Uninstall(arguments)) => uninstall::run(&arguments),
        Some(Command::Demo(arguments)) => demo::run(&arguments),
        Some(Command::Sandbox(arguments)) => sandbox::run(&arguments),
        Some(Command::Version) => {
            output::line(format!("handover {}", env!("CARGO_PKG_VERSION")));
            Ok(())
        }
    };
    ExitCode::from(output::exit_code(outcome))
}
