//! The words of the window in the user's language.
//!
//! Invariant: every text of the window comes through here, so a translation changes this file only. English is the only
//! language so far.

/// A text in the user's language.
pub fn tr(text: &'static str) -> &'static str {
    text
}

/// `3 messages`, `1 message`.
pub fn count(number: usize, one: &'static str, several: &'static str) -> String {
    format!("{number} {}", if number == 1 { tr(one) } else { tr(several) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_not_several() {
        assert_eq!(count(1, "message", "messages"), "1 message");
        assert_eq!(count(0, "message", "messages"), "0 messages");
    }
}
