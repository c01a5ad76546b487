//! The settings with a few values each: what is offered, in words.
//!
//! Invariant: the value in use is always among the choices, also one that can only be written into the file.

use crate::app::preferences::Change;
use crate::domain::message::Priority;
use crate::domain::settings::{Backlog, Emergency, Keep, SecretBackend, Settings, SoundSetting};
use crate::window::words::{fill, tr};

/// A setting to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What it is about.
    pub title: &'static str,
    /// A sentence on it.
    pub sentence: &'static str,
    /// The values, in words, and what choosing one changes.
    pub values: Vec<(String, Change)>,
    /// Which of them is in use.
    pub selected: usize,
}

const DAY: i64 = 86_400;

/// Which messages play a sound.
pub fn sound(settings: &Settings) -> Choice {
    choice(
        tr("Sound"),
        tr("Which messages play a sound"),
        Change::Sound(settings.sound),
        vec![
            (tr("All messages"), Change::Sound(SoundSetting::On)),
            (tr("Only emergencies"), Change::Sound(SoundSetting::Emergency)),
            (tr("None"), Change::Sound(SoundSetting::Off)),
        ],
    )
}

/// What is shown of the messages that waited.
pub fn backlog(settings: &Settings) -> Choice {
    choice(
        tr("After being away"),
        tr("How messages that arrived in the meantime are shown"),
        Change::Backlog(settings.backlog),
        vec![
            (tr("A summary"), Change::Backlog(Backlog::Summary)),
            (tr("Every message"), Change::Backlog(Backlog::All)),
            (tr("Only emergencies"), Change::Backlog(Backlog::Silent)),
        ],
    )
}

/// What dismissing a notification marks as read.
pub fn dismissing(settings: &Settings) -> Choice {
    choice(
        tr("Dismissing a notification"),
        tr("Which messages it marks as read"),
        Change::DismissMarksRead(settings.dismiss_marks_read),
        vec![
            (tr("Those shown in full"), Change::DismissMarksRead(None)),
            (tr("All of its messages"), Change::DismissMarksRead(Some(true))),
            (tr("None"), Change::DismissMarksRead(Some(false))),
        ],
    )
}

/// When emergencies are acknowledged.
pub fn emergency(settings: &Settings) -> Choice {
    choice(
        tr("Acknowledge emergencies"),
        tr("This stops the alarm on every device of your account"),
        Change::Emergency(settings.emergency),
        vec![
            (tr("When I am here"), Change::Emergency(Emergency::Auto)),
            (tr("Always"), Change::Emergency(Emergency::Always)),
            (tr("By me"), Change::Emergency(Emergency::Manual)),
            (tr("Not from notifications"), Change::Emergency(Emergency::Never)),
        ],
    )
}

/// What is shown during a pause.
pub fn break_through(settings: &Settings) -> Choice {
    choice(
        tr("Shown during a pause"),
        tr("The lowest priority that is still shown"),
        Change::BreakThrough(settings.pause.break_through),
        vec![
            (tr("Emergencies"), Change::BreakThrough(Priority::Emergency)),
            (tr("High priority and emergencies"), Change::BreakThrough(Priority::High)),
            (tr("Normal priority and higher"), Change::BreakThrough(Priority::Normal)),
            (tr("Low priority and higher"), Change::BreakThrough(Priority::Low)),
            (tr("Everything"), Change::BreakThrough(Priority::Lowest)),
        ],
    )
}

/// For which messages the user's program is started.
pub fn hook_priority(settings: &Settings) -> Choice {
    choice(
        tr("Start it for"),
        tr("The lowest priority of a message that it is started for"),
        Change::HookPriority(settings.hook.min_priority),
        vec![
            (tr("Every message"), Change::HookPriority(Priority::Lowest)),
            (tr("Low priority and higher"), Change::HookPriority(Priority::Low)),
            (tr("Normal priority and higher"), Change::HookPriority(Priority::Normal)),
            (tr("High priority and emergencies"), Change::HookPriority(Priority::High)),
            (tr("Emergencies"), Change::HookPriority(Priority::Emergency)),
        ],
    )
}

/// How long messages are kept.
pub fn keep(settings: &Settings) -> Choice {
    choice(
        tr("Keep messages"),
        tr("Unread messages and open emergencies always stay"),
        Change::Keep(settings.keep),
        vec![
            (tr("Forever"), Change::Keep(Keep::Forever)),
            (tr("For 30 days"), Change::Keep(Keep::Seconds(30 * DAY))),
            (tr("For 90 days"), Change::Keep(Keep::Seconds(90 * DAY))),
            (tr("For a year"), Change::Keep(Keep::Seconds(365 * DAY))),
            (tr("The newest 1,000"), Change::Keep(Keep::Newest(1_000))),
            (tr("The newest 10,000"), Change::Keep(Keep::Newest(10_000))),
        ],
    )
}

/// Where the login is kept.
pub fn secret_store(settings: &Settings) -> Choice {
    choice(
        tr("Keep the login in"),
        tr("It moves there the next time Handover starts"),
        Change::SecretStore(settings.secret_store),
        vec![
            (tr("The keyring, else a file"), Change::SecretStore(SecretBackend::Auto)),
            (tr("The keyring"), Change::SecretStore(SecretBackend::Keyring)),
            (tr("A file that only you can read"), Change::SecretStore(SecretBackend::File)),
        ],
    )
}

fn choice(
    title: &'static str,
    sentence: &'static str,
    now: Change,
    values: Vec<(&'static str, Change)>,
) -> Choice {
    let mut values: Vec<(String, Change)> =
        values.into_iter().map(|(words, change)| (words.to_owned(), change)).collect();
    let selected = values.iter().position(|(_, change)| *change == now).unwrap_or_else(|| {
        let words = if let Change::Keep(Keep::Newest(count)) = now {
            fill("The newest {count}", &[("count", &count.to_string())])
        } else if let Change::Keep(Keep::Seconds(seconds)) = now
            && seconds % DAY == 0
        {
            fill("For {count} days", &[("count", &(seconds / DAY).to_string())])
        } else {
            tr("As set in the file").to_owned()
        };
        values.push((words, now));
        values.len() - 1
    });
    Choice { title, sentence, values, selected }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_in_use_is_selected() {
        let settings =
            Settings { sound: SoundSetting::Off, keep: Keep::Seconds(17 * DAY), ..Settings::default() };
        assert_eq!(sound(&settings).selected, 2);
        assert_eq!(emergency(&settings).selected, 0);
        let keep = keep(&settings);
        assert_eq!(keep.values[keep.selected], ("For 17 days".to_owned(), Change::Keep(settings.keep)));
        for choice in
            [backlog(&settings), dismissing(&settings), break_through(&settings), secret_store(&settings)]
        {
            assert_eq!(choice.selected, 0, "{}", choice.title);
        }
    }
}
