//! Opens a message's link with the desktop's program for it.
//!
//! Invariant: a link is opened only if the user allowed its scheme; it is passed as one argument, never through a
//! shell, and asks a mail program only for a draft. Any other link causes an error that shows it.

use std::io::ErrorKind;
use std::time::Duration;

use crate::domain::notification::ActivationToken;
use crate::domain::text::{scheme_of, without_unsafe_fields};
use crate::system::programs;

/// Why a link was not opened. This contains the link, which is part of a message: show it to the user, but never log
/// it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum OpenError {
    /// It has no scheme, or contains characters that no link may contain.
    #[error("it is not a valid address: {0}")]
    Invalid(String),
    /// The user did not allow links of this kind.
    #[error("`{scheme}` is not listed in `open_links` in the settings: {link}")]
    NotAllowed {
        /// In lower case.
        scheme: String,
        /// The whole link.
        link: String,
    },
    /// No program of this desktop opened it.
    #[error("{cause}: {link}")]
    Failed {
        /// Why not.
        cause: &'static str,
        /// The whole link.
        link: String,
    },
}

/// By this time a program that opens links has failed or passed the link on.
const TIMEOUT: Duration = Duration::from_millis(250);

/// Opens a link whose scheme is one of `allowed`, which are in lower case. With the token of the user's click, its page
/// may come to the front.
///
/// Blocks for up to a quarter of a second for each program it tries, to see whether that fails.
pub fn open(link: &str, allowed: &[String], token: Option<&ActivationToken>) -> Result<(), OpenError> {
    let link = checked(link, allowed)?;
    let mut cause = "no program that opens links is installed";
    for mut command in open::commands(for_handler(&without_unsafe_fields(link))) {
        match programs::start_detached(&mut command, token).map(|program| program.exit_within(TIMEOUT)) {
            Ok(None) => return Ok(()),
            Ok(Some(status)) if status.success() => return Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Ok(Some(_)) | Err(_) => cause = "the program that opens links failed",
        }
    }
    Err(OpenError::Failed { cause, link: link.to_owned() })
}

/// Windows puts the link between quotes into the command line of the program, where a quote or a backslash in it would begin
/// another argument.
#[cfg(windows)]
fn for_handler(link: &str) -> String {
    link.replace('"', "%22").replace('\\', "%5C")
}

/// The link is an argument of its own.
#[cfg(not(windows))]
fn for_handler(link: &str) -> &str {
    link
}

/// The link to open, if it may be opened.
fn checked<'a>(link: &'a str, allowed: &[String]) -> Result<&'a str, OpenError> {
    let link = link.trim();
    let scheme = scheme_of(link).ok_or_else(|| OpenError::Invalid(link.to_owned()))?;
    if allowed.contains(&scheme) {
        Ok(link)
    } else {
        Err(OpenError::NotAllowed { scheme, link: link.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::settings::Settings;

    fn opened(link: &str) -> Result<&str, OpenError> {
        checked(link, &Settings::default().open_links)
    }

    #[test]
    fn an_allowed_link_is_opened_unchanged() {
        for link in [
            "https://example.org/a?b=c&d=%20#e",
            "http://example.org",
            "HTTPS://Example.ORG/Ä",
            "mailto:desk@example.org?subject=$(reboot)",
            "https://example.org/;reboot`reboot`'\"",
            "https:example.org",
        ] {
            assert_eq!(opened(link), Ok(link));
        }
        assert_eq!(opened(" \thttps://example.org\n"), Ok("https://example.org"));
    }

    #[test]
    fn a_link_of_another_scheme_is_refused() {
        for (link, scheme) in [
            ("javascript:alert(1)", "javascript"),
            ("JavaScript:alert(1)", "javascript"),
            (" file:///etc/passwd", "file"),
            ("FILE:///etc/passwd", "file"),
            ("data:text/html,x", "data"),
            ("vbscript:x", "vbscript"),
            ("ssh://-oProxyCommand=x", "ssh"),
            ("x-scheme.1+a:b", "x-scheme.1+a"),
            ("httpsx://example.org", "httpsx"),
            ("http-s://example.org", "http-s"),
        ] {
            let refused = OpenError::NotAllowed { scheme: scheme.to_owned(), link: link.trim().to_owned() };
            assert_eq!(opened(link), Err(refused), "{link:?}");
        }
        let message = opened("tel:+49301234").unwrap_err().to_string();
        let expected = "`tel` is not listed in `open_links` in the settings: tel:+49301234";
        assert_eq!(message, expected);
        assert_eq!(checked("tel:+49301234", &["tel".to_owned()]), Ok("tel:+49301234"));
        assert!(checked("https://example.org", &[]).is_err());
    }

    #[test]
    fn an_invalid_link_is_refused() {
        for link in [
            "",
            " ",
            ":",
            "https",
            "https:",
            "://example.org",
            "//example.org",
            "/etc/passwd",
            "example.org",
            "--version",
            "-https://example.org",
            "1https://example.org",
            "https ://example.org",
            "java\nscript:alert(1)",
            "ht\ttps://example.org",
            "https://example.org/a b",
            "https://example.org/\u{0}",
            "https://example.org/\u{1b}[0m",
            "https://example.org/\u{a0}b",
            "https://example.org\r\nHost: x",
            "\u{0}https://example.org",
            "\u{202e}https://example.org",
            "ｈttps://example.org",
            "https\u{ff1a}//example.org",
        ] {
            assert_eq!(opened(link), Err(OpenError::Invalid(link.trim().to_owned())), "{link:?}");
        }
    }

    #[cfg(windows)]
    #[test]
    fn a_link_cannot_add_an_argument_to_the_command_of_its_program() {
        let link = opened(r#"https://example.org/?"&calc&"\"#).unwrap();
        assert_eq!(for_handler(link), "https://example.org/?%22&calc&%22%5C");
    }
}
