//! The verdict on one message.
//!
//! Invariant: an emergency that no one acknowledged is always shown, also during a pause and in the initial sync; only the
//! service's welcome to a new device counts as read without being shown.

use super::backlog;
use super::circumstances::Circumstances;
use super::sound::SoundChoice;
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
}

/// Whether a message is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Now.
    Show,
    /// After the pause.
    Hold,
    /// Never; it counts as announced.
    Skip {
        /// Whether it also counts as read.
        read: bool,
    },
}

/// The verdict on a message that is recorded and not announced.
pub fn decide(entry: &Entry, circumstances: &Circumstances<'_>) -> Verdict {
    let action = action(entry, circumstances);
    let priority = match priority_of(&entry.message) {
        Priority::Normal if circumstances.quiet_hours => Priority::Low,
        priority @ (Priority::Lowest
        | Priority::Low
        | Priority::Normal
        | Priority::High
        | Priority::Emergency) => priority,
    };
    let is_shown = action == Action::Show;
    let sound = if is_shown {
        let Circumstances { sound, sound_preferences, .. } = circumstances;
        SoundChoice::new(entry.message.sound.as_deref(), priority, sound_preferences, *sound)
    } else {
        SoundChoice::SILENT
    };
    let is_always = circumstances.emergency == Emergency::Always;
    let acknowledge = is_shown && is_always && entry.awaits_acknowledgement();
    Verdict { action, priority, sound, acknowledge }
}

fn action(entry: &Entry, circumstances: &Circumstances<'_>) -> Action {
    let message = &entry.message;
    let is_welcome = circumstances.initial_sync && backlog::is_welcome(message);
    let is_skipped = is_welcome
        || is_acknowledged_here(entry)
        || message.priority == Priority::Lowest
        || message.is_expired(circumstances.service_unix)
        || backlog::is_silent(entry, circumstances);
    if is_skipped {
        Action::Skip { read: is_welcome }
    } else if circumstances.paused.is_some_and(|lowest| priority_of(message) < lowest) {
        Action::Hold
    } else {
        Action::Show
    }
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
pub fn priority_of(message: &Message) -> Priority {
    if message.acknowledged { message.priority.min(Priority::High) } else { message.priority }
}
