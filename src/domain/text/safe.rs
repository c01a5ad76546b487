//! Removes characters that are not safe to display on a desktop, on a terminal, or in a log.
//!
//! Invariant: the remaining text looks like what it says, and cannot change how the text around it looks.

use std::iter;

/// The text as a single line for a title: trimmed, with spaces in place of line breaks, and without unsafe characters.
pub fn one_line(text: &str) -> String {
    safe_text(text).replace('\n', " ").trim().to_owned()
}

/// The text without unsafe characters; line breaks become `\n`, and tabs become spaces.
pub(super) fn safe_text(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    safe.extend(safe_letters(text));
    safe
}

/// The characters of [`safe_text`], one by one.
pub(super) fn safe_letters(text: &str) -> impl Iterator<Item = char> {
    let mut letters = text.chars().peekable();
    iter::from_fn(move || {
        loop {
            match letters.next()? {
                '\t' => return Some(' '),
                '\r' if letters.peek() == Some(&'\n') => {}
                '\r' | '\u{2028}' | '\u{2029}' => return Some('\n'),
                letter if is_safe(letter) => return Some(letter),
                _ => {}
            }
        }
    })
}

/// Whether a character is safe to display: not a control other than `\n`, not one that overrides the direction of the
/// text around it, not one that XML forbids. The joiners U+200C and U+200D and the direction marks U+200E, U+200F and
/// U+061C are safe: scripts and emoji need them, and a mark only affects the neutral characters beside it.
pub fn is_safe(letter: char) -> bool {
    let overrides_direction = matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let is_line_mark = matches!(letter, '\u{2028}' | '\u{2029}');
    let is_no_character =
        matches!(letter, '\u{feff}' | '\u{fdd0}'..='\u{fdef}') || u32::from(letter) & 0xfffe == 0xfffe;
    let is_control = letter.is_control() && letter != '\n';
    !(overrides_direction || is_line_mark || is_no_character || is_control)
}

/// A sentence with its first letter in upper case, unless it begins with an address, a path or the name of a setting.
pub fn capitalized(sentence: &str) -> String {
    let word = sentence.split_whitespace().next().unwrap_or_default();
    let is_name = word.trim_end_matches(['.', ',', ':', ';']).contains(['.', '/', '_', '@', '=']);
    if is_name {
        return sentence.to_owned();
    }
    let mut letters = sentence.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_begins_with_a_capital_letter_and_a_name_stays_as_it_is() {
        for (sentence, expected) in [
            ("the disk is full", "The disk is full"),
            ("offline, no network", "Offline, no network"),
            ("muted.", "Muted."),
            ("é", "É"),
            ("api.pushover.net cannot be reached", "api.pushover.net cannot be reached"),
            ("config.toml:8: there is no setting \"x\"", "config.toml:8: there is no setting \"x\""),
            ("key_command printed no key", "key_command printed no key"),
            ("", ""),
        ] {
            assert_eq!(capitalized(sentence), expected);
        }
    }
}
