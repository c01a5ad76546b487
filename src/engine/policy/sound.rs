//! Which sound is heard with a message, or with many.
//!
//! Invariant: a message that is to be silent, by its own sound, its priority or the settings here, is silent whatever
//! the device prefers; and a silent message never silences another one in the same notification.

use crate::domain::account::SoundPreferences;
use crate::domain::media::{Media, MediaName, Sound};
use crate::domain::message::Priority;
use crate::domain::settings::SoundSetting;

/// The sounds of the service: the short code that messages contain, and the name of the file.
const SHORT_CODES: [(&str, &str); 21] = [
    ("po", "pushover"),
    ("bk", "bike"),
    ("bu", "bugle"),
    ("ch", "cashregister"),
    ("cl", "classical"),
    ("co", "cosmic"),
    ("fa", "falling"),
    ("gl", "gamelan"),
    ("ic", "incoming"),
    ("im", "intermission"),
    ("ma", "magic"),
    ("mc", "mechanical"),
    ("pn", "pianobar"),
    ("si", "siren"),
    ("sp", "spacealarm"),
    ("tg", "tugboat"),
    ("ln", "alien"),
    ("mb", "climb"),
    ("ps", "persistent"),
    ("ec", "echo"),
    ("ud", "updown"),
];

/// What is heard with a notification.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SoundChoice {
    /// The sound.
    pub sound: Sound,
    /// What is heard when the service does not have that sound, or not in time.
    pub fallback: Option<MediaName>,
}

impl SoundChoice {
    /// No sound.
    pub const SILENT: Self = Self { sound: Sound::Silent, fallback: None };

    /// The sound of a message that names `requested` and is shown with this priority.
    pub fn new(
        requested: Option<&str>,
        priority: Priority,
        preferences: &SoundPreferences,
        setting: SoundSetting,
    ) -> Self {
        let sound = choose(requested, priority, preferences, setting);
        // The sender or the user may have named a sound of their own, which other accounts do not have.
        let fallback = match &sound {
            Sound::Named(chosen) => fallbacks(priority, preferences).find(|name| name != chosen),
            Sound::Silent | Sound::OfDesktop => None,
        };
        Self { sound, fallback }
    }

    /// Whether nothing is heard.
    pub fn is_silent(&self) -> bool {
        self.sound == Sound::Silent
    }
}

impl From<SoundChoice> for Media {
    fn from(SoundChoice { sound, fallback }: SoundChoice) -> Self {
        Self { icon: None, sound, fallback_sound: fallback }
    }
}

/// The sound of a notification for many messages: that of the most urgent one that is not silent, and of equals the
/// newest.
#[derive(Clone, Debug, Default)]
pub struct GroupSound(Option<(Priority, SoundChoice)>);

impl GroupSound {
    /// Adds a message that is older than all before.
    pub fn add(&mut self, priority: Priority, choice: &SoundChoice) {
        let is_first = self.0.as_ref().is_none_or(|(most_urgent, _)| *most_urgent < priority);
        if is_first && !choice.is_silent() {
            self.0 = Some((priority, choice.clone()));
        }
    }

    /// The sound of all messages so far.
    pub fn into_choice(self) -> SoundChoice {
        self.0.map_or(SoundChoice::SILENT, |(_, choice)| choice)
    }
}

/// The device's sound replaces one that a message names if the user chose that on the service's web site, but never the
/// silence that a message asks for. A message without a sound gets the device's sound, and an urgent message the device's
/// sound for urgent ones; if the service names none, the desktop chooses.
fn choose(
    requested: Option<&str>,
    priority: Priority,
    preferences: &SoundPreferences,
    setting: SoundSetting,
) -> Sound {
    let is_enabled = match setting {
        SoundSetting::On => true,
        SoundSetting::Off => false,
        SoundSetting::Emergency => priority == Priority::Emergency,
    };
    if !is_enabled || priority < Priority::Normal || asks_for_silence(requested) {
        return Sound::Silent;
    }
    let (default, always) = defaults(priority, preferences);
    let requested = requested.and_then(named);
    let default = default.and_then(named);
    let chosen = if always { default.or(requested) } else { requested.or(default) };
    chosen.unwrap_or(Sound::OfDesktop)
}

/// The sounds to download before a message needs them, the most urgent one first: the device's own, for messages that name
/// no sound, or one that cannot be downloaded in time.
pub fn to_prefetch(preferences: &SoundPreferences, setting: SoundSetting) -> Vec<MediaName> {
    let mut sounds = Vec::new();
    for priority in [Priority::Emergency, Priority::High, Priority::Normal] {
        let is_heard = choose(Some("pushover"), priority, preferences, setting) != Sound::Silent;
        let sound = fallbacks(priority, preferences).next().filter(|_| is_heard);
        sounds.extend(sound.filter(|sound| !sounds.contains(sound)));
    }
    sounds
}

fn fallbacks(priority: Priority, preferences: &SoundPreferences) -> impl Iterator<Item = MediaName> {
    let of_device = defaults(priority, preferences).0.and_then(named);
    let of_all = named("pushover");
    [of_device, of_all].into_iter().flatten().filter_map(|sound| match sound {
        Sound::Named(name) => Some(name),
        Sound::Silent | Sound::OfDesktop => None,
    })
}

/// Whether a message that names this sound asks for silence.
fn asks_for_silence(requested: Option<&str>) -> bool {
    // `no` is the short code of `none`; what would only vibrate makes no sound on a desktop.
    matches!(requested.map(str::trim), Some("no" | "none" | "vibrate"))
}

/// The device's sound for messages of this priority, and whether it replaces a sound they name.
fn defaults(priority: Priority, preferences: &SoundPreferences) -> (Option<&str>, bool) {
    let ordinary = preferences.default_sound.as_deref();
    if priority < Priority::High {
        return (ordinary, preferences.always_use_default_sound);
    }
    let urgent = preferences.default_high_priority_sound.as_deref();
    (urgent.or(ordinary), preferences.always_use_default_high_priority_sound)
}

/// The sound of this name or short code; `None` if it cannot be a file name.
fn named(text: &str) -> Option<Sound> {
    let text = text.trim();
    if asks_for_silence(Some(text)) {
        return Some(Sound::Silent);
    }
    let name = SHORT_CODES.iter().find(|(code, _)| *code == text).map_or(text, |(_, name)| name);
    MediaName::new(name).map(Sound::Named)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Priority; 5] =
        [Priority::Lowest, Priority::Low, Priority::Normal, Priority::High, Priority::Emergency];

    fn preferences(default: &str, high: &str, always: bool, always_high: bool) -> SoundPreferences {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        SoundPreferences {
            default_sound: given(default),
            always_use_default_sound: always,
            default_high_priority_sound: given(high),
            always_use_default_high_priority_sound: always_high,
        }
    }

    /// The name of the sound, `-` for silence, `*` for the desktop's own.
    fn in_short(sound: &Sound) -> &str {
        match sound {
            Sound::Silent => "-",
            Sound::OfDesktop => "*",
            Sound::Named(name) => name.as_str(),
        }
    }

    /// The sound of a message that may make one.
    fn heard(asked: Option<&str>, priority: Priority, preferences: &SoundPreferences) -> String {
        in_short(&choose(asked, priority, preferences, SoundSetting::On)).to_owned()
    }

    #[test]
    fn a_sound_that_cannot_be_downloaded_has_a_fallback() {
        for (requested, default, high, priority, expected) in [
            ("my-own", "co", "si", Priority::Normal, Some("cosmic")),
            ("my-own", "co", "si", Priority::Emergency, Some("siren")),
            ("my-own", "co", "", Priority::High, Some("cosmic")),
            ("siren", "co", "si", Priority::Emergency, Some("pushover")),
            ("my-own", "none", "none", Priority::Normal, Some("pushover")),
            ("my-own", "", "a/b", Priority::High, Some("pushover")),
            ("pushover", "po", "po", Priority::Normal, None),
            ("none", "co", "si", Priority::High, None),
            ("a/b", "", "", Priority::Normal, None),
        ] {
            let preferences = preferences(default, high, false, false);
            let choice = SoundChoice::new(Some(requested), priority, &preferences, SoundSetting::On);
            let fallback = choice.fallback.as_ref().map(MediaName::as_str);
            assert_eq!(fallback, expected, "{requested} {default} {high}");
        }
    }

    #[test]
    fn a_notification_for_many_has_the_sound_of_the_most_urgent_then_the_newest() {
        use Priority::{High, Low, Normal};
        let preferences = preferences("co", "none", false, false);
        for (newest_first, expected) in [
            (&[][..], "-"),
            (&[(Normal, "bk"), (Normal, "tg")], "bike"),
            (&[(Normal, "bk"), (High, "tg"), (High, "si")], "tugboat"),
            (&[(Normal, "none"), (Low, "tg"), (Normal, "bk")], "bike"),
            (&[(High, "none"), (Normal, "bk")], "bike"),
            // The device is silent for the urgent one.
            (&[(High, ""), (Normal, "bk")], "bike"),
            (&[(Low, "bk"), (Normal, "none")], "-"),
        ] {
            let mut sound = GroupSound::default();
            for (priority, requested) in newest_first {
                let requested = Some(*requested).filter(|name| !name.is_empty());
                sound.add(*priority, &SoundChoice::new(requested, *priority, &preferences, SoundSetting::On));
            }
            assert_eq!(in_short(&sound.into_choice().sound), expected, "{newest_first:?}");
        }
    }

    #[test]
    fn sounds_of_the_device_are_downloaded_early_the_urgent_one_first() {
        use SoundSetting::{Emergency, Off, On};
        for (default, high, always, setting, expected) in [
            ("", "", false, On, "pushover"),
            ("co", "", false, On, "cosmic"),
            ("co", "si", false, On, "siren cosmic"),
            ("co", "si", false, Emergency, "siren"),
            ("co", "si", false, Off, ""),
            ("none", "si", false, On, "siren pushover"),
            ("none", "si", true, On, "siren"),
            ("none", "none", true, On, ""),
            ("a/b", "none", false, On, "pushover"),
        ] {
            let sounds = to_prefetch(&preferences(default, high, always, always), setting);
            let sounds: Vec<_> = sounds.iter().map(MediaName::as_str).collect();
            assert_eq!(sounds.join(" "), expected, "{default} {high} {always} {setting:?}");
        }
    }

    #[test]
    fn a_short_code_names_the_same_sound_as_its_long_name() {
        let none = SoundPreferences::default();
        for (asked, expected) in [
            ("po", "pushover"),
            ("ud", "updown"),
            ("no", "-"),
            ("none", "-"),
            ("vibrate", "-"),
            ("siren", "siren"),
            (" siren ", "siren"),
            ("My-own_sound1", "My-own_sound1"),
            ("../../etc/passwd", "*"),
            ("a.wav", "*"),
            ("", "*"),
        ] {
            assert_eq!(heard(Some(asked), Priority::Normal, &none), expected, "{asked:?}");
        }
        assert_eq!(heard(None, Priority::Normal, &none), "*");
        for (code, name) in SHORT_CODES {
            assert_eq!(
                heard(Some(code), Priority::Normal, &none),
                name,
                "{code} is listed twice, or its name is no file name"
            );
        }
    }

    #[test]
    fn the_sound_of_the_device_is_used_for_messages_without_one_or_for_all() {
        use Priority::{Emergency, High, Normal};
        for (default, high, always, always_high, expected) in [
            // Normal, high and emergency, each without a sound, with `bike`, with `none`, with one that is none.
            ("", "", false, false, "* bike - * | * bike - * | * bike - *"),
            ("", "", true, true, "* bike - * | * bike - * | * bike - *"),
            ("co", "", false, false, "cosmic bike - cosmic | cosmic bike - cosmic | cosmic bike - cosmic"),
            ("co", "", true, false, "cosmic cosmic - cosmic | cosmic bike - cosmic | cosmic bike - cosmic"),
            ("co", "si", false, false, "cosmic bike - cosmic | siren bike - siren | siren bike - siren"),
            ("co", "si", true, false, "cosmic cosmic - cosmic | siren bike - siren | siren bike - siren"),
            ("co", "si", false, true, "cosmic bike - cosmic | siren siren - siren | siren siren - siren"),
            ("co", "si", true, true, "cosmic cosmic - cosmic | siren siren - siren | siren siren - siren"),
            ("no", "si", false, false, "- bike - - | siren bike - siren | siren bike - siren"),
            ("no", "none", true, true, "- - - - | - - - - | - - - -"),
            ("a/b", "", true, true, "* bike - * | * bike - * | * bike - *"),
        ] {
            let preferences = preferences(default, high, always, always_high);
            let of = |priority| {
                [None, Some("bk"), Some("none"), Some("a/b")]
                    .map(|asked| heard(asked, priority, &preferences))
                    .join(" ")
            };
            assert_eq!([Normal, High, Emergency].map(of).join(" | "), expected, "{preferences:?}");
        }
    }

    #[test]
    fn a_message_is_silent_by_its_priority_the_setting_or_its_own_sound() {
        use Priority::{Emergency, High, Normal};
        let always = preferences("co", "si", true, true);
        for (setting, expected) in [
            (SoundSetting::On, &[Normal, High, Emergency][..]),
            (SoundSetting::Emergency, &[Emergency]),
            (SoundSetting::Off, &[]),
        ] {
            for requested in [None, Some("bk"), Some("po")] {
                let is_heard =
                    |priority: &Priority| choose(requested, *priority, &always, setting) != Sound::Silent;
                assert_eq!(ALL.into_iter().filter(is_heard).collect::<Vec<_>>(), expected, "{requested:?}");
            }
        }
        for priority in ALL {
            for silence in ["no", "none", "vibrate"] {
                let sound = choose(Some(silence), priority, &always, SoundSetting::On);
                assert_eq!(sound, Sound::Silent, "{priority:?} {silence}");
            }
        }
    }
}
