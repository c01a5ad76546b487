//! `handover setup`: sign in and register this computer as a device.
//!
//! Invariant: nothing is saved before the service has taken everything; the password is never saved.

use std::io::{self, IsTerminal};

use clap::Args;

use super::{environment, output};
use crate::app::instance::Instance;
use crate::app::problem::Kind;
use crate::app::register::{LoggedIn, Registered, first_flush, log_in, register};
use crate::app::surroundings::Surroundings;
use crate::app::{Parts, Problem};
use crate::control::{self, Request};
use crate::domain::account::{Credentials, DeviceName, Secret};
use crate::domain::settings::SecretPlace;

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
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Problem> {
    output::start_log(tracing::level_filters::LevelFilter::ERROR)?;
    let surroundings = environment::surroundings()?;
    if surroundings.settings.secret_store == SecretPlace::Keyring {
        return Err(Problem::new(
            "the login cannot be kept",
            "this version keeps it in a file, not in the keyring",
        )
        .hint("set secret_store = \"file\" or \"auto\" in the settings"));
    }
    if arguments.email.is_none() {
        output::line(
            "Handover is an unofficial client for Pushover. You need a Pushover account (https://pushover.net/signup),\n\
             and after 30 days a licence for Pushover for Desktop. Your password is not saved.\n",
        );
    }
    let name = arguments.device_name.as_deref().map(device_name).transpose()?;
    environment::block_on(async {
        let rest = surroundings.rest()?;
        let email = match &arguments.email {
            Some(email) => email.clone(),
            None => question("email address", "--email", "Email")?,
        };
        let password = password(arguments.password_stdin)?;
        let mut code = arguments.two_factor.clone();
        let secret = loop {
            match log_in(&rest, &email, &password, code.as_deref()).await? {
                LoggedIn::Yes(secret) => break secret,
                LoggedIn::CodeNeeded => {
                    code = Some(question("two-factor code", "--two-factor", "Two-factor code")?);
                }
            }
        };
        drop(password);
        let login = device(&surroundings, arguments, name, secret).await?;
        surroundings.save_login(&login).await?;
        output::line(format!("signed in as {}", login.device_name));
        flush(&surroundings, login).await
    })
}

/// Registers the device, asking for another name or consent where the name is taken.
async fn device(
    surroundings: &Surroundings,
    arguments: &Arguments,
    name: Option<DeviceName>,
    secret: Secret,
) -> Result<Credentials, Problem> {
    let rest = surroundings.rest()?;
    let proposed = surroundings.settings.device_name.clone().unwrap_or_else(|| surroundings.host_name());
    let mut name = match name {
        Some(name) => name,
        None if io::stdin().is_terminal() => ask_name(&proposed)?,
        None => proposed.clone(),
    };
    let mut take_over = arguments.take_over;
    loop {
        match register(&rest, secret.clone(), &name, take_over).await? {
            Registered::Yes(login) => return Ok(login),
            Registered::NameTaken if !io::stdin().is_terminal() => {
                return Err(Problem::new("registering this computer failed", format!("the name {name} is taken"))
                    .hint("choose another --device-name, or add --take-over: the device that has it stops receiving"));
            }
            Registered::NameTaken => {
                output::line(format!("Another device of the account is called {name}."));
                let answer =
                    output::ask("Take the name over, so that the other device stops receiving? [y/N]")?;
                take_over = matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes");
                if !take_over {
                    name = ask_name(&name)?;
                }
            }
        }
    }
}

fn ask_name(proposed: &DeviceName) -> Result<DeviceName, Problem> {
    loop {
        let answer = output::ask(&format!("Name for this computer [{proposed}]"))?;
        if answer.is_empty() {
            return Ok(proposed.clone());
        }
        match device_name(&answer) {
            Ok(name) => return Ok(name),
            Err(problem) => output::line(problem),
        }
    }
}

fn device_name(text: &str) -> Result<DeviceName, Problem> {
    DeviceName::new(text).ok_or_else(|| {
        Problem::new(&format!("`{text}` cannot be a device name"), "it may have up to 25 of A-Z a-z 0-9 _ -")
            .kind(Kind::Usage)
    })
}

/// Asks on a terminal; elsewhere the flag is missing.
fn question(what: &str, flag: &str, question: &str) -> Result<String, Problem> {
    if !io::stdin().is_terminal() {
        return Err(Problem::new(
            "setup stopped",
            format!("the {what} is missing and there is no terminal to ask on"),
        )
        .hint(format!("add {flag}")));
    }
    output::ask(question)
}

fn password(from_stdin: bool) -> Result<Secret, Problem> {
    if from_stdin {
        let mut line = String::new();
        io::stdin()
            .read_line(&mut line)
            .map_err(|error| Problem::new("the password cannot be read", error))?;
        let password = line.strip_suffix('\n').unwrap_or(&line);
        return Ok(Secret::new(password.strip_suffix('\r').unwrap_or(password)));
    }
    if !io::stdin().is_terminal() {
        return Err(Problem::new(
            "setup stopped",
            "the password is missing and there is no terminal to ask on",
        )
        .hint("add --password-stdin and give it as the first line of standard input"));
    }
    let password = rpassword::prompt_password("Password (not shown): ");
    Ok(Secret::new(password.map_err(|error| Problem::new("the password cannot be read", error))?))
}

/// Fetches what is outstanding: by the daemon when one runs, else here.
async fn flush(surroundings: &Surroundings, login: Credentials) -> Result<(), Problem> {
    surroundings.make_runtime_folder()?;
    let lock = Instance::take(&surroundings.paths.lock).map_err(|error| {
        Problem::new(&format!("{} cannot be used", surroundings.paths.lock.display()), error)
    })?;
    if lock.is_none() {
        control::ask(&surroundings.paths.socket, &Request::LoginChanged).await?;
        output::line("the running daemon carries on with this login");
        return Ok(());
    }
    let parts = Parts {
        settings: surroundings.settings.clone(),
        store: surroundings.open_store()?,
        rest: surroundings.rest()?,
        notifier: surroundings.notifier(),
        secrets: surroundings.secrets(),
        control: None,
        steps: None,
        stop: tokio_util::sync::CancellationToken::new(),
    };
    match first_flush(parts, login).await {
        Ok(0) => output::line("no message was waiting"),
        Ok(1) => output::line("1 waiting message recorded, see it with `handover messages`"),
        Ok(count) => {
            output::line(format!("{count} waiting messages recorded, see them with `handover messages`"));
        }
        // The daemon does it at its start.
        Err(problem) => output::line(format!("{problem}; `handover run` will fetch them")),
    }
    output::line("start receiving with `handover run`");
    Ok(())
}
