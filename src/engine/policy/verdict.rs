//! The verdict on one message.
//!
//! Invariant: an emergency that no one acknowledged is always shown, also during a pause and in the initial sync, unless a rule
//! says `emergency = true`; only the service's welcome to a new device, or what a rule marks, counts as read without being shown.

use super::backlog;
use super::circumstances::Circumstances;
use super::rules::{Ruled, ruled};
use super::sound::SoundChoice;
use crate::domain::account::SoundPreferences;
use crate::domain::message::{Acknowledgement, Entry, Message, Priority};
use crate::domain::settings::Emergency;

/// What is to happen to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it is shown.
    pub action: Action,
    /// How urgent it is when it is shown.
    pub priority: Priority,
    /// What is heard when it is shown.
    pub sound: SoundChoice,
    /// Whether it is acknowledged as soon as it is shown. Where that waits until someone is at the computer,
    /// `engine::presence` decides.
    pub acknowledge: bool,
    /// Of the messages with the same group, only the latest is on the screen.
    pub group: Option<String>,
    /// Whether it counts as read once it is shown.
    pub read: bool,
    /// When a rule lets it be shown, unix seconds, if a rule holds it back; that may be over.
    pub held_until: Option<i64>,
}

/// Whether a message is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Now.
    Show,
    /// After the pause, or at the time that a rule says.
    Hold,
    /// Never; it counts as announced.
    Skip {
        /// Whether it also counts as read.
        read: bool,
    },
}

/// The verdict on a message that is recorded and not announced.
pub fn decide(entry: &Entry, circumstances: &Circumstances<'_>) -> Verdict {
    let ruled = ruled(entry, circumstances);
    let priority = ruled.priority.unwrap_or_else(|| priority_of(&entry.message));
    let action = action(entry, &ruled, priority, circumstances);
    let priority = match priority {
        Priority::Normal if circumstances.quiet_hours => Priority::Low,
        Priority::Lowest | Priority::Low | Priority::Normal | Priority::High | Priority::Emergency => {
            priority
        }
    };
    let is_shown = action == Action::Show;
    let sound = if is_shown { sound(entry, &ruled, priority, circumstances) } else { SoundChoice::SILENT };
    let is_always = circumstances.emergency == Emergency::Always && ruled.acknowledge;
    let acknowledge = is_shown && is_always && entry.awaits_acknowledgement();
    let Ruled { group, read, hold_until: held_until, .. } = ruled;
    Verdict { action, priority, sound, acknowledge, group, read: read && is_shown, held_until }
}

fn action(entry: &Entry, ruled: &Ruled<'_>, priority: Priority, circumstances: &Circumstances<'_>) -> Action {
    let message = &entry.message;
    let is_welcome = circumstances.initial_sync && backlog::is_welcome(message);
    let is_skipped = is_welcome
        || is_acknowledged_here(entry)
        || priority == Priority::Lowest
        || message.is_expired(circumstances.service_unix)
        || backlog::is_silent(entry, circumstances)
        || !ruled.show;
    let is_held = circumstances.paused.is_some_and(|lowest| priority < lowest)
        || ruled.hold_until.is_some_and(|end| circumstances.unix < end);
    if is_skipped {
        Action::Skip { read: is_welcome || ruled.read }
    } else if is_held {
        Action::Hold
    } else {
        Action::Show
    }
}

fn sound(
    entry: &Entry,
    ruled: &Ruled<'_>,
    priority: Priority,
    circumstances: &Circumstances<'_>,
) -> SoundChoice {
    let Circumstances { sound, sound_preferences, .. } = circumstances;
    if let Some(name) = ruled.sound {
        // A rule was written for these messages, the preferences of the device for all of them.
        let preferences = SoundPreferences {
            always_use_default_sound: false,
            always_use_default_high_priority_sound: false,
            ..(*sound_preferences).clone()
        };
        return SoundChoice::new(Some(name), priority, &preferences, *sound);
    }
    SoundChoice::new(entry.message.sound.as_deref(), priority, sound_preferences, *sound)
}

/// When this emergency is acknowledged: as the settings say, or by the user where a rule forbids anything else.
pub fn emergency_setting(entry: &Entry, circumstances: &Circumstances<'_>) -> Emergency {
    let setting = circumstances.emergency;
    if setting.is_automatic() && !ruled(entry, circumstances).acknowledge {
        return Emergency::Manual;
    }
    setting
}

/// Whether the emergency was acknowledged here. The request is recorded together with the mark of having been shown,
/// so a copy of it that is still to be announced came later.
pub fn is_acknowledged_here(entry: &Entry) -> bool {
    match entry.acknowledgement {
        Acknowledgement::Wanted | Acknowledgement::Confirmed => true,
        Acknowledgement::NotWanted | Acknowledgement::GivenUp => false,
    }
}

/// The priority that matters for a pause: an emergency that someone acknowledged is merely urgent. Quiet hours do not
/// lower it.
fn priority_of(message: &Message) -> Priority {
    if message.acknowledged { message.priority.min(Priority::High) } else { message.priority }
}
