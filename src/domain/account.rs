//! Who is signed in: the secret, the device, and what the service says about the account.
//!
//! Invariant: a [`Secret`] has no `Display` and a redacted `Debug`, so it cannot reach a log by accident.

use std::fmt;
use std::sync::Arc;

use secrecy::zeroize::Zeroize as _;
use secrecy::{ExposeSecret, SecretString};

use super::licence::NoLicence;

/// A password, or the session secret that a login returns. Clones share the text, so that it is in memory once; it is
/// wiped when the last clone is dropped.
#[derive(Clone)]
pub struct Secret(Arc<SecretString>);

impl Secret {
    /// Wraps a secret text.
    pub fn new(text: impl Into<String>) -> Self {
        let mut text: String = text.into();
        // Shrinking the allocation later could move the text and leave a copy behind.
        let exact: Box<str> = text.as_str().into();
        text.zeroize();
        Self(Arc::new(SecretString::from(exact)))
    }

    /// The text itself, for the one place that has to send or store it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for Secret {}

/// The id the service gave this device. Together with the secret it is the login.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(String);

impl DeviceId {
    /// An id that fits the login line `login:<device>:<secret>\n`: not empty, at most 128 bytes, printable
    /// ASCII without a colon, a slash or a space; `None` otherwise.
    pub fn new(text: &str) -> Option<Self> {
        let fits = (1..=128).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':' && byte != b'/');
        fits.then(|| Self(text.to_owned()))
    }

    /// The id as it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A name for this device: 1 to 25 of `A-Z a-z 0-9 _ -`, the service's own rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceName(String);

impl DeviceName {
    /// The longest name the service accepts.
    pub const MAX: usize = 25;

    /// The name, if the service would accept it.
    pub fn new(text: &str) -> Option<Self> {
        let fits = (1..=Self::MAX).contains(&text.len()) && text.bytes().all(Self::allows);
        fits.then(|| Self(text.to_owned()))
    }

    /// A valid name made from a host name: its first label, with `-` in place of characters that are not allowed.
    pub fn from_host(host: &str) -> Self {
        let label = host.split('.').next().unwrap_or_default();
        let name: String = label
            .chars()
            .map(|letter| if letter.is_ascii() && Self::allows(letter as u8) { letter } else { '-' })
            .take(Self::MAX)
            .collect();
        let name = name.trim_matches('-');
        Self(if name.is_empty() { "desktop".to_owned() } else { name.to_owned() })
    }

    /// A similar name, for when this one is taken: `desk-2` for `desk`, `desk-3` for `desk-2`.
    #[must_use]
    pub fn alternative(&self) -> Self {
        let numbered =
            self.0.rsplit_once('-').and_then(|(stem, number)| Some((stem, number.parse::<u8>().ok()?)));
        let (stem, number) =
            numbered.map_or((self.0.as_str(), 2), |(stem, number)| (stem, number.saturating_add(1)));
        let ending = format!("-{number}");
        let stem: String = stem.chars().take(Self::MAX - ending.len()).collect();
        Self(stem + &ending)
    }

    /// The name as it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn allows(byte: u8) -> bool {
        byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
    }
}

impl fmt::Display for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A complete login: what is kept between runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The session secret.
    pub secret: Secret,
    /// This device.
    pub device_id: DeviceId,
    /// The name it was registered under.
    pub device_name: DeviceName,
    /// When it was registered, unix seconds; the trial period counts from here.
    pub registered: i64,
}

/// What the service says about the account with every download.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Whether the user's quiet hours are on now.
    pub quiet_hours: bool,
    /// Whether the account has the licence for desktop clients; `None` when it did not say.
    pub desktop_licensed: Option<bool>,
    /// What the user chose for this device on the web site.
    pub sounds: SoundPreferences,
}

/// The sounds that the user chose for this device on the service's web site, by name or short code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SoundPreferences {
    /// For a message that names none; `None` when the service did not say.
    pub default_sound: Option<String>,
    /// Whether that sound also replaces a sound that a message names.
    pub always_use_default_sound: bool,
    /// For a message of priority 1 or 2 that names none; `None` when the service did not say.
    pub default_high_priority_sound: Option<String>,
    /// Whether that sound also replaces a sound that such a message names.
    pub always_use_default_high_priority_sound: bool,
}

impl Account {
    /// The missing licence at `now`, for a device registered at `registered`, both in unix seconds; `None` if there is
    /// a licence, or the service does not say.
    pub fn missing_licence(&self, registered: i64, now: i64) -> Option<NoLicence> {
        (self.desktop_licensed == Some(false)).then(|| NoLicence::of_device(registered, now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_in_memory_once_however_often_it_is_cloned() {
        let secret = Secret::new("hunter2".to_owned());
        let other = secret.clone();
        assert!(std::ptr::eq(secret.expose(), other.expose()));
        assert_eq!(other.expose(), "hunter2");
    }

    #[test]
    fn an_alternative_name_counts_up_and_fits() {
        let longest = "a".repeat(25);
        for (name, alternative) in [
            ("desk", "desk-2"),
            ("desk-2", "desk-3"),
            ("desk-x", "desk-x-2"),
            ("desk-255", "desk-255"),
            ("-9", "-10"),
            (&longest, &format!("{}-2", "a".repeat(23))),
        ] {
            assert_eq!(DeviceName::new(name).unwrap().alternative().as_str(), alternative);
        }
    }

    #[test]
    fn a_secret_is_not_in_the_debug_output() {
        let credentials = Credentials {
            secret: Secret::new("hunter2"),
            device_id: DeviceId::new("d1").unwrap(),
            device_name: DeviceName::new("desk").unwrap(),
            registered: 0,
        };
        assert!(!format!("{credentials:?}").contains("hunter2"));
        assert!(!format!("{credentials:#?}").contains("hunter2"));
    }

    #[test]
    fn a_device_id_is_safe_in_the_login_line_and_in_a_path() {
        assert!(DeviceId::new("cb8wmxi7jhkacgd1wvzuhnzj9b1s1r8eyjbt66sm").is_some());
        assert!(DeviceId::new("7df577c3-da18-4fb3-898b-c1ab4985633b").is_some());
        for bad in ["", "a:b", "a\nb", "a b", "../x", "é"] {
            assert_eq!(DeviceId::new(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_device_name_is_made_from_any_host_name() {
        for (host, name) in [
            ("desk", "desk"),
            ("desk.example.org", "desk"),
            ("Jürgens Rechner", "J-rgens-Rechner"),
            ("a-very-long-host-name-indeed-it-is", "a-very-long-host-name-ind"),
            ("", "desktop"),
            ("日本", "desktop"),
        ] {
            assert_eq!(DeviceName::from_host(host).as_str(), name);
            assert!(DeviceName::new(name).is_some());
        }
        assert_eq!(DeviceName::new("a name"), None);
        assert_eq!(DeviceName::new(&"a".repeat(26)), None);
    }

    #[test]
    fn a_licence_is_missing_only_if_the_service_says_so() {
        for (desktop_licensed, missing) in [(None, None), (Some(true), None), (Some(false), Some(30))] {
            let account = Account { desktop_licensed, ..Account::default() };
            assert_eq!(account.missing_licence(5, 5).map(|licence| licence.days_left), missing);
        }
    }
}
