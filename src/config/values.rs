//! Values that several sections of the settings file have.
//!
//! Invariant: the error for a command does not repeat it, since it may contain a secret.

use std::path::Path;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::domain::message::Priority;

pub(super) fn priority<'de, D: Deserializer<'de>>(value: D) -> Result<Priority, D::Error> {
    let number = i64::deserialize(value)?;
    if !(-2..=2).contains(&number) {
        let expected = "a number from -2 (lowest) to 2 (emergency)";
        return Err(D::Error::custom(format!("cannot be {number}, expected {expected}")));
    }
    Ok(Priority::from_number(number))
}

/// A program with its arguments; empty is none. `~` at the beginning of a word is the home folder, as in a shell.
pub(super) fn command<'de, D: Deserializer<'de>>(value: D) -> Result<Vec<String>, D::Error> {
    let command: Vec<String> = Vec::<String>::deserialize(value)?.into_iter().map(with_home).collect();
    let why = if command.first().is_some_and(String::is_empty) {
        "names no program"
    } else if command.iter().any(|text| text.contains('\0')) {
        "cannot contain a NUL character"
    } else {
        return Ok(command);
    };
    let expected = "the program and each of its arguments in quotes, as in [`program`, `--option`]; no shell is involved";
    Err(D::Error::custom(format!("{why}, expected {expected}")))
}

fn with_home(word: String) -> String {
    let below = match word.strip_prefix('~') {
        Some(below) if below.is_empty() || below.starts_with('/') => below,
        Some(_) | None => return word,
    };
    match dirs::home_dir().as_deref().and_then(Path::to_str) {
        Some(home) => format!("{home}{below}"),
        None => word,
    }
}
