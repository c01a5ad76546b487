//! Writes and reads the text of a desktop entry that starts a program at login.
//!
//! Invariant: whatever characters a path has, an entry that is written here starts that program.
//!
//! The format: <https://specifications.freedesktop.org/desktop-entry-spec/latest/>. A path is escaped three times, and read
//! in the opposite order: field codes (`%`), quotes, and the escapes of every string in the file.

use std::mem;
use std::path::{Path, PathBuf};

use super::state::ARGUMENTS;

/// The key that marks an entry as ours. It is not a comment, since desktops that change an entry drop comments.
const MARK: &str = "X-Handover-Autostart";

/// The characters that need a backslash inside quotes, by the specification.
const QUOTED: &str = "\"`$\\";
/// The characters that need no quotes, besides letters and digits.
const PLAIN: &str = "/._-+,:@%";
/// Starts a program whose path has a `%`: `GLib` (2.74) and the generator of systemd (252) check whether the program
/// exists before they unescape `%%`. In an argument `%%` is harmless.
const STARTER: &str = "/usr/bin/env";

/// What an entry contains.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Whether it was created here.
    pub(super) is_ours: bool,
    /// Whether it was switched off, in the desktop's settings or by hand.
    pub(super) is_off: bool,
    /// The program that it starts, a path or a name; `None` if there is none.
    pub(super) program: Option<PathBuf>,
}

/// The entry that starts this program; `None` when its path cannot be written.
pub(super) fn text(program: &Path) -> Option<String> {
    let exec = command_line(program, &ARGUMENTS)?;
    Some(format!(
        "[Desktop Entry]\n\
         Type=Application\n\
         Name=Handover\n\
         Comment=Receives Pushover messages (unofficial client)\n\
         Exec={exec}\n\
         Icon=handover\n\
         Terminal=false\n\
         StartupNotify=false\n\
         X-GNOME-Autostart-enabled=true\n\
         {MARK}=true\n"
    ))
}

/// The value of `Exec` that starts a program with plain arguments; `None` when its path cannot be written.
pub(in crate::desktop) fn command_line(program: &Path, arguments: &[&str]) -> Option<String> {
    let path = program.to_str()?;
    let starter = path.contains('%').then_some(STARTER);
    // `env` would read it as an environment variable.
    if starter.is_some() && path.contains('=') {
        return None;
    }
    let word = command_word(path);
    let words: Vec<&str> =
        starter.into_iter().chain([word.as_str()]).chain(arguments.iter().copied()).collect();
    Some(words.join(" "))
}

impl Entry {
    /// Reads an entry; malformed lines are ignored.
    pub(super) fn read(text: &str) -> Self {
        let value = |key: &str| keys(text).find_map(|(name, value)| (name == key).then_some(value));
        let is = |key: &str, wanted: &str| value(key) == Some(wanted);
        // GNOME, Cinnamon and MATE have their own keys; other desktops use `Hidden`.
        let is_disabled = |(name, value): (&str, &str)| {
            name.starts_with("X-") && name.ends_with("-Autostart-enabled") && value == "false"
        };
        Self {
            is_ours: is(MARK, "true"),
            is_off: is("Hidden", "true") || keys(text).any(is_disabled),
            program: value("Exec").and_then(program),
        }
    }
}

/// The keys and values of the group `[Desktop Entry]`.
fn keys(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines()
        .map(str::trim)
        .skip_while(|line| *line != "[Desktop Entry]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| (key.trim_end(), value.trim_start()))
}

/// A path as the first word of a command.
fn command_word(path: &str) -> String {
    let path = path.replace('%', "%%");
    let word = if path.chars().all(|letter| letter.is_alphanumeric() || PLAIN.contains(letter)) {
        path
    } else {
        let mut word = String::from("\"");
        for letter in path.chars() {
            if QUOTED.contains(letter) {
                word.push('\\');
            }
            word.push(letter);
        }
        word + "\""
    };
    word.replace('\\', r"\\").replace('\n', r"\n").replace('\t', r"\t").replace('\r', r"\r")
}

/// The program of a command.
fn program(exec: &str) -> Option<PathBuf> {
    let command = unescaped(exec);
    let mut words = words(&command).into_iter().map(|word| without_field_codes(&word));
    let word = match words.next() {
        Some(starter) if starter == STARTER => {
            words.next().filter(|word| word.starts_with('/')).or(Some(starter))
        }
        word => word,
    };
    word.filter(|word| !word.is_empty()).map(PathBuf::from)
}

fn unescaped(value: &str) -> String {
    let mut text = String::new();
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => text.extend(letters.next().map(|letter| match letter {
                's' => ' ',
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                letter => letter,
            })),
            letter => text.push(letter),
        }
    }
    text
}

/// Splits a command at spaces outside of quotes. Single quotes are not in the specification, but desktops accept them.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    let mut letters = command.chars();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (None, ' ' | '\t' | '\n') => words.push(mem::take(&mut word)),
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), letter) if letter == open => quote = None,
            (None | Some('"'), '\\') => word.extend(letters.next()),
            (_, letter) => word.push(letter),
        }
    }
    words.push(word);
    words
}

fn without_field_codes(word: &str) -> String {
    let mut text = String::new();
    let mut letters = word.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '%' => text.extend(letters.next().filter(|code| *code == '%')),
            letter => text.push(letter),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use proptest::prelude::*;

    use super::*;

    fn exec(path: &str) -> String {
        let text = text(path.as_ref()).unwrap();
        let value = keys(&text).find(|(key, _)| *key == "Exec").unwrap().1;
        value.strip_suffix(" run --at-login").unwrap().to_owned()
    }

    #[test]
    fn an_entry_follows_the_specification() {
        assert_eq!(
            text("/usr/bin/handover".as_ref()).unwrap(),
            "[Desktop Entry]\n\
             Type=Application\n\
             Name=Handover\n\
             Comment=Receives Pushover messages (unofficial client)\n\
             Exec=/usr/bin/handover run --at-login\n\
             Icon=handover\n\
             Terminal=false\n\
             StartupNotify=false\n\
             X-GNOME-Autostart-enabled=true\n\
             X-Handover-Autostart=true\n"
        );
    }

    #[test]
    fn a_path_is_escaped_by_the_specification() {
        for (path, expected) in [
            ("/home/änn/.cargo/bin/handover", "/home/änn/.cargo/bin/handover"),
            ("/my programs/handover", r#""/my programs/handover""#),
            ("/100%/handover", "/usr/bin/env /100%%/handover"),
            ("/a b/100%f/handover", r#"/usr/bin/env "/a b/100%%f/handover""#),
            // The specification requires four backslashes for one, and two before a dollar sign.
            (r"/a\b", r#""/a\\\\b""#),
            ("/a=b", r#""/a=b""#),
            ("/a$b", r#""/a\\$b""#),
            ("/a\"b", r#""/a\\"b""#),
            ("/a`b", r#""/a\\`b""#),
            ("/a'b", r#""/a'b""#),
            ("/a;b", r#""/a;b""#),
            ("/a~b", r#""/a~b""#),
            ("/a\nb", r#""/a\nb""#),
        ] {
            assert_eq!(exec(path), expected, "{path}");
            assert_eq!(Entry::read(&text(path.as_ref()).unwrap()).program, Some(path.into()), "{path}");
        }
    }

    proptest! {
        #[test]
        fn every_path_is_read_back(path in "/[^\0]{0,40}") {
            prop_assume!(!path.contains('=') || !path.contains('%'));
            let entry = Entry::read(&text(path.as_ref()).unwrap());
            prop_assert_eq!(entry, Entry { is_ours: true, is_off: false, program: Some(path.into()) });
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in ".{0,60}", exec in "[ -~]{0,30}") {
            Entry::read(&text);
            Entry::read(&format!("[Desktop Entry]\nExec={exec}\n"));
        }
    }

    #[test]
    fn a_path_that_no_desktop_would_start_is_refused() {
        assert_eq!(text("/a=b/100%/handover".as_ref()), None);
        assert_eq!(text(Path::new(<OsStr as OsStrExt>::from_bytes(b"/a\xff"))), None);
    }

    #[test]
    fn entries_of_other_programs_are_understood() {
        let program_of = |exec: &str| Entry::read(&format!("[Desktop Entry]\nExec={exec}\n")).program;
        for (exec, program) in [
            ("handover", "handover"),
            ("handover run --no-tray %U", "handover"),
            ("'/a b/handover' run", "/a b/handover"),
            (r"/a\\ b/handover run", "/a b/handover"),
            (r"/a\sb", "/a"),
            ("env A=1 handover", "env"),
            ("/usr/bin/env handover", "/usr/bin/env"),
            ("/usr/bin/env", "/usr/bin/env"),
        ] {
            assert_eq!(program_of(exec), Some(program.into()), "{exec}");
        }
        for exec in ["", " ", "%f"] {
            assert_eq!(program_of(exec), None, "{exec:?}");
        }
    }

    #[test]
    fn an_entry_can_be_switched_off_by_the_desktop() {
        let ours = text("/a".as_ref()).unwrap();
        let off = |text: &str| Entry::read(text).is_off;
        assert!(!off(&ours));
        assert!(off(&format!("{ours}Hidden=true\n")));
        assert!(off(&ours.replace("enabled=true", "enabled=false")));
        assert!(off(&format!("{ours}X-MATE-Autostart-enabled = false\r\n")));
        assert!(!off(&format!("{ours}#Hidden=true\nHidden=false\n[Desktop Action x]\nHidden=true\n")));
    }
}
