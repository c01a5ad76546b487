//! Changes one setting in the file, and nothing else there: comments, order and other keys stay as they are.
//!
//! Invariant: the file always holds the old text or the new one completely; a file with an error in it is not touched, and every
//! change goes through [`file::rewrite`].

mod file;
mod mute;
mod names;

use std::io;
use std::path::Path;

use toml_edit::ser::ValueSerializer;
use toml_edit::{DocumentMut, Item, Table, TableLike, TomlError, Value};

use self::file::rewrite;
pub use self::mute::mute;
#[cfg(any(test, fuzzing))]
pub(super) use self::mute::muted;
pub use self::names::name_in_settings;
#[cfg(any(test, fuzzing))]
pub(super) use self::names::named;
use super::error::{Error, Mistake};
use super::file::{EmergencyWord, SecretBackendWord, parse};
use crate::domain::settings::{Emergency, SecretBackend};

/// Sets when emergencies are acknowledged; a missing file is created for its owner only.
pub fn set_emergency(path: &Path, emergency: Emergency) -> Result<(), Error> {
    set_serialized(path, "emergency", EmergencyWord::serialize(&emergency, ValueSerializer::new()))
}

/// Sets where the login is stored; a missing file is created for its owner only.
pub fn set_secret_store(path: &Path, backend: SecretBackend) -> Result<(), Error> {
    set_serialized(path, "secret_store", SecretBackendWord::serialize(&backend, ValueSerializer::new()))
}

/// A value to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewValue {
    /// A text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// True or false.
    Switch(bool),
    /// Several texts.
    List(Vec<String>),
}

/// Sets a key, which may be in a section, or removes it; a missing file is created for its owner only. A value that is not
/// allowed changes nothing.
pub fn set(path: &Path, key: &[&str], value: Option<NewValue>) -> Result<(), Error> {
    let value = value.map(|value| match value {
        NewValue::Text(text) => Value::from(text),
        NewValue::Number(number) => Value::from(number),
        NewValue::Switch(is_on) => Value::from(is_on),
        NewValue::List(texts) => texts.into_iter().collect::<Value>(),
    });
    rewrite(path, |text| changed(text, key, value.clone()))
}

/// Creates the file, for its owner only, unless it exists. It changes no setting.
pub fn create(path: &Path) -> Result<(), Error> {
    let comment = "# The settings of Handover. The manual page handover-config explains them.\n";
    rewrite(path, |text| {
        if text.is_empty() { Ok(comment.to_owned()) } else { Ok(String::from_utf8_lossy(text).into_owned()) }
    })
}

fn set_serialized(path: &Path, key: &str, value: Result<Value, toml_edit::ser::Error>) -> Result<(), Error> {
    let value = value.map_err(|error| Error::unwritable(path, &io::Error::other(error)))?;
    rewrite(path, |text| changed(text, &[key], Some(value.clone())))
}

/// The text with the key set to the value, or removed.
pub(in crate::config) fn changed(
    bytes: &[u8],
    key: &[&str],
    value: Option<Value>,
) -> Result<String, Mistake> {
    parse(bytes)?;
    let (text, mut document) = document(bytes)?;
    let Some((key, sections)) = key.split_last() else { return Ok(text.to_owned()) };
    // A file of comments only: they stay above.
    let trailing = document.trailing().as_str().unwrap_or_default().to_owned();
    // So do comments at the end of the last section above a new one.
    let is_new_section =
        !trailing.is_empty() && sections.first().is_some_and(|section| !document.contains_key(section));
    let (is_empty, comments) = (document.is_empty(), Some(trailing));
    let comments = comments.filter(|_| is_empty || is_new_section);
    let mut table: &mut dyn TableLike = document.as_table_mut();
    for section in sections {
        let section = table.entry(section).or_insert_with(|| Item::Table(Table::new()));
        // `parse` has made sure that it is a section.
        let Some(inner) = section.as_table_like_mut() else { return Ok(text.to_owned()) };
        table = inner;
    }
    let Some(value) = value else {
        table.remove(key);
        return Ok(written(&document, text));
    };
    if let Some(there) = table.get_mut(key).and_then(Item::as_value_mut) {
        let is_same = match (there.as_str(), value.as_str()) {
            (None, None) => there.to_string().trim() == value.to_string().trim(),
            (one, other) => one == other,
        };
        if is_same {
            return Ok(text.to_owned());
        }
        let around = there.decor().clone();
        *there = value;
        *there.decor_mut() = around;
    } else {
        table.insert(key, Item::Value(value));
        let first = sections.first().unwrap_or(key);
        if let Some(mut comments) = comments {
            if !comments.is_empty() && !comments.ends_with('\n') {
                comments.push('\n');
            }
            if !is_empty {
                comments.push('\n');
            }
            if let Some(table) = document.get_mut(first).and_then(Item::as_table_mut) {
                table.decor_mut().set_prefix(comments);
            } else if let Some(mut key) = document.key_mut(first) {
                key.leaf_decor_mut().set_prefix(comments);
            }
            document.set_trailing("");
        }
    }
    Ok(written(&document, text))
}

/// The changed document, with the line ends of the text that it was read from.
fn written(document: &DocumentMut, before: &str) -> String {
    let after = document.to_string();
    if before.contains("\r\n") { after.replace('\n', "\r\n") } else { after }
}

/// The text of a file, and what is in it.
fn document(bytes: &[u8]) -> Result<(&str, DocumentMut), Mistake> {
    let text = std::str::from_utf8(bytes).map_err(Mistake::not_utf8)?;
    let document = text.parse().map_err(|error: TomlError| Mistake::of_syntax(text, &error.into()))?;
    Ok((text, document))
}

#[cfg(test)]
mod tests {
    use std::fs;
    #[cfg(unix)]
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::domain::settings::Settings;

    fn manual(text: &str) -> Result<String, Mistake> {
        changed(text.as_bytes(), &["emergency"], Some(Value::from("manual")))
    }

    #[test]
    fn one_value_changes_and_nothing_else() {
        for (before, after) in [
            ("", "emergency = \"manual\"\n"),
            ("# mine", "# mine\nemergency = \"manual\"\n"),
            ("# mine\n", "# mine\nemergency = \"manual\"\n"),
            ("emergency = 'auto' # no: \"auto\"\n", "emergency = \"manual\" # no: \"auto\"\n"),
            ("\"emergency\"=\"never\"\r\n#x\r\n", "\"emergency\"=\"manual\"\r\n#x\r\n"),
            ("emergency = \'\'\'\nauto\'\'\'\n", "emergency = \"manual\"\n"),
            // After the last key that is in no section.
            (
                "# top\nbacklog = 'all' # all\n\n# hook\n[hook]\ncommand = []\n",
                "# top\nbacklog = 'all' # all\nemergency = \"manual\"\n\n# hook\n[hook]\ncommand = []\n",
            ),
            (
                "open_links = [\n  'https', # one\n]\r\n[pause]\r\n",
                "open_links = [\r\n  'https', # one\r\n]\r\nemergency = \"manual\"\r\n[pause]\r\n",
            ),
            ("backlog = 'all'", "backlog = 'all'\nemergency = \"manual\"\n"),
            // Nothing but sections.
            ("[pause]\n", "emergency = \"manual\"\n[pause]\n"),
            ("\u{feff}[pause]\n", "emergency = \"manual\"\n[pause]\n"),
            ("hook.command = []\n[pause]\n", "hook.command = []\nemergency = \"manual\"\n[pause]\n"),
            // The key of another section, in a comment or in a text, is not this one.
            (
                "#emergency = 'auto'\n[hook]\ncommand = ['emergency = 1']\n",
                "emergency = \"manual\"\n#emergency = 'auto'\n[hook]\ncommand = ['emergency = 1']\n",
            ),
        ] {
            assert_eq!(manual(before).ok().as_deref(), Some(after), "{before:?}");
        }
        let unchanged = "\u{feff}emergency = 'manual'\r\n# as it is";
        assert_eq!(manual(unchanged).ok().as_deref(), Some(unchanged));
        assert!(manual("emergency = 'x'").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn the_file_keeps_its_mode_and_a_link_stays_one() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("real.toml"), folder.path().join("config.toml"));
        fs::write(&file, "# mine\n").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        set_emergency(&link, Emergency::Never).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "# mine\nemergency = \"never\"\n");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o644);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "a temporary file was left");
    }

    #[test]
    fn a_missing_file_is_created_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("handover/config.toml");
        set_emergency(&path, Emergency::Auto).unwrap();
        set_secret_store(&path, SecretBackend::File).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "emergency = \"auto\"\nsecret_store = \"file\"\n");
        #[cfg(unix)]
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let expected = Settings { secret_store: SecretBackend::File, ..Settings::default() };
        assert_eq!(crate::config::read(&path).unwrap(), expected);
    }

    #[test]
    fn a_file_is_created_without_settings_and_not_created_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("handover/config.toml");
        create(&path).unwrap();
        assert_eq!(crate::config::read_first(&path).unwrap(), Settings::default());
        fs::write(&path, "keep = 7\n").unwrap();
        create(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "keep = 7\n");
    }

    #[test]
    fn a_damaged_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        for damaged in ["# a\nemergency = 'x'\n", "# a\n[pause", "# a\ncolour = 1\n"] {
            fs::write(&path, damaged).unwrap();
            let error = set_emergency(&path, Emergency::Never).unwrap_err();
            assert!(error.to_string().starts_with(&format!("{}:2: ", path.display())), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), damaged);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_in_place_of_the_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(&path, "").unwrap();
        let error = set_emergency(&path.join("below"), Emergency::Never).unwrap_err();
        assert!(
            error.to_string().ends_with("config.toml/below: there is a file where a folder should be"),
            "{error}"
        );
    }
}
