//! The launch agent with which macOS starts a program at login.
//!
//! Invariant: a file without our mark is never changed. Only its text is tested; it has never run on macOS.
//!
//! It follows launchd.plist(5) and "Creating Launch Daemons and Agents" (Apple's documentation archive). The file does
//! not show whether the user switched it off under "Login Items" in the system's settings.
#![cfg_attr(
    not(target_os = "macos"),
    expect(dead_code, reason = "compiled elsewhere for the tests of the text")
)]

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::state::{ARGUMENTS, Autostart, Error};
use crate::system::own_path::is_same_file;
use crate::system::{atomic_file, private_folder};

const MARK: &str = "<!-- made by `handover autostart on` -->";

/// The agent's file, which need not exist.
#[derive(Debug)]
pub(super) struct LaunchAgent {
    file: PathBuf,
}

impl LaunchAgent {
    pub(super) fn of_user() -> Result<Self, Error> {
        let home = dirs::home_dir().ok_or(Error::NoFolder)?;
        Ok(Self { file: home.join("Library/LaunchAgents/handover.plist") })
    }

    pub(super) fn status(&self, program: &Path) -> Result<Autostart, Error> {
        let Some(named) = self.read()?.as_deref().and_then(program_of) else { return Ok(Autostart::Off) };
        Ok(match named.is_file() {
            true if is_same_file(&named, program) => Autostart::On,
            true => Autostart::Other(named),
            false => Autostart::Missing(named),
        })
    }

    pub(super) fn switch_on(&self, program: &Path) -> Result<(), Error> {
        let text = text(program).ok_or_else(|| Error::Unwritable(program.to_owned()))?;
        if self.read()?.is_some_and(|there| !there.contains(MARK)) {
            return Err(Error::Foreign(self.file.clone()));
        }
        let writing = || {
            private_folder::create(atomic_file::folder_of(&self.file))?;
            atomic_file::replace(&self.file, text.as_bytes())
        };
        writing().map_err(|error| self.failed(error))
    }

    pub(super) fn switch_off(&self) -> Result<(), Error> {
        match self.read()? {
            Some(there) if there.contains(MARK) => {
                fs::remove_file(&self.file).map_err(|error| self.failed(error))
            }
            Some(_) => Err(Error::Foreign(self.file.clone())),
            None => Ok(()),
        }
    }

    /// There are no systemd units.
    #[expect(clippy::unused_self, reason = "it is one of several implementations")]
    pub(super) fn enabled_unit(&self) -> Option<PathBuf> {
        None
    }

    fn read(&self) -> Result<Option<String>, Error> {
        match fs::read_to_string(&self.file) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed(error)),
        }
    }

    fn failed(&self, error: io::Error) -> Error {
        Error::File(self.file.clone(), error)
    }
}

/// The agent that starts this program in the user's graphical session; `None` when the path is not text.
fn text(program: &Path) -> Option<String> {
    let program = program.to_str()?.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let arguments: Vec<String> = std::iter::once(program.as_str())
        .chain(ARGUMENTS)
        .map(|argument| format!("        <string>{argument}</string>"))
        .collect();
    let arguments = arguments.join("\n");
    Some(format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
{MARK}
<plist version="1.0">
<dict>
    <key>Label</key>
    <string>handover</string>
    <key>ProgramArguments</key>
    <array>
{arguments}
    </array>
    <key>RunAtLoad</key>
    <true/>
    <key>LimitLoadToSessionType</key>
    <string>Aqua</string>
</dict>
</plist>
"#
    ))
}

/// The program that an agent starts.
fn program_of(text: &str) -> Option<PathBuf> {
    let (_, arguments) = text.split_once("<key>ProgramArguments</key>")?;
    let (_, first) = arguments.split_once("<string>")?;
    let (program, _) = first.split_once("</string>")?;
    Some(program.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_of_an_agent_is_read_back() {
        for path in ["/Applications/Handover.app/Contents/MacOS/handover", "/a b/R&D <&lt;>/handover"] {
            let text = text(path.as_ref()).unwrap();
            assert_eq!(program_of(&text), Some(path.into()));
            assert!(text.contains(
                "</string>\n        <string>run</string>\n        <string>--at-login</string>\n    </array>"
            ));
        }
    }
}
