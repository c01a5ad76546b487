//! The wizard's questions as prompts.
//!
//! Invariant: every prompt that has a way back says so, and an answer that the service would refuse for its form
//! is not taken.

use inquire::autocompletion::{Autocomplete, Replacement};
use inquire::validator::{ErrorMessage, Validation};
use inquire::{Confirm, CustomUserError, InquireError, Password, PasswordDisplayMode, Select, Text};

use crate::app::e2ee;
use crate::app::sign_in::Answer;
use crate::domain::account::{DeviceName, Secret};
use crate::domain::settings::Emergency;

/// Asks for the email address, with what was typed before to be mended.
pub(super) fn email(typed: Option<&str>) -> Result<Answer, InquireError> {
    let answer = Text::new("Email address:")
        .with_initial_value(typed.unwrap_or_default())
        .with_validator(|text: &str| {
            Ok(if text.trim().is_empty() || !text.contains('@') {
                invalid("the address you sign in with at pushover.net, with an @")
            } else {
                Validation::Valid
            })
        })
        .with_help_message("of your Pushover account")
        .prompt()?;
    Ok(Answer::Email(answer))
}

/// Asks for the password, or the way back.
pub(super) fn password(email: &str) -> Result<Answer, InquireError> {
    let mut typed = Password::new(&format!("Password of {email}:"))
        .with_display_mode(PasswordDisplayMode::Masked)
        .without_confirmation()
        .with_formatter(&|typed| if typed.is_empty() { String::new() } else { "********".to_owned() })
        .with_help_message("sent once, not kept; leave it empty to change the address")
        .prompt()?;
    // A password pasted with the end of its line.
    typed.truncate(typed.trim_end_matches(['\r', '\n']).len());
    Ok(if typed.is_empty() { Answer::Back } else { Answer::Password(Secret::new(typed)) })
}

/// Asks for the key of end-to-end encryption; an empty one is to forget it.
pub(super) fn encryption_key() -> Result<Secret, InquireError> {
    let typed = Password::new("Encryption key:")
        .with_display_mode(PasswordDisplayMode::Masked)
        .without_confirmation()
        .with_formatter(&|typed| if typed.is_empty() { String::new() } else { "********".to_owned() })
        .with_validator(|text: &str| {
            Ok(if text.trim().is_empty() || e2ee::is_key(text) {
                Validation::Valid
            } else {
                invalid("a key has 64 digits, each 0-9 or a-f")
            })
        })
        .with_help_message("leave it empty to forget the one there is")
        .prompt()?;
    Ok(Secret::new(typed))
}

/// Asks for the two-factor code, or the way back.
pub(super) fn code() -> Result<Answer, InquireError> {
    let typed = Text::new("Two-factor code:")
        .with_help_message("from your authenticator; leave it empty to type the password again")
        .prompt()?;
    Ok(if typed.trim().is_empty() { Answer::Back } else { Answer::Code(typed) })
}

/// Asks what to do about emergencies.
pub(super) fn emergencies(now: Emergency) -> Result<Answer, InquireError> {
    let choices = vec![
        Choice("auto    Handover acknowledges it once it is shown and I am here", Emergency::Auto),
        Choice("always  Handover acknowledges it once it is shown, also while I am away", Emergency::Always),
        Choice(
            "manual  I acknowledge it: on the notification, in the tray or by a command",
            Emergency::Manual,
        ),
        Choice(
            "never   No notification offers it; I still can, in the tray or by a command",
            Emergency::Never,
        ),
    ];
    let start = choices.iter().position(|choice| choice.1 == now).unwrap_or_default();
    choose("When an emergency arrives here:", choices, start).map(Answer::Emergencies)
}

/// Asks for a name; `typed` is one to mend, else one is offered.
pub(super) fn name(proposed: &DeviceName, is_typed: bool) -> Result<Answer, InquireError> {
    let prompt = Text::new("Name for this computer:")
        .with_autocomplete(LiveComplaint)
        .with_validator(|text: &str| {
            Ok(match complaint(text) {
                None => Validation::Valid,
                Some(_) => invalid("the service would not take this name"),
            })
        })
        .with_help_message("up to 25 of A-Z a-z 0-9 _ -; senders can address it by this name");
    let prompt = if is_typed {
        prompt.with_initial_value(proposed.as_str())
    } else {
        prompt.with_default(proposed.as_str())
    };
    let typed = prompt.prompt()?;
    Ok(DeviceName::new(&typed).map_or(Answer::Back, Answer::Name))
}

/// Asks for consent to take over a name.
pub(super) fn take_over(name: &DeviceName, is_ours: bool) -> Result<Answer, InquireError> {
    let consent = if is_ours {
        format!("Take {name} over again")
    } else {
        format!("Take {name} over: the device that has it stops receiving")
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

/// Asks whether to try once more to save; there is nothing else to choose but to stop.
pub(super) fn save_again() -> Result<(), InquireError> {
    let choices = vec![Choice("Try again to save it", true), Choice("Stop", false)];
    if choose("What now?", choices, 0)? { Ok(()) } else { Err(InquireError::OperationCanceled) }
}

/// Asks whether to start at login.
pub(super) fn autostart(default: bool) -> Result<bool, InquireError> {
    Confirm::new("Start Handover at login?")
        .with_default(default)
        .with_help_message("`handover autostart on|off` changes it at any time")
        .prompt()
}

/// Something to choose, with the words for it.
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

/// What a choice is called once it is made: the words before a gap or a colon.
fn first_words(choice: &str) -> String {
    let end = choice.find("  ").or_else(|| choice.find(':')).unwrap_or(choice.len());
    choice.get(..end).unwrap_or(choice).to_owned()
}

/// Says while a name is typed why it will not do.
#[derive(Clone)]
struct LiveComplaint;

impl Autocomplete for LiveComplaint {
    fn get_suggestions(&mut self, typed: &str) -> Result<Vec<String>, CustomUserError> {
        Ok(complaint(typed).into_iter().collect())
    }

    fn get_completion(&mut self, _: &str, _: Option<String>) -> Result<Replacement, CustomUserError> {
        Ok(Replacement::None)
    }
}

/// Why this cannot be a device's name; nothing to say of an empty one, for which the proposed one stands.
fn complaint(typed: &str) -> Option<String> {
    if typed.is_empty() || DeviceName::new(typed).is_some() {
        return None;
    }
    let odd = typed.chars().find(|letter| DeviceName::new(letter.encode_utf8(&mut [0; 4])).is_none());
    Some(match odd {
        Some(letter) if letter.is_whitespace() => "there can be no space in it".to_owned(),
        Some(letter) => format!("there can be no {letter} in it"),
        None => format!("it is {} letters too long", typed.len().saturating_sub(DeviceName::MAX)),
    })
}

fn invalid(why: impl Into<String>) -> Validation {
    Validation::Invalid(ErrorMessage::Custom(why.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_will_not_do_is_said_so_while_it_is_typed() {
        let said = |typed: &str| complaint(typed).unwrap_or_default();
        assert_eq!(said(""), "");
        assert_eq!(said("desk_2-b"), "");
        assert_eq!(said("my desk"), "there can be no space in it");
        assert_eq!(said("b\u{fc}ro"), "there can be no \u{fc} in it");
        assert_eq!(said(&"a".repeat(27)), "it is 2 letters too long");
    }
}
