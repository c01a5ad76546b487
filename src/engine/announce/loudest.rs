//! Which message a notification is heard for, and what is heard.
//!
//! Invariant: of many messages the one with the highest priority counts, and of equals the newest; one that asks for
//! silence never makes another silent.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::wording::weight;
use super::{Circumstances, Step};
use crate::domain::account::SoundPreferences;
use crate::domain::media::Sound;
use crate::domain::message::{Entry, Message, Priority, Seq};
use crate::domain::settings::SoundSetting;
use crate::engine::sound::{asks_for_silence, choose, spare};

/// What the user wants to hear: as they set it here, and as they told the service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hearing {
    /// Which messages may be heard.
    pub setting: SoundSetting,
    /// The sounds of this device.
    pub preferences: SoundPreferences,
}

impl Hearing {
    /// Gives each step of a plan the sound of the loudest of its messages.
    pub(super) fn give_each(&self, steps: &mut [Step], waiting: &[Entry], circumstances: &Circumstances<'_>) {
        let by_seq: BTreeMap<Seq, &Entry> = waiting.iter().map(|entry| (entry.seq, entry)).collect();
        for step in steps {
            let Step::Show { seqs, .. } = &*step else { continue };
            let mut entries: Vec<_> = seqs.iter().filter_map(|seq| by_seq.get(seq)).collect();
            entries.sort_unstable_by_key(|entry| Reverse((entry.message.id, entry.seq)));
            let mut loudest = Loudest::default();
            for entry in entries {
                loudest.add(&entry.message);
            }
            self.give(step, &loudest, circumstances);
        }
    }

    /// Gives a step the sound of the loudest of its messages; a notification that is silent already stays so.
    pub(super) fn give(&self, step: &mut Step, loudest: &Loudest, circumstances: &Circumstances<'_>) {
        let Step::Show { notification, media, .. } = step else { return };
        media.sound = match &loudest.0 {
            Some((priority, asked)) if !notification.silent => choose(
                asked.as_deref(),
                *priority,
                circumstances.quiet_hours,
                &self.preferences,
                self.setting,
            ),
            Some(_) | None => Sound::Silent,
        };
        media.spare_sound = match (&media.sound, &loudest.0) {
            (Sound::Named(name), Some((priority, _))) => spare(name, *priority, &self.preferences),
            _ => None,
        };
        notification.silent = media.sound == Sound::Silent;
    }
}

/// The loudest of many messages: the priority it is shown with and the sound it names.
#[derive(Clone, Debug, Default)]
pub(super) struct Loudest(Option<(Priority, Option<String>)>);

impl Loudest {
    /// Takes in a message that is older than all before.
    pub(super) fn add(&mut self, message: &Message) {
        let priority = weight(message);
        let is_louder = self.0.as_ref().is_none_or(|(loudest, _)| *loudest < priority);
        if is_louder && !asks_for_silence(message.sound.as_deref()) {
            self.0 = Some((priority, message.sound.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Kind, LIVE, entry};
    use super::super::{Announcer, Held};
    use super::*;
    use crate::domain::settings::Backlog;

    /// An announcer whose user chose sounds on the web site.
    fn announcer(setting: SoundSetting) -> Announcer {
        let preferences = SoundPreferences {
            default_sound: Some("co".to_owned()),
            default_high_priority_sound: Some("si".to_owned()),
            ..SoundPreferences::default()
        };
        let mut announcer = Announcer::new();
        announcer.listen(Hearing { setting, preferences });
        announcer
    }

    fn entries(messages: &[(Kind, &str)]) -> Vec<Entry> {
        let of = |(number, (kind, sound)): (i64, &(Kind, &str))| {
            let mut entry = entry(number, *kind);
            entry.message.sound = (!sound.is_empty()).then(|| (*sound).to_owned());
            entry
        };
        (1..).zip(messages).map(of).collect()
    }

    /// The sound of each notification, `-` for silence; and the notification is silent exactly then.
    fn in_short(steps: &[Step]) -> String {
        let sounds = steps.iter().filter_map(|step| match step {
            Step::Show { notification, media, .. } => {
                assert_eq!(notification.silent, media.sound == Sound::Silent);
                Some(match &media.sound {
                    Sound::Silent => "-",
                    Sound::OfDesktop => "*",
                    Sound::Named(name) => name.as_str(),
                })
            }
            Step::PassOver { .. } | Step::Hold { .. } => None,
        });
        sounds.collect::<Vec<_>>().join(" ")
    }

    const LOW: Kind = Kind::Of(Priority::Low);
    const NORMAL: Kind = Kind::Of(Priority::Normal);
    const HIGH: Kind = Kind::Of(Priority::High);
    const OPEN: Kind = Kind::Open("a");

    #[test]
    fn each_notification_has_the_sound_of_its_message() {
        let messages =
            [(NORMAL, ""), (NORMAL, "bk"), (NORMAL, "none"), (LOW, "bk"), (HIGH, ""), (OPEN, "tg")];
        let waiting = entries(&messages);
        for (setting, quiet_hours, expected) in [
            (SoundSetting::On, false, "cosmic bike - - siren tugboat"),
            (SoundSetting::On, true, "- - - - siren tugboat"),
            (SoundSetting::Emergency, false, "- - - - - tugboat"),
            (SoundSetting::Off, false, "- - - - - -"),
        ] {
            let circumstances = Circumstances { quiet_hours, ..LIVE };
            let steps = announcer(setting).plan(&waiting, &circumstances);
            assert_eq!(in_short(&steps), expected, "{setting:?}");
        }
        let paused = Circumstances { paused: Some(Priority::Emergency), ..LIVE };
        assert_eq!(in_short(&announcer(SoundSetting::On).plan(&waiting, &paused)), "tugboat");
    }

    #[test]
    fn a_notification_of_many_is_heard_for_the_loudest_and_then_the_newest() {
        let summary = Circumstances { backlog: true, backlog_policy: Backlog::Summary, ..LIVE };
        for (messages, of_plan, of_held) in [
            (&[(NORMAL, "bk"), (LOW, "si"), (NORMAL, "tg"), (NORMAL, "none")][..], "tugboat", "tugboat"),
            (&[(LOW, "bk"), (LOW, ""), (LOW, "bk"), (LOW, "tg")], "-", "-"),
            (&[(NORMAL, "no"), (NORMAL, "no"), (LOW, "bk"), (LOW, "tg")], "-", "-"),
            (&[(HIGH, "bk"), (HIGH, "none"), (LOW, "tg"), (NORMAL, "")], "bike - - cosmic", "bike"),
            // Copies of one emergency are one notification.
            (&[(OPEN, "bk"), (OPEN, "tg")], "tugboat", "tugboat"),
            // Acknowledged elsewhere it is no more urgent than others.
            (&[(Kind::Closed("b"), "bk"), (HIGH, "tg")], "bike tugboat", "tugboat"),
        ] {
            let waiting = entries(messages);
            let steps = announcer(SoundSetting::On).plan(&waiting, &summary);
            assert_eq!(in_short(&steps), of_plan, "{messages:?}");
            let mut held = Held::new(LIVE);
            waiting.into_iter().rev().for_each(|entry| held.add(entry));
            assert_eq!(in_short(&announcer(SoundSetting::On).plan_held(held)), of_held, "{messages:?}");
        }
    }
}
