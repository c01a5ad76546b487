//! The name of a line in a menu, where a line has no more than that to carry its meaning.
//!
//! Invariant: every choice has a name of its own, and whatever is no such name means nothing.

use std::time::Duration;

use super::Choice;
use crate::domain::message::MessageId;
use crate::domain::pause::PauseSpan;

/// The name of a line with this meaning.
pub(super) fn id(choice: Choice) -> String {
    match choice {
        Choice::Open(message) => format!("open {message}"),
        Choice::Acknowledge(message) => format!("acknowledge {message}"),
        Choice::Pause(PauseSpan::For(span)) => format!("pause {}", span.as_secs()),
        Choice::Pause(PauseSpan::TomorrowMorning) => "pause tomorrow".to_owned(),
        Choice::Pause(PauseSpan::Forever) => "pause forever".to_owned(),
        Choice::Resume => "resume".to_owned(),
        Choice::Show => "show".to_owned(),
        Choice::SignIn => "sign-in".to_owned(),
        Choice::TakeBack => "take-back".to_owned(),
        Choice::Autostart(on) => format!("autostart {on}"),
        Choice::Quit => "quit".to_owned(),
    }
}

/// What the line with this name means; `None` for a line that cannot be chosen.
pub(super) fn choice(id: &str) -> Option<Choice> {
    let (verb, object) = id.split_once(' ').unwrap_or((id, ""));
    Some(match (verb, object) {
        ("open", message) => Choice::Open(message_id(message)?),
        ("acknowledge", message) => Choice::Acknowledge(message_id(message)?),
        ("pause", "tomorrow") => Choice::Pause(PauseSpan::TomorrowMorning),
        ("pause", "forever") => Choice::Pause(PauseSpan::Forever),
        ("pause", seconds) => Choice::Pause(PauseSpan::For(Duration::from_secs(seconds.parse().ok()?))),
        ("resume", "") => Choice::Resume,
        ("show", "") => Choice::Show,
        ("sign-in", "") => Choice::SignIn,
        ("take-back", "") => Choice::TakeBack,
        ("autostart", on) => Choice::Autostart(on.parse().ok()?),
        ("quit", "") => Choice::Quit,
        _ => return None,
    })
}

fn message_id(number: &str) -> Option<MessageId> {
    number.parse().ok().map(MessageId::from_stored)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_means_what_it_was_made_for() {
        let message = MessageId::from_stored(-9_007_199_254_740_993);
        let all = [
            Choice::Open(message),
            Choice::Acknowledge(MessageId::from_stored(7)),
            Choice::Pause(PauseSpan::For(Duration::from_mins(30))),
            Choice::Pause(PauseSpan::TomorrowMorning),
            Choice::Pause(PauseSpan::Forever),
            Choice::Resume,
            Choice::Show,
            Choice::SignIn,
            Choice::TakeBack,
            Choice::Autostart(true),
            Choice::Autostart(false),
            Choice::Quit,
        ];
        for meant in all {
            assert_eq!(choice(&id(meant)), Some(meant));
        }
    }

    #[test]
    fn a_line_that_cannot_be_chosen_means_nothing() {
        // The system numbers what it was given no name for.
        for id in ["", "17", "open", "open here", "pause", "autostart maybe", "quit now"] {
            assert_eq!(choice(id), None, "{id}");
        }
    }
}
