//! Everything that happens to a message before it is sent: template, recipients, limits, encryption, and the name of its sound.
//!
//! Invariant: every front end prepares a message here, so that all of them check the same and fail with the same words.

use std::path::Path;

use super::sounds::{self, SoundList};
use super::{Keys, Options, Outgoing, compose, encryption};
use crate::app::Problem;
use crate::ports::SecretStore;
use crate::pushover::Rest;
use crate::system::off_thread::off_thread;

/// What a message is prepared with.
#[derive(Debug)]
pub struct Preparation<'a, S> {
    /// The settings and the secrets.
    pub keys: &'a Keys<'a, S>,
    /// The folder where the names of sounds are kept.
    pub cache: &'a Path,
}

impl<S: SecretStore> Preparation<'_, S> {
    /// The requests for what was asked. `service` is asked for the names of the account's sounds if they are needed; without it
    /// nothing is asked, as for a dry run.
    pub async fn requests(
        &self,
        options: Options,
        service: Option<impl FnOnce() -> Result<Rest, Problem>>,
    ) -> Result<Vec<Outgoing>, Problem> {
        let Keys { settings, secrets } = *self.keys;
        let key = encryption(settings, secrets, &options).await?;
        let settings = settings.clone();
        // An attachment is a file.
        let mut requests = off_thread(move || compose(&settings, &options, key.as_ref())).await?;
        // They all have the same application and the same sound.
        let Some((application, sound)) =
            requests.first().and_then(|first| Some((first.application.clone(), first.draft.sound.clone()?)))
        else {
            return Ok(requests);
        };
        let list = SoundList::of(self.cache, &application);
        let (names, is_complete) = match service.filter(|_| !sounds::BUILT_IN.contains(&sound.as_str())) {
            Some(service) => list.names(&service()?, &self.keys.token(&application).await?).await,
            None => list.known(),
        };
        let sound = sounds::complete(&sound, &names, is_complete)?;
        for request in &mut requests {
            request.draft.sound = Some(sound.clone());
        }
        Ok(requests)
    }
}
