//! Which sound a message has.
//!
//! Invariant: a message that is to be silent, by its own pending, its priority, quiet hours or the settings here, is
//! silent whatever the device prefers.

use crate::domain::account::SoundPreferences;
use crate::domain::media::{MediaName, Sound};
use crate::domain::message::Priority;
use crate::domain::settings::SoundSetting;

/// The sounds of the service: the short code that stands in messages, and the name of the file.
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

/// The sound of a message that names `asked` and is shown with this priority.
///
/// The device's sound takes the place of one that a message names, where the user chose so on the service's web site,
/// but not of the silence that a message asks for. Without a sound of its own a message has the device's, and
/// an urgent one the device's for urgent ones; what the service does not say is left to the desktop.
pub fn choose(
    asked: Option<&str>,
    priority: Priority,
    quiet_hours: bool,
    preferences: &SoundPreferences,
    setting: SoundSetting,
) -> Sound {
    let may_be_heard = match setting {
        SoundSetting::On => true,
        SoundSetting::Off => false,
        SoundSetting::Emergency => priority == Priority::Emergency,
    };
    let is_quiet = match priority {
        Priority::Lowest | Priority::Low => true,
        Priority::Normal => quiet_hours,
        Priority::High | Priority::Emergency => false,
    };
    if !may_be_heard || is_quiet || asks_for_silence(asked) {
        return Sound::Silent;
    }
    let (default, always) = defaults(priority, preferences);
    let asked = asked.and_then(named);
    let default = default.and_then(named);
    let chosen = if always { default.or(asked) } else { asked.or(default) };
    chosen.unwrap_or(Sound::OfDesktop)
}

/// What is heard when there is no such sound as the one that was chosen, which the sender or the user may have named
/// themselves: the device's own, or the one that everybody has; `None` leaves it to the desktop.
pub fn spare(chosen: &MediaName, priority: Priority, preferences: &SoundPreferences) -> Option<MediaName> {
    fallbacks(priority, preferences).find(|name| name != chosen)
}

/// The sounds to have before a message comes, the most urgent one first: what is heard of one that names no sound, or
/// one that cannot be had in time.
pub fn at_hand(preferences: &SoundPreferences, setting: SoundSetting) -> Vec<MediaName> {
    let mut sounds = Vec::new();
    for priority in [Priority::Emergency, Priority::High, Priority::Normal] {
        let is_heard = choose(Some("pushover"), priority, false, preferences, setting) != Sound::Silent;
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

/// Whether a message that names this sound is not to be heard.
pub fn asks_for_silence(asked: Option<&str>) -> bool {
    // `no` is the short code of `none`; what would only vibrate makes no sound on a desktop.
    matches!(asked.map(str::trim), Some("no" | "none" | "vibrate"))
}

/// The device's sound for messages of this priority, and whether it takes the place of a sound they name.
fn defaults(priority: Priority, preferences: &SoundPreferences) -> (Option<&str>, bool) {
    let ordinary = preferences.default_sound.as_deref();
    if priority < Priority::High {
        return (ordinary, preferences.always_use_default_sound);
    }
    let urgent = preferences.default_high_priority_sound.as_deref();
    (urgent.or(ordinary), preferences.always_use_default_high_priority_sound)
}

/// The sound of this name or short code; `None` when it is fit for no file.
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

    /// Of a message that may be heard.
    fn heard(asked: Option<&str>, priority: Priority, preferences: &SoundPreferences) -> String {
        in_short(&choose(asked, priority, false, preferences, SoundSetting::On)).to_owned()
    }

    #[test]
    fn another_sound_is_at_hand_when_there_is_none_by_its_name() {
        for (chosen, default, high, priority, expected) in [
            ("my-own", "co", "si", Priority::Normal, Some("cosmic")),
            ("my-own", "co", "si", Priority::Emergency, Some("siren")),
            ("my-own", "co", "", Priority::High, Some("cosmic")),
            ("siren", "co", "si", Priority::Emergency, Some("pushover")),
            ("my-own", "none", "none", Priority::Normal, Some("pushover")),
            ("my-own", "", "a/b", Priority::High, Some("pushover")),
            ("pushover", "po", "po", Priority::Normal, None),
        ] {
            let chosen = MediaName::new(chosen).unwrap();
            let spare = spare(&chosen, priority, &preferences(default, high, false, false));
            assert_eq!(spare.as_ref().map(MediaName::as_str), expected, "{chosen:?} {default} {high}");
        }
    }

    #[test]
    fn what_may_be_heard_instead_is_at_hand_the_urgent_one_first() {
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
            let at_hand = at_hand(&preferences(default, high, always, always), setting);
            let at_hand: Vec<_> = at_hand.iter().map(MediaName::as_str).collect();
            assert_eq!(at_hand.join(" "), expected, "{default} {high} {always} {setting:?}");
        }
    }

    #[test]
    fn every_code_is_the_sound_of_its_name() {
        let of_nobody = SoundPreferences::default();
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
            assert_eq!(heard(Some(asked), Priority::Normal, &of_nobody), expected, "{asked:?}");
        }
        assert_eq!(heard(None, Priority::Normal, &of_nobody), "*");
        for (code, name) in SHORT_CODES {
            assert_eq!(
                heard(Some(code), Priority::Normal, &of_nobody),
                name,
                "{code} stands twice, or for no file"
            );
        }
    }

    #[test]
    fn the_device_has_a_sound_for_what_names_none_and_maybe_for_all() {
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
    fn nothing_is_heard_that_is_to_be_silent() {
        let always = preferences("co", "si", true, true);
        let heard_of = |setting, quiet_hours| {
            let is_heard = |priority: &Priority| {
                [None, Some("bk"), Some("po")]
                    .iter()
                    .all(|asked| choose(*asked, *priority, quiet_hours, &always, setting) != Sound::Silent)
            };
            let is_silent = |priority: &Priority| {
                [None, Some("bk"), Some("po")]
                    .iter()
                    .all(|asked| choose(*asked, *priority, quiet_hours, &always, setting) == Sound::Silent)
            };
            assert!(ALL.iter().all(|priority| is_heard(priority) != is_silent(priority)));
            ALL.into_iter().filter(is_heard).collect::<Vec<_>>()
        };
        let urgent = [Priority::High, Priority::Emergency];
        assert_eq!(heard_of(SoundSetting::On, false), ALL[2..]);
        assert_eq!(heard_of(SoundSetting::On, true), urgent);
        for quiet_hours in [false, true] {
            assert_eq!(heard_of(SoundSetting::Emergency, quiet_hours), [Priority::Emergency]);
            assert_eq!(heard_of(SoundSetting::Off, quiet_hours), []);
            for (priority, silence) in
                ALL.iter().flat_map(|priority| ["no", "none", "vibrate"].map(|no| (priority, no)))
            {
                let sound = choose(Some(silence), *priority, quiet_hours, &always, SoundSetting::On);
                assert_eq!(sound, Sound::Silent, "{priority:?} {silence}");
            }
        }
    }
}
