//! `handover receipt`: the state of an emergency that was sent, and the wait until somebody acknowledges it.
//!
//! Invariant: ending the wait leaves the emergency as it is, unless the user says that it is to be cancelled.

use std::io::IsTerminal as _;

use clap::Args;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::app::Problem;
use crate::app::problem::Kind;
use crate::app::send::{Keys, ReceiptState, Rest, StoredSecrets, compose, receipt};
use crate::cli::{environment, output, signals};
use crate::domain::account::Secret;
use crate::domain::message::Receipt;

#[derive(Args)]
pub(in crate::cli) struct Arguments {
    /// The receipt that `handover send` printed
    receipt: String,
    /// Cancel the emergency
    #[arg(long, conflicts_with = "wait")]
    cancel: bool,
    /// Wait until somebody acknowledges it
    #[arg(long)]
    wait: bool,
    /// The application that sent it, by its name in the settings
    #[arg(long, value_name = "NAME")]
    application: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> Result<(), Problem> {
    output::start_log(tracing::level_filters::LevelFilter::ERROR)?;
    let context = environment::context_with_settings()?;
    let Some(emergency) = Receipt::new(&arguments.receipt) else {
        return Err(
            Problem::new("the receipt cannot be used", "it has to be letters and digits").kind(Kind::Usage)
        );
    };
    let application = compose::application_named(&context.settings, arguments.application.as_ref())?;
    environment::block_on(async {
        let (rest, secrets) = (context.rest()?, context.secrets());
        let keys = Keys { settings: &context.settings, secrets: &secrets };
        let token = keys.token(&application).await?;
        if arguments.cancel {
            receipt::cancel(&rest, &token, &emergency).await?;
            output::line("cancelled");
            return Ok(());
        }
        if arguments.wait {
            let stop = CancellationToken::new();
            signals::cancel_on_termination(&stop)?;
            let sent = (application.as_str(), &token);
            return wait(&rest, &keys, sent, &emergency, &stop, arguments.json).await;
        }
        let state = receipt::state(&rest, &token, &emergency).await?;
        show(&state, &keys, arguments.json).await;
        Ok(())
    })
}

/// Waits until the emergency is over. On Ctrl-C a user at a terminal is asked whether to cancel it.
pub(super) async fn wait(
    rest: &Rest,
    keys: &Keys<'_, StoredSecrets>,
    (application, token): (&str, &Secret),
    emergency: &Receipt,
    stop: &CancellationToken,
    as_json: bool,
) -> Result<(), Problem> {
    let changed = |state: &ReceiptState| {
        if let Some(delivered) = state.last_delivered_at.filter(|_| !as_json) {
            output::aside(format_args!(
                "not acknowledged yet, last delivered {}",
                output::local_time(delivered)
            ));
        }
    };
    let followed = receipt::follow(rest, token, emergency, changed);
    let Some(state) = stop.run_until_cancelled(followed).await else {
        return stopped(rest, (application, token), emergency).await;
    };
    let state = state?;
    show(&state, keys, as_json).await;
    if state.acknowledged_at.is_some() {
        return Ok(());
    }
    Err(Problem::failed("no one acknowledged the emergency"))
}

async fn stopped(
    rest: &Rest,
    (application, token): (&str, &Secret),
    emergency: &Receipt,
) -> Result<(), Problem> {
    let goes_on = Problem::failed("stopped waiting; the emergency goes on").hint(format!(
        "`handover receipt {} --application {application} --cancel` ends it",
        emergency.as_str()
    ));
    if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
        return Err(goes_on);
    }
    let question = tokio::task::spawn_blocking(|| output::agrees("Cancel the emergency?", "it goes on"));
    let is_agreed = tokio::select! {
        agreed = question => agreed.unwrap_or(Ok(false))?,
        _ = tokio::signal::ctrl_c() => false,
    };
    if !is_agreed {
        return Err(goes_on);
    }
    receipt::cancel(rest, token, emergency).await?;
    output::line("cancelled");
    Ok(())
}

async fn show(state: &ReceiptState, keys: &Keys<'_, StoredSecrets>, as_json: bool) {
    if !as_json {
        output::line(output::harmless(&receipt::sentence(state, keys).await));
        return;
    }
    let by = match &state.acknowledged_by {
        Some(user) => receipt::name_of(user, keys).await,
        None => None,
    };
    output::line(json!({
        "acknowledged": state.acknowledged_at.is_some(),
        "acknowledged_at": state.acknowledged_at,
        "acknowledged_by": by,
        "acknowledged_by_device": state.acknowledged_by_device,
        "last_delivered_at": state.last_delivered_at,
        "expired": state.expired,
        "expires_at": state.expires_at,
        "called_back_at": state.called_back_at,
    }));
}
