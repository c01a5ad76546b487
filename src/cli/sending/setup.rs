//! `handover send setup`: asks for a token and a key, has the service check them, and stores them.
//!
//! Invariant: a secret is typed unseen or read from standard input, never an argument; what the service refuses is not stored.

use std::io::{self, BufRead as _};

use clap::Args;
use tokio_util::sync::CancellationToken;

use crate::app::Problem;
use crate::app::context::Context;
use crate::app::send::test_message::MYSELF;
use crate::app::send::{Keys, compose, setup};
use crate::cli::setup::{Terminal, ask_for_secret, is_terminal};
use crate::cli::{environment, output, signals};
use crate::domain::account::Secret;
use crate::domain::sending::SecretName;
use crate::domain::sending::settings::is_name;

/// The application where none is named, and the settings have none.
const APPLICATION: &str = "default";

#[derive(Args)]
pub(super) struct Arguments {
    /// The name of the application in the settings [default: the one that is used where none is named]
    #[arg(long, value_name = "NAME", value_parser = name)]
    application: Option<String>,
    /// The name of the recipient in the settings [default: me]
    #[arg(long, value_name = "NAME", value_parser = name)]
    recipient: Option<String>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Problem> {
    output::start_log(tracing::level_filters::LevelFilter::ERROR)?;
    let context = environment::context_with_settings()?;
    environment::block_on(async {
        // A second application would need a default.
        let known = compose::application_named(&context.settings, None).ok();
        let application = arguments.application.as_deref().or(known.as_deref()).unwrap_or(APPLICATION);
        let recipient = arguments.recipient.as_deref().unwrap_or(MYSELF);
        let mut input = Input::new()?;
        let intro = format!("Token of the application `{application}`, from https://pushover.net/apps:");
        let typed = input.secret(intro, "leave empty to keep the one that is stored").await?;
        let token = if typed.expose().is_empty() {
            let secrets = context.secrets();
            Keys { settings: &context.settings, secrets: &secrets }.token(application).await?
        } else {
            let quota = setup::check_token(&context, &typed).await?;
            store(&context, &SecretName::Application(application.to_owned()), &typed).await?;
            output::line(format_args!("{} of {} messages are left this month", quota.remaining, quota.limit));
            typed
        };
        let intro = format!("Key of the user or group `{recipient}`:");
        let key = input.secret(intro, "leave empty to add no recipient").await?;
        if key.expose().is_empty() {
            return environment::tell_of_settings(&context).await;
        }
        let validated = setup::check_key(&context, &token, &key).await?;
        let name = SecretName::Recipient(recipient.to_owned());
        store(&context, &name, &key).await?;
        output::line(if validated.is_group {
            format!("`{recipient}` is a group")
        } else {
            format!("devices of `{recipient}`: {}", output::harmless(&validated.devices.join(", ")))
        });
        output::line(format_args!("try: handover send --to {recipient} hello"));
        environment::tell_of_settings(&context).await
    })
}

async fn store(context: &Context, name: &SecretName, secret: &Secret) -> Result<(), Problem> {
    let place = setup::keep(context, name, secret).await?;
    output::line(format_args!("{} `{}` is stored in {place}", name.what(), name.name().unwrap_or_default()));
    Ok(())
}

/// Where the secrets come from: prompts, or the lines of standard input.
enum Input {
    Terminal(Terminal),
    Lines,
}

impl Input {
    fn new() -> Result<Self, Problem> {
        if !is_terminal() {
            return Ok(Self::Lines);
        }
        let stop = CancellationToken::new();
        signals::cancel_on_termination(&stop)?;
        Terminal::take(stop).map(Self::Terminal)
    }

    async fn secret(&mut self, question: String, help: &'static str) -> Result<Secret, Problem> {
        match self {
            Self::Terminal(terminal) => {
                terminal.prompt(move || ask_for_secret(&question, help)).await.map(|secret| trimmed(&secret))
            }
            Self::Lines => {
                let mut line = String::new();
                let read = io::stdin().lock().read_line(&mut line);
                read.map_err(|error| Problem::of_system("standard input cannot be read", &error))?;
                Ok(trimmed(&Secret::new(line)))
            }
        }
    }
}

fn trimmed(secret: &Secret) -> Secret {
    Secret::new(secret.expose().trim())
}

fn name(text: &str) -> Result<String, &'static str> {
    is_name(text).then(|| text.to_owned()).ok_or("use letters, digits, _, - and .")
}
