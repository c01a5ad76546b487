//! The property that any rule keeps, for the fuzz target in `tests/fuzz`.
//!
//! Invariant: what an expression matches is decided here by the expression alone.

use regex_lite::RegexBuilder;

use super::{Days, GroupName, Hours, Pattern, Searched, TimeOfDay, day_name};

/// What the program searches of a text.
const SEARCHED: usize = 16 * 1024;

/// Panics unless a pattern, hours, days, a time and the name of a group read the same as they print, and unless a pattern matches
/// what it should. The first line is what the user wrote, the rest is a text.
pub fn rules(data: &[u8]) {
    let data = String::from_utf8_lossy(data);
    let (written, text) = data.split_once('\n').unwrap_or((&data, ""));
    if let Ok(pattern) = Pattern::new(written) {
        let again = Pattern::new(&pattern.to_string());
        assert_eq!(again.as_ref(), Ok(&pattern));
        let is_match = pattern.matches(&Searched::new(text));
        assert!(
            again.is_ok_and(|again| again.matches(&Searched::new(text)) == is_match),
            "it prints differently"
        );
        matches_as_it_should(written, &pattern, text);
    }
    if text.len() <= SEARCHED
        && let Ok(exactly) = Pattern::exactly(text)
    {
        assert!(exactly.matches(&Searched::new(text)), "{text:?} does not match itself");
        assert!(!exactly.matches(&Searched::new(format!("{text}."))), "{text:?} matches more than itself");
    }
    if let Some(time) = TimeOfDay::parse(written) {
        assert_eq!(TimeOfDay::parse(&time.to_string()), Some(time));
        let (unix, offset) = number(text);
        let next = time.next_after(unix, offset);
        assert!(next > unix && next - unix <= 86_400, "{next} after {unix}");
        assert_eq!(TimeOfDay::of(next, offset), time);
    }
    if let Some(hours) = Hours::parse(written) {
        assert_eq!(Hours::parse(&hours.to_string()), Some(hours));
    }
    if let Some(days) = Days::parse(written) {
        assert_eq!(Days::parse(&days.to_string()), Some(days));
        let (unix, offset) = number(text);
        let is_one = days.to_string().split(',').any(|day| day == day_name(unix, offset));
        assert_eq!(days.contain(unix, offset), is_one);
    }
    if let Ok(group) = GroupName::new(written) {
        let printed = group.of("{app}", "{title}");
        assert_eq!(printed, written);
        assert_eq!(GroupName::new(&printed), Ok(group.clone()));
        let filled = group.of(text, "\u{E000}");
        assert_eq!(filled, written.replace("{title}", "\u{E000}").replace("{app}", text));
    }
}

fn matches_as_it_should(written: &str, pattern: &Pattern, text: &str) {
    let is_match = pattern.matches(&Searched::new(text));
    let expression = written.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
    if let Some(expression) = expression {
        let searched = text.get(..text.floor_char_boundary(SEARCHED)).unwrap_or(text);
        let expected = RegexBuilder::new(expression).build().map(|regex| regex.is_match(searched));
        assert_eq!(Ok(is_match), expected, "the quick search missed it");
        return;
    }
    let around = format!("{text}{written}{text}");
    if around.len() <= SEARCHED {
        assert!(pattern.matches(&Searched::new(around)), "words do not match a text with them");
    }
    if written.is_ascii() && text.is_ascii() && text.len() <= SEARCHED {
        let is_part = text.to_ascii_lowercase().contains(&written.to_ascii_lowercase());
        assert_eq!(is_match, is_part);
    }
}

/// A time in the next ten thousand years or so, and a time zone.
fn number(text: &str) -> (i64, i32) {
    let number = text.bytes().take(12).fold(0_i64, |number, byte| (number << 3) ^ i64::from(byte));
    let offset = i32::try_from(number % (14 * 3_600)).unwrap_or_default();
    (number, if number & 1 == 0 { offset } else { -offset })
}
