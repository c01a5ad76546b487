//! `handover setup`: sign in and register this computer as a device.
//!
//! Invariant: nothing is saved before the service has accepted everything; the password is never saved.
//!
//! On a terminal the wizard asks for what the flags do not say; elsewhere a missing flag is an error. Both answer the same
//! state machine, so both take the same steps.

use clap::{Args, ValueEnum};

use super::{environment, output};
use crate::app::Problem;
use crate::app::context::Context;
use crate::app::sign_in::{KnownAnswers, known_answers};
use crate::domain::account::DeviceName;
use crate::domain::settings::{Emergency, SecretBackend};

mod key;
mod line;
mod questions;
mod report;
mod terminal;
mod unattended;
mod wizard;

pub(super) use questions::secret as ask_for_secret;
pub(super) use terminal::{Terminal, is_there as is_terminal};
pub(super) use unattended::sign_in_unattended;

#[derive(Args)]
pub(super) struct Arguments {
    /// The account's email address
    #[arg(long)]
    email: Option<String>,
    /// Name for this computer: up to 25 of A-Z a-z 0-9 _ -
    #[arg(long, value_parser = device_name)]
    device_name: Option<DeviceName>,
    /// Read the password from the first line of standard input
    #[arg(long)]
    password_stdin: bool,
    /// The two-factor code, if the account has one
    #[arg(long, value_name = "CODE")]
    two_factor: Option<String>,
    /// Take over the name from the device that has it, which then stops receiving
    #[arg(long)]
    take_over: bool,
    /// Where to store the login from now on; auto uses the keyring if there is one, else a file
    #[arg(long, value_enum, value_name = "PLACE")]
    secret_store: Option<Place>,
    /// When to acknowledge emergencies, which stops the alarm on every device; auto means only while somebody is here
    #[arg(long, value_enum, value_name = "WHEN")]
    emergency: Option<When>,
    /// Whether to start Handover at login
    #[arg(long, value_enum, value_name = "on|off", hide_possible_values = true)]
    autostart: Option<AtLogin>,
    /// Ask on this terminal
    #[arg(long)]
    terminal: bool,
    /// Only set the end-to-end encryption key, typed or from standard input; an empty key removes it
    #[arg(long, exclusive = true)]
    encryption_key: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Place {
    Auto,
    Keyring,
    File,
}

#[derive(Clone, Copy, ValueEnum)]
enum When {
    Auto,
    Always,
    Manual,
    Never,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum AtLogin {
    On,
    Off,
}

/// What the user chose on the command line, besides the login.
#[derive(Clone, Copy)]
struct Choices {
    place: Option<SecretBackend>,
    emergency: Option<Emergency>,
    autostart: Option<bool>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Problem> {
    output::start_log(tracing::level_filters::LevelFilter::ERROR)?;
    let mut context = environment::context_with_settings()?;
    if arguments.encryption_key {
        return environment::block_on(key::run(&context));
    }
    let choices = Choices {
        place: arguments.secret_store.map(SecretBackend::from),
        emergency: arguments.emergency.map(Emergency::from),
        autostart: arguments.autostart.map(|at_login| at_login == AtLogin::On),
    };
    if let Some(place) = choices.place {
        context.settings.secret_store = place;
    }
    environment::block_on(async {
        let known = known(&context, arguments).await;
        if terminal::is_there() {
            Box::pin(wizard::run(&mut context, known, choices)).await
        } else {
            unattended::run(&mut context, known, arguments.password_stdin, choices).await
        }
    })
}

/// What is known and need not be asked.
async fn known(context: &Context, arguments: &Arguments) -> KnownAnswers {
    KnownAnswers {
        email: arguments.email.clone(),
        code: arguments.two_factor.clone(),
        name: arguments.device_name.clone(),
        take_over: arguments.take_over,
        emergency: None,
        ..known_answers(context).await
    }
}

fn device_name(text: &str) -> Result<DeviceName, &'static str> {
    DeviceName::new(text).ok_or("use up to 25 of A-Z a-z 0-9 _ -")
}

impl From<When> for Emergency {
    fn from(when: When) -> Self {
        match when {
            When::Auto => Self::Auto,
            When::Always => Self::Always,
            When::Manual => Self::Manual,
            When::Never => Self::Never,
        }
    }
}

impl From<Place> for SecretBackend {
    fn from(place: Place) -> Self {
        match place {
            Place::Auto => Self::Auto,
            Place::Keyring => Self::Keyring,
            Place::File => Self::File,
        }
    }
}
