//! Names an application or a recipient in the file, whose secret is stored elsewhere.
//!
//! Invariant: nothing else in the file changes, a section that is there stays as it is, and no secret is written.

use std::path::Path;

use toml_edit::{DocumentMut, Item, Table, TomlError, value};

use super::file::rewrite;
use super::written;
use crate::config::error::{Error, Mistake};
use crate::config::file::parse;
use crate::domain::sending::SecretName;

/// Adds the section of an application or a recipient, if there is none. The first application becomes the default.
pub fn name_in_settings(path: &Path, name: &SecretName) -> Result<(), Error> {
    rewrite(path, |text| named(text, name))
}

pub(in crate::config) fn named(bytes: &[u8], name: &SecretName) -> Result<String, Mistake> {
    let settings = parse(bytes)?;
    let text = std::str::from_utf8(bytes).map_err(Mistake::not_utf8)?;
    let (section, name, is_there, is_first) = match name {
        SecretName::Application(name) => {
            let known = &settings.applications;
            ("applications", name, known.contains_key(name), known.is_empty())
        }
        SecretName::Recipient(name) => ("recipients", name, settings.recipients.contains_key(name), false),
        SecretName::EncryptionKey | SecretName::UserKey | SecretName::HttpApi | SecretName::Channel(_) => {
            return Ok(text.to_owned());
        }
    };
    if is_there {
        return Ok(text.to_owned());
    }
    // At the end it leaves everything else as it is.
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    let gap = if text.is_empty() { "" } else { "\n" };
    let default = if is_first { "default = true\n" } else { "" };
    let appended = format!("{text}{end}{gap}[{section}.{name}]\n{default}");
    if parse(appended.as_bytes()).is_ok() {
        return Ok(if text.contains("\r\n") {
            appended.replace("\r\n", "\n").replace('\n', "\r\n")
        } else {
            appended
        });
    }
    // The sections are written in another way, as in `applications = {}`.
    let mut document: DocumentMut =
        text.parse().map_err(|error: TomlError| Mistake::of_syntax(text, &error.into()))?;
    let mut added = Table::new();
    if is_first {
        added.insert("default", value(true));
    }
    let mut sections = Table::new();
    sections.set_implicit(true);
    let sections = document.entry(section).or_insert(Item::Table(sections));
    if let Some(sections) = sections.as_table_like_mut() {
        sections.insert(name, Item::Table(added));
    }
    Ok(written(&document, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn application(text: &str, name: &str) -> String {
        named(text.as_bytes(), &SecretName::Application(name.into())).ok().unwrap()
    }

    #[test]
    fn a_section_is_added_once_and_the_first_application_is_the_default() {
        let first = application("# mine\nbacklog = 'all'\n", "servers");
        assert_eq!(first, "# mine\nbacklog = 'all'\n\n[applications.servers]\ndefault = true\n");
        assert_eq!(application(&first, "servers"), first);
        let second = application(&first, "doorbell");
        assert_eq!(second, format!("{first}\n[applications.doorbell]\n"));
        let recipient = named(second.as_bytes(), &SecretName::Recipient("sean".into())).ok().unwrap();
        assert_eq!(recipient, format!("{second}\n[recipients.sean]\n"));
        assert!(parse(recipient.as_bytes()).is_ok());
        assert_eq!(application("", "a"), "[applications.a]\ndefault = true\n");
        assert!(parse(application("applications = { a = {} }", "b").as_bytes()).is_ok());
    }
}
