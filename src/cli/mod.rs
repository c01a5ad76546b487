//! The words on a terminal: the command line, and one file a command.
//!
//! Invariant: results go to standard output, failures as `error:` and `hint:` to standard error, and the
//! exit code says which kind: 0 done, 1 failed, 2 usage, 3 not signed in, 4 not running.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::app::Problem;
use crate::app::problem::Kind;

mod acknowledge;
mod autostart;
mod demo;
mod doctor;
mod environment;
mod logout;
mod messages;
mod output;
mod pause;
mod quit;
mod resume;
mod run;
mod sandbox;
mod setup;
mod status;
mod sync;
mod usage;

const ENVIRONMENT: &str = "\
Environment:
  HANDOVER_LOG            How much is logged: error, warn, info, debug or trace
  HANDOVER_API_URL        Another service than Pushover's, such as that of `handover sandbox`
  HANDOVER_WEBSOCKET_URL  Its websocket";

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
    /// Receive messages until told to stop (as with no command, which shows the one that runs if there is one)
    Run(run::Arguments),
    /// Sign in and register this computer as a device
    Setup(setup::Arguments),
    /// Say how things stand
    Status(status::Arguments),
    /// List received messages
    Messages(messages::Arguments),
    /// Acknowledge an emergency, which stops its alarm on every device of the account
    Acknowledge(acknowledge::Arguments),
    /// Show nothing but emergencies for a while; everything is still received
    Pause(pause::Arguments),
    /// End the pause, and show what arrived meanwhile
    Resume,
    /// Download now
    Sync,
    /// Start at login, or not
    Autostart(autostart::Arguments),
    /// Look at everything receiving depends on, and explain what is wrong
    Doctor(doctor::Arguments),
    /// Stop the daemon
    Quit,
    /// Forget the login; messages are kept
    Logout(logout::Arguments),
    /// Watch the whole way of a message, with no account, against a stand-in for the service
    Demo(demo::Arguments),
    /// Run the stand-in for the service, for people who write senders or clients
    Sandbox(sandbox::Arguments),
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let line = match CommandLine::try_parse() {
        Ok(line) => line,
        Err(error) => match usage::problem(&error, std::env::args_os().skip(1)) {
            Some(problem) => return ended(Err(problem)),
            None => error.exit(),
        },
    };
    let Some(command) = line.command else { return ended(run::run_or_show(&line.run)) };
    let outcome = match command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Setup(arguments) => setup::run(&arguments),
        Command::Status(arguments) => status::run(&arguments),
        Command::Messages(arguments) => messages::run(&arguments),
        Command::Acknowledge(arguments) => acknowledge::run(&arguments),
        Command::Pause(arguments) => pause::run(&arguments),
        Command::Resume => resume::run(),
        Command::Sync => sync::run(),
        Command::Autostart(arguments) => autostart::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Quit => quit::run(),
        Command::Logout(arguments) => logout::run(&arguments),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Sandbox(arguments) => sandbox::run(&arguments),
    };
    ended(outcome)
}

/// Says what went wrong, if something did.
fn ended(outcome: Result<(), Problem>) -> ExitCode {
    ExitCode::from(told(outcome))
}

/// The same as a number.
fn told(outcome: Result<(), Problem>) -> u8 {
    let Err(problem) = outcome else { return 0 };
    output::problem(&problem);
    match problem.kind {
        Kind::Failed => 1,
        Kind::Usage => 2,
        Kind::NotSignedIn => 3,
        Kind::NotRunning => 4,
    }
}
