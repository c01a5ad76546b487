//! What each key of the settings file takes, as values and in words for a person.
//!
//! Invariant: a key has the same words here whatever is wrong with its value.

use crate::domain::account::DeviceName;
use crate::domain::settings::{Backlog, Emergency, SecretBackend};

/// What the settings file may say to have the host's name.
pub(super) const HOST: &str = "<host>";

/// The keys there are, as they are named to a person.
pub(super) const KEYS: &str = "device_name, secret_store, open_links, backlog, emergency, sound, \
    break_through in [pause], command and min_priority in [hook], key_command in [encryption]";

pub(super) const SECRET_STORES: &[(&str, SecretBackend)] =
    &[("auto", SecretBackend::Auto), ("keyring", SecretBackend::Keyring), ("file", SecretBackend::File)];

pub(super) const BACKLOGS: &[(&str, Backlog)] =
    &[("summary", Backlog::Summary), ("all", Backlog::All), ("silent", Backlog::Silent)];

pub(super) const EMERGENCIES: &[(&str, Emergency)] = &[
    ("auto", Emergency::Auto),
    ("always", Emergency::Always),
    ("manual", Emergency::Manual),
    ("never", Emergency::Never),
];

/// What may stand behind a key, which has its section before it; `None` for what is no key.
pub(super) fn taken_by(key: &str) -> Option<String> {
    Some(match key {
        "device_name" => {
            let most = DeviceName::MAX;
            format!("1 to {most} of A-Z, a-z, 0-9, _ and -; or \"{HOST}\" for this computer's name")
        }
        "secret_store" => one_of(SECRET_STORES),
        "backlog" => one_of(BACKLOGS),
        "emergency" => one_of(EMERGENCIES),
        "sound" => "true, false, or \"emergency\"".to_owned(),
        "open_links" => {
            "schemes without colon or slashes, as in [\"https\", \"http\", \"mailto\"]".to_owned()
        }
        "pause.break_through" | "hook.min_priority" => "a number from -2 (lowest) to 2 (emergency)".to_owned(),
        "hook.command" | "encryption.key_command" => {
            "the program and each of its arguments as a text of its own, as in [\"program\", \"--option\"]; no \
             shell reads it"
                .to_owned()
        }
        _ => return None,
    })
}

fn one_of<T>(choices: &[(&str, T)]) -> String {
    let names: Vec<String> = choices.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    format!("one of {}", names.join(", "))
}
