//! Changes one setting in the file, and nothing else there: comments, order and other keys stay as they are.
//!
//! Invariant: the file is whole at every moment, the old text or the new; a file that cannot be read as settings
//! before or after the change is not touched.

use std::fs::{self, File};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::de::DeValue;

use super::values::{EMERGENCIES, SECRET_STORES};
use super::{Error, Mistake, bytes, parse, table, text};
use crate::domain::settings::{Emergency, SecretBackend, Settings};
use crate::domain::system;

/// Writes when an emergency is acknowledged; a file that is not there is made, for its owner alone.
pub fn set_emergency(path: &Path, emergency: Emergency) -> Result<(), Error> {
    set(path, "emergency", word_of(EMERGENCIES, emergency), |settings| settings.emergency = emergency)
}

/// Writes where the login is kept; a file that is not there is made, for its owner alone.
pub fn set_secret_store(path: &Path, place: SecretBackend) -> Result<(), Error> {
    set(path, "secret_store", word_of(SECRET_STORES, place), |settings| settings.secret_store = place)
}

fn word_of<T: Copy + PartialEq>(choices: &'static [(&str, T)], chosen: T) -> &'static str {
    choices.iter().find(|(_, choice)| *choice == chosen).map_or("", |(word, _)| word)
}

fn set(path: &Path, key: &str, word: &str, apply: impl Fn(&mut Settings)) -> Result<(), Error> {
    let before = bytes(path)?.unwrap_or_default();
    let after = changed(&before, key, word, apply).map_err(|mistake| mistake.in_file(path, &before))?;
    let Some(after) = after else { return Ok(()) };
    write(path, after.as_bytes()).map_err(|error| Error {
        path: path.to_owned(),
        line: None,
        why: format!("it cannot be written: {}", system::in_words(&error)),
        hint: "see to the folder and the disk it is on".to_owned(),
    })
}

/// The text with the key set to the word; `None` when it says so already.
fn changed(
    bytes: &[u8],
    key: &str,
    word: &str,
    apply: impl Fn(&mut Settings),
) -> Result<Option<String>, Mistake> {
    let mut expected = parse(bytes)?;
    apply(&mut expected);
    let text = text(bytes)?;
    let place = Place::find(text, key)?;
    if let Place::Value { word: there, .. } = &place
        && there == word
    {
        return Ok(None);
    }
    let after = place.filled(text, key, word);
    // The other settings must not feel it, however strange the file is.
    if parse(after.as_bytes()).ok().as_ref() != Some(&expected) {
        let why = format!("{key} cannot be set to \"{word}\" here");
        return Err(Mistake { at: 0, why, hint: format!("write {key} = \"{word}\" into the file") });
    }
    Ok(Some(after))
}

/// Where a setting is, or would have to be, in the file.
enum Place {
    /// It is there, with this word.
    Value { at: Range<usize>, word: String },
    /// It belongs on a line of its own after this byte, which ends a line or the file.
    After(usize),
}

impl Place {
    fn find(text: &str, key: &str) -> Result<Self, Mistake> {
        let table = table(text)?;
        if let Some(value) = table.get_ref().get(key) {
            let word = value.get_ref().as_str().unwrap_or_default().to_owned();
            return Ok(Self::Value { at: value.span(), word });
        }
        // Keys that belong to no section come before the first of them: after the last such key, or else on top,
        // or at the end when there is nothing but comments.
        let plain = table.get_ref().values().filter(|value| !matches!(value.get_ref(), DeValue::Table(_)));
        Ok(Self::After(match plain.map(|value| value.span().end).max() {
            Some(end) => end_of_line(text, end),
            None if table.get_ref().is_empty() => text.len(),
            None => text.len() - text.trim_start_matches('\u{feff}').len(),
        }))
    }

    fn filled(&self, text: &str, key: &str, word: &str) -> String {
        let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let (at, new) = match self {
            Self::Value { at, .. } => (at.clone(), format!("\"{word}\"")),
            Self::After(end) => (*end..*end, format!("{key} = \"{word}\"{line_end}")),
        };
        let (before, after) =
            (text.get(..at.start).unwrap_or_default(), text.get(at.end..).unwrap_or_default());
        let is_line_open =
            matches!(self, Self::After(_)) && !matches!(before, "" | "\u{feff}") && !before.ends_with('\n');
        format!("{before}{}{new}{after}", if is_line_open { line_end } else { "" })
    }
}

fn end_of_line(text: &str, from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    rest.find('\n').map_or(text.len(), |length| from + length + 1)
}

/// Puts the text in the place of the file in one step. A link stays a link, and a file keeps its mode.
fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    let path = match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
        found => found?,
    };
    let folder = path.parent().map_or_else(|| PathBuf::from("."), Path::to_owned);
    make_folder(&folder)?;
    // Made 0600 from the start, in the same folder, so that the rename is one step.
    let mut file = tempfile::Builder::new().prefix(".config-").tempfile_in(&folder)?;
    file.write_all(text)?;
    if let Ok(there) = fs::metadata(&path) {
        file.as_file().set_permissions(there.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(&path)?;
    // The rename is durable only when the folder is.
    File::open(&folder)?.sync_all()
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn manual(text: &str) -> Result<Option<String>, Mistake> {
        changed(text.as_bytes(), "emergency", "manual", |settings| settings.emergency = Emergency::Manual)
    }

    #[test]
    fn one_value_changes_and_nothing_else() {
        for (before, after) in [
            ("", "emergency = \"manual\"\n"),
            ("# mine", "# mine\nemergency = \"manual\"\n"),
            ("# mine\n", "# mine\nemergency = \"manual\"\n"),
            ("emergency = 'auto' # no: \"auto\"\n", "emergency = \"manual\" # no: \"auto\"\n"),
            ("\"emergency\"=\"never\"\r\n#x\r\n", "\"emergency\"=\"manual\"\r\n#x\r\n"),
            ("emergency = '''\nauto'''", "emergency = \"manual\""),
            // After the last key that is in no section.
            (
                "# top\nbacklog = 'all' # all\n\n# hook\n[hook]\ncommand = []\n",
                "# top\nbacklog = 'all' # all\nemergency = \"manual\"\n\n# hook\n[hook]\ncommand = []\n",
            ),
            (
                "open_links = [\n  'https', # one\n]\r\n[pause]",
                "open_links = [\n  'https', # one\n]\r\nemergency = \"manual\"\r\n[pause]",
            ),
            ("backlog = 'all'", "backlog = 'all'\nemergency = \"manual\"\n"),
            // Nothing but sections.
            ("[pause]\n", "emergency = \"manual\"\n[pause]\n"),
            ("\u{feff}[pause]\n", "\u{feff}emergency = \"manual\"\n[pause]\n"),
            ("\u{feff}", "\u{feff}emergency = \"manual\"\n"),
            ("hook.command = []\n[pause]", "emergency = \"manual\"\nhook.command = []\n[pause]"),
            // The key of another section, in a comment or in a text, is not this one.
            (
                "#emergency = 'auto'\n[hook]\ncommand = ['emergency = 1']",
                "emergency = \"manual\"\n#emergency = 'auto'\n[hook]\ncommand = ['emergency = 1']",
            ),
        ] {
            assert_eq!(manual(before).ok().flatten().as_deref(), Some(after), "{before:?}");
        }
        assert!(matches!(manual("emergency = 'manual' # as it is"), Ok(None)));
        assert!(manual("emergency = 'x'").is_err());
    }

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
    fn a_file_that_is_not_there_is_made_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("handover/config.toml");
        set_emergency(&path, Emergency::Auto).unwrap();
        set_secret_store(&path, SecretBackend::File).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "emergency = \"auto\"\nsecret_store = \"file\"\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let expected = Settings { secret_store: SecretBackend::File, ..Settings::default() };
        assert_eq!(super::super::read(&path).unwrap(), expected);
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
        let error = set_emergency(&path.join("below"), Emergency::Never).unwrap_err();
        assert!(
            error.to_string().ends_with("config.toml/below: a file is where a folder has to be"),
            "{error}"
        );
    }
}
