//! The names of sounds: completed, and checked against the service's list.
//!
//! Invariant: the service is asked once a day at most, and never for a dry run.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::app::Problem;
use crate::app::problem::Kind;
use crate::domain::account::Secret;
use crate::pushover::Rest;
use crate::system::{atomic_file, clock, private_folder};

/// The sounds that every account has.
pub const BUILT_IN: [&str; 23] = [
    "pushover",
    "bike",
    "bugle",
    "cashregister",
    "classical",
    "cosmic",
    "falling",
    "gamelan",
    "incoming",
    "intermission",
    "magic",
    "mechanical",
    "pianobar",
    "siren",
    "spacealarm",
    "tugboat",
    "alien",
    "climb",
    "persistent",
    "echo",
    "updown",
    "vibrate",
    "none",
];

/// How long the list of the service is used.
const FRESH: Duration = Duration::from_hours(24);

/// The sounds of an application, as the service last listed them.
#[derive(Clone, Debug)]
pub struct SoundList {
    file: PathBuf,
}

impl SoundList {
    /// The list of this application, kept in this folder.
    pub fn of(cache: &Path, application: &str) -> Self {
        Self { file: cache.join(format!("sounds-of-{application}.txt")) }
    }

    /// The names without asking the service, and whether they are complete.
    pub fn known(&self) -> (Vec<String>, bool) {
        let modified = fs::metadata(&self.file).and_then(|file| file.modified()).ok();
        // The clock is read in whole seconds, so a file of this second may seem to be from the future.
        let soon = now() + Duration::from_secs(1);
        let is_fresh = modified.is_some_and(|time| soon.duration_since(time).is_ok_and(|age| age < FRESH));
        match fs::read_to_string(&self.file) {
            Ok(text) if is_fresh => (text.lines().map(str::to_owned).collect(), true),
            Ok(_) | Err(_) => (BUILT_IN.map(str::to_owned).to_vec(), false),
        }
    }

    /// The names; the service is asked if they are not known. Without an answer they are the ones of every account.
    pub async fn names(&self, rest: &Rest, token: &Secret) -> (Vec<String>, bool) {
        let known = self.known();
        if known.1 {
            return known;
        }
        match rest.sounds(token).await {
            Ok(sounds) if !sounds.is_empty() => {
                let names: Vec<String> = sounds.into_iter().map(|(name, _)| name).collect();
                // Without the file it is asked again the next time.
                drop(private_folder::create(atomic_file::folder_of(&self.file)).and_then(|()| {
                    atomic_file::replace_without_sync(&self.file, names.join("\n").as_bytes(), now())
                }));
                (names, true)
            }
            Ok(_) | Err(_) => known,
        }
    }
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(u64::try_from(clock::unix()).unwrap_or_default())
}

/// The sound that a name means: the name itself, or the only one that begins with it. If the list is not complete, an unknown name
/// may be a sound of the account and is taken as it is.
pub fn complete(name: &str, names: &[String], is_complete: bool) -> Result<String, Problem> {
    let wanted = name.to_ascii_lowercase();
    if let Some(exact) = names.iter().find(|known| **known == name || known.to_ascii_lowercase() == wanted) {
        return Ok(exact.clone());
    }
    let begins: Vec<&str> = names
        .iter()
        .filter(|known| known.to_ascii_lowercase().starts_with(&wanted))
        .map(String::as_str)
        .collect();
    let unusable =
        |why: String, hint: String| Problem::new("nothing was sent", why).kind(Kind::Usage).hint(hint);
    match begins.as_slice() {
        [one] if !wanted.is_empty() => Ok((*one).to_owned()),
        [] if !is_complete && !wanted.is_empty() => Ok(name.to_owned()),
        [] => Err(unusable(format!("there is no sound `{name}`"), format!("sounds: {}", names.join(", ")))),
        several => Err(unusable(
            format!("`{name}` matches several sounds"),
            format!("write out one of: {}", several.join(", ")),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_completed_and_checked() {
        let names = BUILT_IN.map(str::to_owned);
        let complete = |name| complete(name, &names, true).map_err(|problem| problem.message);
        assert_eq!(complete("bike").unwrap(), "bike");
        assert_eq!(complete("Tug").unwrap(), "tugboat");
        assert_eq!(complete("si").unwrap(), "siren");
        assert_eq!(complete("p").unwrap_err(), "nothing was sent: `p` matches several sounds");
        assert_eq!(complete("trumpet").unwrap_err(), "nothing was sent: there is no sound `trumpet`");
        assert_eq!(super::complete("trumpet", &names, false).unwrap(), "trumpet");
        assert!(super::complete("", &names, false).is_err());
    }
}
