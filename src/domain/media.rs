//! Icons and sounds by name, as the service knows them.
//!
//! Invariant: a [`MediaName`] is safe as a file name and in a URL; no other text of a message is used for either.

/// The name of an icon or a sound: 1 to 64 letters, digits, `_` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediaName(String);

impl MediaName {
    /// The name, if it is valid.
    pub fn new(text: &str) -> Option<Self> {
        let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        ((1..=64).contains(&text.len()) && text.bytes().all(is_fit)).then(|| Self(text.to_owned()))
    }

    /// The name as it is written in a path.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a file of the service is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A picture of an application, a PNG.
    Icon,
    /// A sound, a WAV.
    Sound,
}

/// A file of the service: which kind, and its name there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediaFile {
    /// What it is for.
    pub kind: Kind,
    /// Its name, without an ending.
    pub name: MediaName,
}

/// The sound of a notification.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Sound {
    /// Nothing.
    #[default]
    Silent,
    /// The sound that the desktop plays for a notification.
    OfDesktop,
    /// A sound of the service.
    Named(MediaName),
}

/// The icon and the sound of a notification, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Media {
    /// The application's icon; `None` is the default one.
    pub icon: Option<MediaName>,
    /// The sound.
    pub sound: Sound,
    /// The sound to play if the service does not have one with that name, or not in time.
    pub fallback_sound: Option<MediaName>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_safe_name_is_a_media_name() {
        let longest = "x".repeat(64);
        for fit in ["mnsw2ykc6qa5sbn", "po", "A-b_9", longest.as_str()] {
            assert_eq!(MediaName::new(fit).map(|name| name.0), Some(fit.to_owned()));
        }
        let longer = "x".repeat(65);
        for bad in ["", ".", "..", "../x", "a/b", "a b", "a.png", "ä", "a\0", "a\n", longer.as_str()] {
            assert_eq!(MediaName::new(bad), None, "{bad:?}");
        }
    }
}
