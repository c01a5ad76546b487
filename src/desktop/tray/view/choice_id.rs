//! The id of a line in a menu, on systems where a line can carry nothing else.
//!
//! Invariant: every choice has an id of its own, and no other text is one.

use std::time::Duration;

use super::entry::Choice;
use crate::domain::message::MessageId;
use crate::domain::pause::PauseSpan;

/// The id of the line with this choice.
pub(in crate::desktop::tray) fn id(choice: Choice) -> String {
    match choice {
        Choice::Open(message) => format!("open {message}"),
        Choice::MarkAllRead => "mark-all-read".to_owned(),
        Choice::SendTest => "send-test".to_owned(),
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

/// The choice of the line with this id; `None` for a line that cannot be chosen.
pub(in crate::desktop::tray) fn choice(id: &str) -> Option<Choice> {
    let (verb, object) = id.split_once(' ').unwrap_or((id, ""));
    Some(match (verb, object) {
        ("open", message) => Choice::Open(message_id(message)?),
        ("mark-all-read", "") => Choice::MarkAllRead,
        ("send-test", "") => Choice::SendTest,
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
    fn an_id_leads_back_to_its_choice() {
        let message = MessageId::from_stored(-9_007_199_254_740_993);
        let all = [
            Choice::Open(message),
            Choice::MarkAllRead,
            Choice::SendTest,
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
        for expected in all {
            assert_eq!(choice(&id(expected)), Some(expected));
        }
    }

    #[test]
    fn any_other_id_is_no_choice() {
        // The system numbers the lines that have no id.
        for id in ["", "17", "open", "open here", "pause", "autostart maybe", "quit now"] {
            assert_eq!(choice(id), None, "{id}");
        }
    }
}
