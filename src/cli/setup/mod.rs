//! `handover setup`: sign in and register this computer as a device.
//!
//! Invariant: nothing is saved before the service has taken everything; the password is never saved.
//!
//! On a terminal the wizard asks for what the flags do not say; elsewhere what is missing is a failure. Both
//! give their answers to the same machine, so both meet the same steps.

use clap::{Args, ValueEnum};

use super::{environment, output};
use crate::app::Problem;
use crate::app::context::Context;
use crate::app::problem::Kind;
use crate::app::sign_in::{Known, SignedIn};
use crate::daemon::Fetched;
use crate::domain::account::DeviceName;
use crate::domain::settings::SecretBackend;

mod key;
mod questions;
mod terminal;
mod unattended;
mod wizard;

pub(super) use unattended::sign_in_unasked;

#[derive(Args)]
pub(super) struct Arguments {
    /// The account's email address
    #[arg(long)]
    email: Option<String>,
    /// The name to register this computer under: up to 25 of A-Z a-z 0-9 _ -
    #[arg(long)]
    device_name: Option<String>,
    /// Read the password from the first line of standard input
    #[arg(long)]
    password_stdin: bool,
    /// The two-factor code, if the account has one
    #[arg(long, value_name = "CODE")]
    two_factor: Option<String>,
    /// Take over the name from the device that has it now, which stops receiving
    #[arg(long)]
    take_over: bool,
    /// Where to keep the login, now and from now on; auto takes the keyring where there is one, else the file
    #[arg(long, value_enum, value_name = "PLACE")]
    secret_store: Option<Place>,
    /// Ask on this terminal
    #[arg(long)]
    terminal: bool,
    /// Only take the key of end-to-end encryption: hidden on a terminal, else from the first line of standard input; an empty one forgets it
    #[arg(long, exclusive = true)]
    encryption_key: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Place {
    Auto,
    Keyring,
    File,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Problem> {
    output::start_log(tracing::level_filters::LevelFilter::ERROR)?;
    let mut context = environment::context_with_settings()?;
    if arguments.encryption_key {
        return environment::block_on(key::run(&context));
    }
    if let Some(place) = arguments.secret_store {
        context.settings.secret_store = place.into();
    }
    let name = arguments.device_name.as_deref().map(device_name).transpose()?;
    environment::block_on(async {
        let known = known(&context, arguments, name).await;
        if terminal::is_there() {
            wizard::run(&mut context, arguments, known).await
        } else {
            unattended::run(&mut context, arguments, known).await
        }
    })
}

/// What need not be asked, and what to offer.
async fn known(context: &Context, arguments: &Arguments, name: Option<DeviceName>) -> Known {
    // A login that cannot be read is no reason not to make a new one.
    let before = context.login().await.ok().flatten().map(|login| login.device_name);
    let settings = &context.settings;
    let wanted = settings.device_name.clone().or_else(|| before.clone());
    Known {
        email: arguments.email.clone(),
        code: arguments.two_factor.clone(),
        name,
        take_over: arguments.take_over,
        before,
        ..Known::nothing(wanted.unwrap_or_else(|| context.host_name()))
    }
}

fn device_name(text: &str) -> Result<DeviceName, Problem> {
    DeviceName::new(text).ok_or_else(|| {
        Problem::new(&format!("`{text}` cannot be a device name"), "it may have up to 25 of A-Z a-z 0-9 _ -")
            .kind(Kind::Usage)
    })
}

fn report_signed_in(signed_in: &SignedIn) {
    output::line(format!("signed in as {}", signed_in.login.device_name));
}

fn report_fetched(fetched: &Fetched) {
    match fetched {
        Fetched::Here(0) => output::line("no message was waiting"),
        Fetched::Here(1) => output::line("1 waiting message recorded, see it with `handover messages`"),
        Fetched::Here(count) => {
            output::line(format!("{count} waiting messages recorded, see them with `handover messages`"));
        }
        Fetched::Later(problem) => output::line(format!("{problem}; `handover run` will fetch them")),
        Fetched::ByDaemon => output::line("the running daemon carries on with this login"),
    }
}

fn report_next_step(fetched: &Fetched) {
    match fetched {
        Fetched::Here(_) | Fetched::Later(_) => output::line("start receiving with `handover run`"),
        Fetched::ByDaemon => {}
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
