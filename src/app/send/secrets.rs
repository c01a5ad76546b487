//! Finds the token of an application and the key of a recipient: in the settings, from a program, or in the secret store.
//!
//! Invariant: what was found is in the returned value only, never in an error.

use crate::app::Problem;
use crate::desktop::programs::key_command;
use crate::domain::account::Secret;
use crate::domain::sending::SecretName;
use crate::domain::sending::settings::SecretSource;
use crate::domain::settings::Settings;
use crate::ports::SecretStore;

/// What is needed to send: the settings, and the store of the secrets that are not in them.
#[derive(Debug)]
pub struct Keys<'a, S> {
    /// The settings.
    pub settings: &'a Settings,
    /// The store of the login, which also has the secrets for sending.
    pub secrets: &'a S,
}

impl<S: SecretStore> Keys<'_, S> {
    /// The token of the application with this name.
    pub async fn token(&self, name: &str) -> Result<Secret, Problem> {
        let Some(application) = self.settings.applications.get(name) else {
            return Err(unknown_application(name));
        };
        let stored = SecretName::Application(name.to_owned());
        self.key(&application.token, &stored, &format!("the token of the application `{name}`")).await
    }

    /// The key of the recipient with this name.
    pub async fn recipient(&self, name: &str) -> Result<Secret, Problem> {
        let Some(recipient) = self.settings.recipients.get(name) else {
            return Err(Problem::new("nothing was sent", format!("there is no recipient `{name}`"))
                .hint("name the recipient in the settings, or run `handover send setup`"));
        };
        let stored = SecretName::Recipient(name.to_owned());
        self.key(&recipient.key, &stored, &format!("the key of the recipient `{name}`")).await
    }

    /// A token of the HTTP API or of one of its channels, which may be any text; `None` if there is none.
    pub async fn password(
        &self,
        source: &SecretSource,
        stored: &SecretName,
    ) -> Result<Option<Secret>, Problem> {
        self.find(source, stored, stored.what()).await
    }

    async fn key(&self, source: &SecretSource, stored: &SecretName, what: &str) -> Result<Secret, Problem> {
        let hint = "run `handover send setup`, or write it into the settings; `man handover-config` says how";
        let Some(found) = self.find(source, stored, what).await? else {
            return Err(Problem::new("nothing was sent", format!("{what} is not known")).hint(hint));
        };
        let trimmed = found.expose().trim();
        if !is_key(trimmed) {
            let why = format!("{what} does not have 30 letters and digits");
            return Err(Problem::new("nothing was sent", why).hint(hint));
        }
        Ok(if trimmed.len() == found.expose().len() { found } else { Secret::new(trimmed) })
    }

    async fn find(
        &self,
        source: &SecretSource,
        stored: &SecretName,
        what: &str,
    ) -> Result<Option<Secret>, Problem> {
        if let Some(value) = &source.value {
            return Ok(Some(value.clone()));
        }
        if source.command.is_empty() {
            return Ok(self.secrets.secret(stored).await?);
        }
        let printed = key_command::run(&source.command).await;
        printed.map(Some).map_err(|fault| {
            Problem::new(&format!("{what} cannot be read"), fault)
                .hint("fix the command in the settings: it has to print the secret on its first line")
        })
    }
}

/// Whether this looks like a token or a key of the service: 30 letters and digits.
pub fn is_key(text: &str) -> bool {
    text.len() == 30 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

pub(super) fn unknown_application(name: &str) -> Problem {
    Problem::new("nothing was sent", format!("there is no application `{name}` in the settings"))
        .hint("run `handover send setup`, or add a section [applications.NAME]")
}
