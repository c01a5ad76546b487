//! A test message that users send to themselves, to see whether sending works.
//!
//! Invariant: it goes to one recipient, and only if it is clear which.

use super::{Keys, Options, RetryPolicy, compose, deliver, form};
use crate::app::Problem;
use crate::domain::settings::Settings;
use crate::ports::SecretStore;
use crate::pushover::Rest;

/// The name that `handover send setup` gives to the user as a recipient.
pub const MYSELF: &str = "me";

/// Whether an application and a recipient are known.
pub fn is_possible(settings: &Settings) -> bool {
    options(settings).is_some_and(|options| compose(settings, &options, None).is_ok())
}

/// The message, if it is clear whom to send it to.
fn options(settings: &Settings) -> Option<Options> {
    let recipients = &settings.recipients;
    let only = recipients.keys().next().filter(|_| recipients.len() == 1);
    let recipient = recipients.get_key_value(MYSELF).map(|(name, _)| name).or(only)?;
    Some(Options {
        to: vec![recipient.clone()],
        title: Some("Test message".to_owned()),
        message: Some("Sending with Handover works.".to_owned()),
        ..Options::default()
    })
}

/// Sends it; returns what happened in a sentence.
pub async fn send<S: SecretStore>(rest: &Rest, keys: &Keys<'_, S>) -> Result<String, Problem> {
    let Some(options) = options(keys.settings) else {
        return Err(Problem::new(
            "nothing was sent",
            "it is not clear whom to send it to: there is no recipient `me`",
        )
        .hint(
            "run `handover send setup`; it asks for the token of an application and for your own user key",
        ));
    };
    for request in compose(keys.settings, &options, None)? {
        let whom = (request.application.as_str(), request.recipients.as_slice());
        let retries = RetryPolicy { attempts: 1, ..RetryPolicy::default() };
        deliver(rest, keys, whom, &form(&request.draft), retries, |_, _| {})
            .await
            .map_err(|undelivered| undelivered.problem)?;
    }
    Ok("the test message was sent".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sending::settings::{Application, Recipient};

    #[test]
    fn it_is_offered_only_if_it_is_clear_who_sends_to_whom() {
        let mut settings = Settings::default();
        assert!(!is_possible(&settings));
        settings.applications.insert("a".into(), Application::default());
        assert!(!is_possible(&settings));
        settings.recipients.insert("ann".into(), Recipient::default());
        assert!(is_possible(&settings));
        settings.recipients.insert("bob".into(), Recipient::default());
        assert!(!is_possible(&settings));
        settings.recipients.insert("me".into(), Recipient::default());
        assert!(is_possible(&settings));
        settings.applications.insert("b".into(), Application::default());
        assert!(!is_possible(&settings), "neither application is the default");
    }
}
