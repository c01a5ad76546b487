//! Why the settings cannot be used: the file, the line, and what is allowed there.
//!
//! Invariant: a value appears in an error only when it is one of the words a setting chooses from, or a name: others may be secrets.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::domain::system;

/// Why the settings cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The file.
    pub(super) path: PathBuf,
    /// The line with the mistake, the first one being 1; `None` when the file could not be read at all.
    pub(super) line: Option<usize>,
    /// The character in that line, the first one being 1, where the line alone does not tell.
    pub(super) column: Option<usize>,
    pub(super) why: String,
    pub(super) hint: String,
}

impl Error {
    /// What is allowed there, or what to do.
    pub fn hint(&self) -> &str {
        &self.hint
    }

    pub(super) fn unreadable(path: &Path, error: &io::Error) -> Self {
        Self {
            path: path.to_owned(),
            line: None,
            column: None,
            why: system::in_words(error),
            hint: "check who owns the file, and that it is a file".to_owned(),
        }
    }

    pub(super) fn unwritable(path: &Path, error: &io::Error) -> Self {
        Self {
            path: path.to_owned(),
            line: None,
            column: None,
            why: format!("it cannot be written: {}", system::in_words(error)),
            hint: "check the folder and the disk it is on".to_owned(),
        }
    }

    /// The file was saved by another program each time it was about to be changed.
    pub(super) fn busy(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            line: None,
            column: None,
            why: "another program keeps changing it".to_owned(),
            hint: "try again when that program has finished".to_owned(),
        }
    }
}

/// `<path>:<line>: <why>`, or `<path>:<line>:<column>: <why>`.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.path.display())?;
        if let Some(line) = self.line {
            write!(f, "{line}:")?;
        }
        if let Some(column) = self.column {
            write!(f, "{column}:")?;
        }
        write!(f, " {}", self.why)
    }
}

impl std::error::Error for Error {}

/// A mistake and the byte where it begins.
pub(super) struct Mistake {
    at: usize,
    /// Whether a line may hold many settings, so that the line alone does not tell which one is meant.
    is_in_rules: bool,
    why: String,
    hint: String,
}

impl Mistake {
    pub(super) fn not_utf8(error: std::str::Utf8Error) -> Self {
        let (why, hint) = ("this is not UTF-8 text", "save the file as UTF-8");
        Self { at: error.valid_up_to(), is_in_rules: false, why: why.to_owned(), hint: hint.to_owned() }
    }

    /// A line that is not TOML.
    pub(super) fn of_syntax(text: &str, error: &toml_edit::de::Error) -> Self {
        // The parser names only keys and the characters of the format.
        let why = quoted(error.message().trim_end_matches(", expected literal string"));
        let at = start(error);
        let is_unquoted = error.message().starts_with("string values must be quoted");
        let (why, hint) = match setting_without_text(text, at).filter(|_| is_unquoted) {
            Some((key, "")) => (
                format!("{key} has no value"),
                "write its value after the \"=\", or remove the line".to_owned(),
            ),
            Some((key, value)) => (why, how_to_write(key, value)),
            None => {
                let hint = "write `key = value`, text in \"quotes\"; https://toml.io explains the format";
                (why, hint.to_owned())
            }
        };
        Self { at, is_in_rules: false, why, hint }
    }

    /// Valid TOML that contains an invalid setting. `key` is the setting with its section.
    pub(super) fn of_setting(key: &str, error: &toml_edit::de::Error) -> Self {
        let (why, expected) = error.message().split_once(", expected ").unwrap_or((error.message(), ""));
        let why = if why.starts_with("unknown field") {
            format!("there is no setting \"{key}\"")
        } else if let Some(word) = why.strip_prefix("unknown variant ") {
            format!("{key} cannot be {}", quoted(word))
        } else if let Some(name) = why.strip_prefix("missing field ") {
            format!("{key} has no {}", quoted(name))
        } else if why.starts_with("invalid type") || why.starts_with("wanted ") {
            format!("{key} has a value of the wrong type")
        } else {
            format!("{key} {why}")
        };
        let is_in_rules = key.starts_with("rules");
        Self { at: start(error), is_in_rules, why, hint: format!("expected {}", quoted(plain(expected))) }
    }

    pub(super) fn in_file(self, path: &Path, bytes: &[u8]) -> Error {
        let line = 1 + bytes.iter().take(self.at).filter(|byte| **byte == b'\n').count();
        let column = self.is_in_rules.then(|| {
            let before = bytes.get(..self.at).unwrap_or(bytes);
            let begin = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
            1 + String::from_utf8_lossy(before.get(begin..).unwrap_or_default()).chars().count()
        });
        Error { path: path.to_owned(), line: Some(line), column, why: self.why, hint: self.hint }
    }
}

/// The key and the value on the line with a mistake, if the whole value has no quotes.
fn setting_without_text(text: &str, at: usize) -> Option<(&str, &str)> {
    let begin = text.get(..at)?.rfind('\n').map_or(0, |end| end + 1);
    let (key, value) = text.get(begin..)?.lines().next()?.split_once('=')?;
    let value = value.split('#').next().unwrap_or_default();
    (!value.contains(['"', '\'', '['])).then_some((key.trim(), value.trim()))
}

/// How to write a value that is a word without quotes. It is not repeated, because it may be a secret.
fn how_to_write(key: &str, value: &str) -> String {
    let is_switch =
        ["yes", "no", "on", "off", "true", "false"].iter().any(|word| value.eq_ignore_ascii_case(word));
    if is_switch {
        format!("write true or false, or put quotes around it: {key} = \"...\"")
    } else if key.ends_with("command") {
        format!("put quotes and brackets around it: {key} = [\"...\"]")
    } else {
        format!("put quotes around it: {key} = \"...\"")
    }
}

fn start(error: &toml_edit::de::Error) -> usize {
    error.span().map_or(0, |span| span.start)
}

/// What serde expects, for a person.
fn plain(expected: &str) -> &str {
    match expected {
        "" | "a string" => "text in quotes",
        "a sequence" => "a list of quoted texts in brackets",
        "i64" => "a whole number",
        "a boolean" => "true or false",
        other => other,
    }
}

/// Words as they are written into the file.
fn quoted(words: &str) -> String {
    words.replace('`', "\"")
}
