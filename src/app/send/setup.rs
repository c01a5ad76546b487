//! Sets up an application and a recipient: checks what was entered with the service, stores it, and names it in the settings.
//!
//! Invariant: what the service refuses is not stored, and the settings file never gets a token or a key.

use super::is_key;
use crate::app::Problem;
use crate::app::context::Context;
use crate::app::problem::of_service;
use crate::config;
use crate::desktop::secrets::LoginLocation;
use crate::domain::account::Secret;
use crate::domain::sending::SecretName;
use crate::domain::settings::SecretBackend;
use crate::ports::SecretStore as _;
use crate::pushover::{Quota, Validated};

/// Asks the service whether this is the token of an application.
pub async fn check_token(context: &Context, token: &Secret) -> Result<Quota, Problem> {
    let what = "the token cannot be used";
    shape(what, token)?;
    context.rest()?.quota(token).await.map_err(|error| {
        if error.is_final() {
            Problem::new(what, &error)
                .hint("copy the token of the application from https://pushover.net/apps")
        } else {
            of_service(what, &error)
        }
    })
}

/// Asks the service whether this is the key of a user or a group that this application can send to.
pub async fn check_key(context: &Context, token: &Secret, key: &Secret) -> Result<Validated, Problem> {
    let what = "the key cannot be used";
    shape(what, key)?;
    context.rest()?.validate(token, key).await.map_err(|error| {
        if error.is_final() {
            Problem::new(what, &error).hint("the user finds the key at the top of https://pushover.net")
        } else {
            of_service(what, &error)
        }
    })
}

fn shape(what: &str, secret: &Secret) -> Result<(), Problem> {
    if is_key(secret.expose()) {
        return Ok(());
    }
    Err(Problem::new(what, "it does not have 30 letters and digits").hint("copy it without spaces around it"))
}

/// Stores a secret that was checked, and names it in the settings if they do not name it yet; where it is stored.
pub async fn keep(context: &Context, name: &SecretName, secret: &Secret) -> Result<LoginLocation, Problem> {
    let secrets = context.secrets();
    if let Err(problem) = secrets.unlock().await
        && context.settings.secret_store == SecretBackend::Keyring
    {
        return Err(problem.into());
    }
    let place = secrets.save_secret(name, secret).await?;
    config::name_in_settings(&context.paths.settings, name)
        .map_err(|error| Problem::new("the settings cannot be changed", &error).hint(error.hint()))?;
    Ok(place)
}
