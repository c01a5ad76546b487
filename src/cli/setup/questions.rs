//! The wizard's prompts.
//!
//! Invariant: every prompt that can go back says so, and an answer that the service would reject as malformed is not
//! accepted.

use inquire::{InquireError, Select};

use super::line::Line;
use crate::app::e2ee;
use crate::app::sign_in::Answer;
use crate::domain::account::{DeviceName, Secret};
use crate::domain::settings::Emergency;

/// Asks for the email address; what was typed before can be corrected, and the one of the last sign-in is offered.
pub(super) fn email(typed: Option<&str>, before: Option<&str>) -> Result<Answer, InquireError> {
    let check = |text: &str| {
        let is_complete = !text.trim().is_empty() && text.contains('@');
        (!is_complete).then(|| "enter the address you use to sign in at pushover.net".to_owned())
    };
    let line = Line::new("Email address:", "of your Pushover account");
    let default = before.filter(|_| typed.is_none());
    Line { initial: typed.unwrap_or_default(), default, check, ..line }.ask().map(Answer::Email)
}

/// Asks for the password; an empty answer goes back.
pub(super) fn password(email: &str) -> Result<Answer, InquireError> {
    let label = format!("Password for {email}:");
    let line = Line::new(&label, "sent once, never saved; leave empty to change the address");
    let typed = Line { is_masked: true, ..line }.ask()?;
    Ok(if typed.is_empty() { Answer::Back } else { Answer::Password(Secret::new(typed)) })
}

/// Asks for the end-to-end encryption key; an empty one removes it.
pub(super) fn encryption_key() -> Result<Secret, InquireError> {
    let check = |text: &str| {
        let is_valid = text.trim().is_empty() || e2ee::is_key(text);
        (!is_valid).then(|| "a key has 64 digits, each 0-9 or a-f".to_owned())
    };
    let line = Line::new("Encryption key:", "leave empty to remove the current key");
    Line { is_masked: true, check, ..line }.ask().map(Secret::new)
}

/// Asks for a secret, which is not shown.
pub(in crate::cli) fn secret(label: &str, help: &str) -> Result<Secret, InquireError> {
    Line { is_masked: true, ..Line::new(label, help) }.ask().map(Secret::new)
}

/// Asks for the two-factor code; an empty answer goes back.
pub(super) fn code() -> Result<Answer, InquireError> {
    let help = "from your authenticator app; leave empty to enter the password again";
    let typed = Line::new("Two-factor code:", help).ask()?;
    Ok(if typed.trim().is_empty() { Answer::Back } else { Answer::Code(typed) })
}

/// Asks how to handle emergencies.
pub(super) fn emergencies(now: Emergency) -> Result<Answer, InquireError> {
    let choices = vec![
        Choice("auto    Handover acknowledges it once it is shown and I am here", Emergency::Auto),
        Choice("always  Handover acknowledges it once it is shown, even while I am away", Emergency::Always),
        Choice(
            "manual  I acknowledge it: on the notification, in the tray or with a command",
            Emergency::Manual,
        ),
        Choice(
            "never   No button on notifications; I still can in the tray or with a command",
            Emergency::Never,
        ),
    ];
    let start = choices.iter().position(|choice| choice.1 == now).unwrap_or_default();
    choose("When an emergency arrives here:", choices, start).map(Answer::Emergencies)
}

/// What the line for the name begins with.
pub(super) enum Proposal {
    /// This name is the answer when nothing is typed.
    Default(DeviceName),
    /// This name was not accepted and can be corrected.
    Typed(DeviceName),
}

/// Asks for a name.
pub(super) fn name(proposal: &Proposal) -> Result<Answer, InquireError> {
    let help = "up to 25 of A-Z a-z 0-9 _ -; senders can address this computer by it";
    let line = Line::new("Name for this computer:", help);
    let line = Line { check: name_error, checks_at_once: true, ..line };
    let line = match proposal {
        Proposal::Default(name) => Line { default: Some(name.as_str()), ..line },
        Proposal::Typed(name) => Line { initial: name.as_str(), ..line },
    };
    let typed = line.ask()?;
    Ok(DeviceName::new(&typed).map_or(Answer::Back, Answer::Name))
}

/// Asks for consent to take over a name.
pub(super) fn take_over(name: &DeviceName, is_ours: bool) -> Result<Answer, InquireError> {
    let consent = if is_ours {
        format!("Take over {name} again")
    } else {
        format!("Take over {name}: the device that has it stops receiving")
    };
    let mut choices =
        vec![Choice("Choose another name".to_owned(), Answer::Back), Choice(consent, Answer::TakeOver)];
    if is_ours {
        choices.reverse();
    }
    choose("What now?", choices, 0)
}

/// Asks whether to try again.
pub(super) fn again() -> Result<Answer, InquireError> {
    let choices = vec![Choice("Try again", Answer::Again), Choice("Change what I typed", Answer::Back)];
    choose("What now?", choices, 0)
}

/// Asks whether to try to save again or stop.
pub(super) fn save_again() -> Result<(), InquireError> {
    let choices = vec![Choice("Try to save it again", true), Choice("Stop", false)];
    if choose("What now?", choices, 0)? { Ok(()) } else { Err(InquireError::OperationCanceled) }
}

/// Asks whether to start at login.
pub(super) fn autostart(default: bool) -> Result<bool, InquireError> {
    let help = "change it at any time with `handover autostart on|off`";
    let line = Line::new("Start Handover at login?", help);
    let check = |text: &str| yes_or_no(text).is_none().then(|| "answer y or n".to_owned());
    let shown_as = |text: &str| if yes_or_no(text) == Some(true) { "Yes" } else { "No" };
    let default = Some(if default { "Y/n" } else { "y/N" });
    let answer = Line { default, check, shown_as, ..line }.ask()?;
    Ok(yes_or_no(&answer) == Some(true))
}

/// Asks whether to start the daemon now.
pub(super) fn start_now() -> Result<bool, InquireError> {
    let check = |text: &str| yes_or_no(text).is_none().then(|| "answer y or n".to_owned());
    let shown_as = |text: &str| if yes_or_no(text) == Some(true) { "Yes" } else { "No" };
    let line = Line::new("Start Handover now?", "it runs in the background; `handover quit` stops it");
    let answer = Line { default: Some("Y/n"), check, shown_as, ..line }.ask()?;
    Ok(yes_or_no(&answer) == Some(true))
}

/// What an answer means; in a default the capital letter counts.
fn yes_or_no(text: &str) -> Option<bool> {
    match text.trim() {
        "Y/n" | "y" | "Y" => Some(true),
        "y/N" | "n" | "N" => Some(false),
        typed if typed.eq_ignore_ascii_case("yes") => Some(true),
        typed if typed.eq_ignore_ascii_case("no") => Some(false),
        _ => None,
    }
}

/// A choice and its label.
struct Choice<W, T>(W, T);

impl<W: std::fmt::Display, T> std::fmt::Display for Choice<W, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

fn choose<W: std::fmt::Display, T>(
    question: &str,
    choices: Vec<Choice<W, T>>,
    start: usize,
) -> Result<T, InquireError> {
    let chosen = Select::new(question, choices)
        .with_starting_cursor(start)
        .without_filtering()
        .with_help_message("arrow keys move, Enter chooses")
        .with_formatter(&|chosen| first_words(&chosen.value.to_string()))
        .prompt()?;
    Ok(chosen.1)
}

/// How a choice is shown after it was made: the words before a gap or a colon.
fn first_words(choice: &str) -> String {
    let end = choice.find("  ").or_else(|| choice.find(':')).unwrap_or(choice.len());
    choice.get(..end).unwrap_or(choice).to_owned()
}

/// Why this is not a valid device name; an empty one means the proposed name.
fn name_error(typed: &str) -> Option<String> {
    if typed.is_empty() || DeviceName::new(typed).is_some() {
        return None;
    }
    let invalid = typed.chars().find(|letter| DeviceName::new(letter.encode_utf8(&mut [0; 4])).is_none());
    Some(match invalid {
        Some(letter) if letter.is_whitespace() => "it cannot contain spaces".to_owned(),
        Some(letter) => format!("it cannot contain {letter}"),
        None => format!("it cannot be longer than {} characters", DeviceName::MAX),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_name_is_explained_while_it_is_typed() {
        let said = |typed: &str| name_error(typed).unwrap_or_default();
        assert_eq!(said(""), "");
        assert_eq!(said("desk_2-b"), "");
        assert_eq!(said("my desk"), "it cannot contain spaces");
        assert_eq!(said("b\u{fc}ro"), "it cannot contain \u{fc}");
        assert_eq!(said(&"a".repeat(27)), "it cannot be longer than 25 characters");
    }
}
