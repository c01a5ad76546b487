//! Opens the link of a message, with whatever the desktop has for it.
//!
//! Invariant: only a link of a kind the user allowed is opened, as one argument and never through a shell; whatever
//! else a message carries ends in an error that shows the address.

use std::io::ErrorKind;
use std::time::Duration;

use super::program;
use crate::domain::text::scheme_of;

/// Why a link was not opened. It carries the link, which is part of a message: it is for the user's eyes, not for a log.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NotOpened {
    /// It does not begin with the name of a scheme, or holds something no link may hold.
    #[error("the link was not opened: it is not a whole address: {0}")]
    NoLink(String),
    /// The user did not allow links of this kind.
    #[error("the link was not opened: `{scheme}` is not among the `open_links` of the settings: {link}")]
    NotAllowed {
        /// In lower case.
        scheme: String,
        /// The whole link.
        link: String,
    },
    /// Nothing on this desktop took it.
    #[error("the link was not opened: {cause}: {link}")]
    Failed {
        /// Why not.
        cause: &'static str,
        /// The whole link.
        link: String,
    },
}

/// How long a program that opens links may take to say that it cannot; by then it has handed the link on.
const TIMEOUT: Duration = Duration::from_millis(250);

/// Opens a link whose scheme is one of `allowed`, which are in lower case.
///
/// It waits up to a quarter of a second for each program it tries, to hear whether it failed: call it where that
/// keeps nobody waiting.
pub fn open(link: &str, allowed: &[String]) -> Result<(), NotOpened> {
    let link = checked(link, allowed)?;
    let mut cause = "no program that opens links is installed";
    for mut command in open::commands(link) {
        match program::start(&mut command).map(|started| started.end_within(TIMEOUT)) {
            Ok(None) => return Ok(()),
            Ok(Some(status)) if status.success() => return Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Ok(Some(_)) | Err(_) => cause = "the program that opens links failed",
        }
    }
    Err(NotOpened::Failed { cause, link: link.to_owned() })
}

/// The link as it may be opened.
fn checked<'a>(link: &'a str, allowed: &[String]) -> Result<&'a str, NotOpened> {
    let link = link.trim();
    let scheme = scheme_of(link).ok_or_else(|| NotOpened::NoLink(link.to_owned()))?;
    if allowed.contains(&scheme) {
        Ok(link)
    } else {
        Err(NotOpened::NotAllowed { scheme, link: link.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::settings::Settings;

    fn opened(link: &str) -> Result<&str, NotOpened> {
        checked(link, &Settings::default().open_links)
    }

    #[test]
    fn what_the_user_allowed_is_opened_as_it_is() {
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
    fn another_kind_of_link_is_refused_with_its_address() {
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
            let refused = NotOpened::NotAllowed { scheme: scheme.to_owned(), link: link.trim().to_owned() };
            assert_eq!(opened(link), Err(refused), "{link:?}");
        }
        let said = opened("tel:+49301234").unwrap_err().to_string();
        let expected =
            "the link was not opened: `tel` is not among the `open_links` of the settings: tel:+49301234";
        assert_eq!(said, expected);
        assert_eq!(checked("tel:+49301234", &["tel".to_owned()]), Ok("tel:+49301234"));
        assert!(checked("https://example.org", &[]).is_err());
    }

    #[test]
    fn what_is_no_link_is_refused() {
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
            assert_eq!(opened(link), Err(NotOpened::NoLink(link.trim().to_owned())), "{link:?}");
        }
    }
}
