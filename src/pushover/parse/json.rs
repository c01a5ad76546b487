//! Reads JSON leniently: every value can be read as text, as a number or as a flag, however it is written.
//!
//! Invariant: a malformed, huge or deeply nested value does not affect its neighbours, and no number is ever converted
//! to a float.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The most fields of an object and items of an array that are kept: many times what the service sends. Each one takes
/// many times its own length in memory.
const MOST: usize = 1_000;

/// An object with its values as they were written. Unlike a derived struct, it accepts a duplicate key (the last one
/// counts) and values of any type.
pub(in crate::pushover) struct Object<'a>(Vec<(Text, &'a RawValue)>);

impl<'a> Object<'a> {
    pub(super) fn read(json: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }

    /// A field; `None` when it is missing or null.
    pub(in crate::pushover) fn get(&self, key: &str) -> Option<Value<'a>> {
        let found = self.0.iter().rev().find(|(name, _)| name.0 == key);
        found.and_then(|(_, raw)| Value::read(raw))
    }

    /// The first of two fields that can be read as a whole number.
    pub(in crate::pushover) fn integer(&self, key: &str, or_else: &str) -> Option<i64> {
        let integer = |key| self.get(key)?.integer();
        integer(key).or_else(|| integer(or_else))
    }

    /// A field that is text and not empty.
    pub(in crate::pushover) fn text(&self, key: &str) -> Option<String> {
        self.get(key)?.text().filter(|text| !text.is_empty())
    }

    /// A field that is a flag.
    pub(in crate::pushover) fn flag(&self, key: &str) -> Option<bool> {
        self.get(key)?.flag()
    }

    /// A field that is a list of texts; what is not text is left out.
    pub(in crate::pushover) fn texts(&self, key: &str) -> Vec<String> {
        let Some(Value::Nested(list)) = self.get(key) else { return Vec::new() };
        array(list).unwrap_or_default().into_iter().filter_map(|item| Value::read(item)?.text()).collect()
    }

    /// The names and texts in a field that is an object, in their order.
    pub(in crate::pushover) fn pairs(&self, key: &str) -> Vec<(String, String)> {
        let Some(Value::Nested(object)) = self.get(key) else { return Vec::new() };
        let Ok(object) = Object::read(object) else { return Vec::new() };
        object.entries().filter_map(|(name, value)| Some((name.to_owned(), value.text()?))).collect()
    }

    /// All fields except those that are null.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, Value<'a>)> {
        self.0.iter().filter_map(|(name, raw)| Some((name.0.as_str(), Value::read(raw)?)))
    }
}

/// The first items of an array, each as it was written; `None` for anything else.
pub(super) fn array(json: &str) -> Option<Vec<&RawValue>> {
    serde_json::from_str(json).ok().map(|Array(items)| items)
}

struct Array<'a>(Vec<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Array<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items;
        impl<'de> Visitor<'de> for Items {
            type Value = Vec<&'de RawValue>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while items.len() < MOST
                    && let Some(item) = array.next_element()?
                {
                    items.push(item);
                }
                while array.next_element::<IgnoredAny>()?.is_some() {}
                Ok(items)
            }
        }
        deserializer.deserialize_seq(Items).map(Array)
    }
}

/// A value of one of the kinds the service uses.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::pushover) enum Value<'a> {
    Flag(bool),
    /// As it was written.
    Number(&'a str),
    Text(String),
    /// An object or an array, as it was written.
    Nested(&'a str),
}

impl<'a> Value<'a> {
    pub(super) fn read(raw: &'a RawValue) -> Option<Self> {
        let json = raw.get();
        let value = match json.as_bytes().first()? {
            b'"' => serde_json::from_str(json).map_or(Self::Nested(json), |Text(text)| Self::Text(text)),
            b't' => Self::Flag(true),
            b'f' => Self::Flag(false),
            b'{' | b'[' => Self::Nested(json),
            b'n' => return None,
            _ => Self::Number(json),
        };
        Some(value)
    }

    pub(super) fn text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Flag(_) | Self::Number(_) | Self::Nested(_) => None,
        }
    }

    /// `3`, `"3"`, `3.0`.
    pub(super) fn integer(&self) -> Option<i64> {
        let (whole, fraction) = self.decimal()?;
        let is_whole = fraction.bytes().all(|digit| digit == b'0');
        whole.parse().ok().filter(|_| is_whole)
    }

    /// A number of seconds, without its fraction.
    pub(super) fn seconds(&self) -> Option<i64> {
        let (whole, fraction) = self.decimal()?;
        let is_decimal = fraction.bytes().all(|digit| digit.is_ascii_digit());
        whole.parse().ok().filter(|_| is_decimal)
    }

    /// `true`, `1`, `"1"` and their opposites; no other value is a flag.
    pub(super) fn flag(&self) -> Option<bool> {
        match (self, self.integer()) {
            (Self::Flag(flag), _) => Some(*flag),
            (Self::Text(text), None) => text.trim().to_ascii_lowercase().parse().ok(),
            (_, Some(1)) => Some(true),
            (_, Some(0)) => Some(false),
            (Self::Number(_) | Self::Text(_) | Self::Nested(_), _) => None,
        }
    }

    fn decimal(&self) -> Option<(&str, &str)> {
        let digits = match self {
            Self::Number(digits) => digits,
            Self::Text(digits) => digits.trim(),
            Self::Flag(_) | Self::Nested(_) => return None,
        };
        Some(digits.split_once('.').unwrap_or((digits, "")))
    }
}

/// A string or a key. Half of a surrogate pair (an emoji that a sender cut in two) and NUL (which ends the text for
/// `SQLite`'s functions and for D-Bus) become U+FFFD.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Text, E> {
                Ok(Text(to_utf8(bytes)))
            }
        }
        // A lone surrogate is an error in a str, but is WTF-8 in bytes:
        // https://docs.rs/serde_json/latest/serde_json/struct.Deserializer.html#method.deserialize_bytes
        deserializer.deserialize_bytes(Bytes)
    }
}

fn to_utf8(wtf8: &[u8]) -> String {
    let mut text = String::with_capacity(wtf8.len());
    for chunk in wtf8.utf8_chunks() {
        text.push_str(chunk.valid());
        // A surrogate is ED and two more bytes, and each is a chunk of its own.
        if chunk.invalid().first() == Some(&0xED) {
            text.push('\u{FFFD}');
        }
    }
    if text.contains('\0') { text.replace('\0', "\u{FFFD}") } else { text }
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Vec<(Text, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while entries.len() < MOST
                    && let Some(entry) = map.next_entry()?
                {
                    entries.push(entry);
                }
                while map.next_entry::<Text, IgnoredAny>()?.is_some() {}
                Ok(entries)
            }
        }
        deserializer.deserialize_map(Entries).map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(json: &str) -> String {
        format!("{{\"x\":{json}}}")
    }

    #[test]
    fn integers_are_read_exactly_in_every_spelling() {
        for (json, number) in [
            ("3", Some(3)),
            ("\"3\"", Some(3)),
            ("\" 3 \"", Some(3)),
            ("3.0", Some(3)),
            ("-2", Some(-2)),
            ("9007199254740993", Some(9_007_199_254_740_993)),
            ("\"9223372036854775807\"", Some(i64::MAX)),
            ("9223372036854775808", None),
            ("18446744073709551616123", None),
            ("3.5", None),
            ("3e2", None),
            ("\"\"", None),
            ("\"three\"", None),
            ("true", None),
            ("null", None),
            ("[3]", None),
        ] {
            let body = field(json);
            assert_eq!(Object::read(&body).unwrap().get("x").and_then(|x| x.integer()), number, "{json}");
        }
        assert_eq!(Value::Number("1631773887.75").seconds(), Some(1_631_773_887));
        assert_eq!(Value::Number("16e3").seconds(), None);
        assert_eq!(Value::Text("1.x".into()).seconds(), None);
    }

    #[test]
    fn flags_are_read_in_every_spelling() {
        for (json, flag) in [
            ("true", Some(true)),
            ("1", Some(true)),
            ("1.0", Some(true)),
            ("\"1\"", Some(true)),
            ("\"true\"", Some(true)),
            ("false", Some(false)),
            ("0", Some(false)),
            ("\"0\"", Some(false)),
            ("null", None),
            ("2", None),
            ("\"yes\"", None),
            ("\"\"", None),
            ("{}", None),
        ] {
            let body = field(json);
            assert_eq!(Object::read(&body).unwrap().flag("x"), flag, "{json}");
        }
    }

    #[test]
    fn half_an_emoji_and_a_nul_become_replacement_characters() {
        for (json, text) in [
            (r#""a\ud83dz""#, "a\u{FFFD}z"),
            (r#""\udc00\udc00""#, "\u{FFFD}\u{FFFD}"),
            (r#""\ud83d\ude00""#, "😀"),
            (r#""a\u0000b""#, "a\u{FFFD}b"),
            (r#""ü\n\"""#, "ü\n\""),
        ] {
            let body = field(json);
            assert_eq!(Object::read(&body).unwrap().text("x").unwrap(), text, "{json}");
        }
        assert_eq!(Object::read(r#"{"\ud800":0,"x":"y"}"#).unwrap().text("x").unwrap(), "y");
    }

    #[test]
    fn the_last_of_two_equal_keys_counts() {
        assert_eq!(Object::read(r#"{"x":1,"x":2}"#).unwrap().integer("x", ""), Some(2));
    }

    #[test]
    fn only_the_first_of_very_many_fields_or_items_are_kept() {
        let fields = format!("{{\"id\":7{}}}", ",\"\":0".repeat(100_000));
        let object = Object::read(&fields).unwrap();
        assert_eq!((object.integer("id", ""), object.0.len()), (Some(7), MOST));
        assert!(Object::read(&fields.replace('}', "")).is_err(), "the rest is still checked");
        assert_eq!(array(&format!("[1{}]", ",2".repeat(100_000))).unwrap().len(), MOST);
        assert!(array("[1,2").is_none() && array("{}").is_none());
    }

    #[test]
    fn a_deeply_nested_value_is_accepted() {
        let deep = format!("{{\"x\":{}{},\"y\":1}}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(Object::read(&deep).unwrap().integer("y", ""), Some(1));
    }
}
