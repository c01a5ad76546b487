//! Strikes out what looks like a secret in the service's own words: it might quote what it was sent.
//!
//! Invariant: no result contains a key, a token, a receipt, an id of a device, an e-mail address or the query of a link, in
//! plain text or percent-encoded. Words of a language and names of parameters stay as they are.

/// What is shown in the place of something that is struck out.
pub(in crate::pushover) const STRUCK_OUT: &str = "•••";

/// The shortest key. The service's have 30 characters or more.
const SHORTEST_KEY: usize = 21;

/// A text without what looks like a secret.
pub(in crate::pushover) fn strike_out(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for part in text.split_inclusive(char::is_whitespace) {
        let word = part.trim_end();
        strike_out_of_word(word, &mut result);
        result.push_str(part.get(word.len()..).unwrap_or_default());
    }
    result
}

fn strike_out_of_word(word: &str, result: &mut String) {
    let is_mail = ["@", "%40"].iter().any(|at| word.rfind(at).is_some_and(|at| at > 0));
    if is_mail || word.to_ascii_lowercase().contains("%3a%2f%2f") {
        return result.push_str(STRUCK_OUT);
    }
    let is_link = word.contains("://");
    let query = word.find(|letter| letter == '?' || (is_link && letter == '#'));
    let query = query.filter(|query| is_link || word.get(*query..).is_some_and(|query| query.contains('=')));
    let (mut rest, query) = word.split_at(query.unwrap_or(word.len()));
    while !rest.is_empty() {
        let is_other = |letter: char| !letter.is_ascii_alphanumeric() && letter != '%' && letter != '-';
        let (run, after) = rest.split_at(rest.find(is_other).unwrap_or(rest.len()));
        if has_key(run) {
            result.push_str(STRUCK_OUT);
        } else {
            result.push_str(run);
        }
        let other = after.chars().next();
        result.extend(other);
        rest = after.get(other.map_or(0, char::len_utf8)..).unwrap_or_default();
    }
    if let Some(first) = query.chars().next() {
        result.push(first);
        result.push_str(STRUCK_OUT);
    }
}

/// Whether letters, digits and hyphens contain a key, or are a UUID.
fn has_key(run: &str) -> bool {
    if run.len() < SHORTEST_KEY {
        return false;
    }
    let is_key = |part: &str| {
        let has_any = |is: fn(&u8) -> bool| part.bytes().any(|byte| is(&byte));
        part.len() >= SHORTEST_KEY
            && (has_any(u8::is_ascii_digit)
                || (has_any(u8::is_ascii_lowercase) && has_any(u8::is_ascii_uppercase)))
    };
    run.bytes().filter(u8::is_ascii_digit).count() >= 4 || run.split('-').any(is_key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_secret_is_struck_out() {
        for (text, expected) in [
            ("user uQiRzpo4DXghDmr9QzzfQu27cmVRsG is invalid", "user ••• is invalid"),
            ("(7df577c3-da18-4fb3-898b-c1ab4985633b)", "(•••)"),
            ("x=%75QiRzpo4DXghDmr9QzzfQu27cmVRsG,", "x=•••,"),
            ("aQiRzpoXDXghDmrbQzzfQuvvcmVRsG", "•••"),
            ("sean@example.org  is unknown", "•••  is unknown"),
            ("sean%40example.org", "•••"),
            ("@sean@example.org", "•••"),
            ("https%3A%2F%2Fa.example%3Fa%3Db", "•••"),
            ("see https://a.example/x?token=t0k3n&b", "see https://a.example/x?•••"),
            ("see https://a.example/#t0k3n", "see https://a.example/#•••"),
            ("/x?token=t0k3n", "/x?•••"),
        ] {
            assert_eq!(strike_out(text), expected, "{text}");
        }
    }

    #[test]
    fn other_text_stays_as_it_is() {
        for text in [
            "",
            "message cannot be blank, see https://pushover.net/api",
            "always_use_default_high_priority_sound is not true",
            "device living-room-tablet-of-sean is not registered",
            "internationalizations of 2026-11-27 14:15:16 failed?\n#5 @home",
        ] {
            assert_eq!(strike_out(text), text);
        }
    }
}
