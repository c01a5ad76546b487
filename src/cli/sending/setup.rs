//! `handover send setup`: asks for a token and a key, has the service check them, and stores them.
//!
//! Invariant: a secret is typed unseen or read from standard input, never an argument; nothing is stored before the service has
//! accepted everything.

use std::io::{self, BufRead as _};

use clap::Args;
use tokio_util::sync::CancellationToken;

use crate::app::Problem;
use crate::app::context::Context;
use crate::app::send::test_message::MYSELF;
use crate::app::send::{Keys, Quota, Validated, compose, setup};
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
        let (token, quota) = token(&context, &mut input, application).await?;
        let key = key(&context, &mut input, recipient, &token).await?;
        // Nothing is stored before both are accepted, so a user who stops before that has changed nothing.
        if let Some(quota) = quota {
            store(&context, &SecretName::Application(application.to_owned()), &token).await?;
            output::line(format_args!("{} of {} messages are left this month", quota.remaining, quota.limit));
        }
        if let Some((key, validated)) = key {
            store(&context, &SecretName::Recipient(recipient.to_owned()), &key).await?;
            output::line(if validated.is_group {
                format!("`{recipient}` is a group")
            } else {
                format!("devices of `{recipient}`: {}", output::harmless(&validated.devices.join(", ")))
            });
            output::line(format_args!("try: handover send --to {recipient} hello"));
        }
        environment::tell_of_settings(&context).await
    })
}

/// The token of the application, and its quota if it is a new one.
async fn token(
    context: &Context,
    input: &mut Input,
    application: &str,
) -> Result<(Secret, Option<Quota>), Problem> {
    loop {
        let question = format!("Token of the application `{application}`, from https://pushover.net/apps:");
        let typed = input.secret(question, "leave empty to keep the one that is stored").await?;
        let checked = if typed.expose().is_empty() {
            let secrets = context.secrets();
            let keys = Keys { settings: &context.settings, secrets: &secrets };
            keys.token(application).await.map(|token| (token, None))
        } else {
            setup::check_token(context, &typed).await.map(|quota| (typed, Some(quota)))
        };
        match checked {
            Ok(token) => return Ok(token),
            Err(problem) => input.ask_again(problem)?,
        }
    }
}

/// The key of the recipient, and what the service says about it; `None` to add no recipient.
async fn key(
    context: &Context,
    input: &mut Input,
    recipient: &str,
    token: &Secret,
) -> Result<Option<(Secret, Validated)>, Problem> {
    // The service sent it at the sign-in. One that cannot be read can still be typed.
    let own = match recipient {
        MYSELF => context.secrets().read_secret(&SecretName::UserKey).await.ok().flatten(),
        _ => None,
    };
    loop {
        let question = format!("Key of the user or group `{recipient}`:");
        let help = match own {
            Some(_) => "leave empty to use the key of the account that is signed in here",
            None => "yours is at the top of https://pushover.net; leave empty to add no recipient",
        };
        let typed = input.secret(question, help).await?;
        let typed = match (typed.expose().is_empty(), &own) {
            (true, None) => return Ok(None),
            (true, Some(own)) => own.clone(),
            (false, _) => typed,
        };
        match setup::check_key(context, token, &typed).await {
            Ok(validated) => return Ok(Some((typed, validated))),
            Err(problem) => input.ask_again(problem)?,
        }
    }
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
        signals::cancel_on_hangup(&stop)?;
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

    /// A person at a terminal can type it again.
    fn ask_again(&self, problem: Problem) -> Result<(), Problem> {
        match self {
            Self::Terminal(_) => {
                output::aside(problem.in_lines());
                Ok(())
            }
            Self::Lines => Err(problem),
        }
    }
}

fn trimmed(secret: &Secret) -> Secret {
    Secret::new(secret.expose().trim())
}

fn name(text: &str) -> Result<String, &'static str> {
    is_name(text).then(|| text.to_owned()).ok_or("use letters, digits, _, - and .")
}
