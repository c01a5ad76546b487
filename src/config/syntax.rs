//! What is no TOML, in words for a person: the key it is about and what that takes, as far as the line tells.
//!
//! Invariant: nothing of the file is repeated but the names of its keys: a line may hold a secret.

use super::Mistake;
use super::values::taken_by;

/// What is wrong with the text.
pub(super) fn mistake(text: &str, error: &toml::de::Error) -> Mistake {
    let at = error.span().map_or(0, |span| span.start);
    let before = text.get(..at).unwrap_or_default();
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let line = text.get(start..).unwrap_or_default().lines().next().unwrap_or_default();
    let (name, value) = line.split_once('=').map_or((line, None), |(name, value)| (name, Some(value)));
    let key = whole_key(before, name.trim());
    let (why, hint) = match (taken_by(&key), value) {
        (Some(_), _) if error.message().starts_with("duplicate key") => {
            (format!("{key} stands there twice"), "remove one of the two".to_owned())
        }
        (Some(taken), None) => (format!("{key} has no value"), taken),
        (Some(taken), Some(_)) => (format!("{key} has a value that cannot be read"), taken),
        (None, _) => (
            "this line cannot be read".to_owned(),
            "write `key = value`, texts in \"quotes\"; https://toml.io explains the format".to_owned(),
        ),
    };
    Mistake { at, why, hint }
}

/// The key with its section, which is the last one that begins before it.
fn whole_key(before: &str, name: &str) -> String {
    let mut sections = before.lines().filter_map(|line| line.trim().strip_prefix('[')?.split_once(']'));
    match sections.next_back() {
        Some((section, _)) => format!("{}.{name}", section.trim()),
        None => name.to_owned(),
    }
}
