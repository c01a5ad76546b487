//! `handover autostart`: whether the daemon starts at login.
//!
//! Invariant: the first word of the status is `on` or `off`, and is what will happen at the next login.

use clap::{Args, ValueEnum};

use crate::app::Problem;
use crate::app::autostart::{self, Autostart};
use crate::cli::output;

#[derive(Args)]
pub(in crate::cli) struct Arguments {
    /// Turn it on or off, or show whether it is on
    #[arg(value_enum, value_name = "on|off|status", hide_possible_values = true)]
    state: Switch,
}

#[derive(Clone, Copy, ValueEnum)]
enum Switch {
    On,
    Off,
    Status,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> Result<(), Problem> {
    match arguments.state {
        Switch::On => on(),
        Switch::Off => off(),
        Switch::Status => status(),
    }
}

fn on() -> Result<(), Problem> {
    match autostart::status()? {
        there @ (Autostart::On | Autostart::ByUnit(_)) => {
            output::line(format!("already on: {}", autostart::sentence(&there)));
        }
        Autostart::Other(_) | Autostart::Missing(_) | Autostart::Disabled | Autostart::Off => {
            autostart::switch_on()?;
            output::line("Handover will start at login");
        }
    }
    Ok(())
}

fn off() -> Result<(), Problem> {
    let before = autostart::status()?;
    autostart::switch_off()?;
    output::line(if before == Autostart::Off {
        "already off: Handover does not start at login"
    } else {
        "Handover no longer starts at login"
    });
    Ok(())
}

fn status() -> Result<(), Problem> {
    let there = autostart::status()?;
    let word = if there.is_on() { "on" } else { "off" };
    output::line(format!("{word}: {}", autostart::sentence(&there)));
    autostart::hint(&there).iter().for_each(output::line);
    if let Autostart::On | Autostart::Other(_) = there
        && let Some(unit) = autostart::enabled_unit()
    {
        let unit = unit.display();
        output::line(format!("the systemd unit {unit} also starts it; one of the two is enough"));
    }
    Ok(())
}
