//! Splits the response to a download, while it arrives, into its messages and the rest.
//!
//! Invariant: the items are the same however the bytes are split into chunks, and only the incomplete item is kept in
//! memory.

use std::mem;

/// The largest item that is kept, in bytes. The service accepts texts of 1,024 characters; this is ten thousand times
/// that.
const LARGEST_ITEM: usize = 16 << 20;

/// The state of reading a response.
#[derive(Debug, Default)]
pub(in crate::pushover) struct Splitter {
    place: Place,
    /// The response without its messages: `{"messages":[],"status":1}`.
    envelope: Vec<u8>,
    /// The beginning of the item under way, without a part that was too large.
    item: Vec<u8>,
    is_too_large: bool,
    skipped: usize,
    /// How many brackets are open, in the envelope or in the item.
    depth: usize,
    string: InString,
    /// The range of the latest key of the outermost object in the envelope.
    key: (usize, usize),
    /// Whether the next value of the outermost object belongs to that key.
    is_value: bool,
}

/// Where the next byte belongs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Envelope,
    /// In the list of messages, before an item.
    List,
    Item,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum InString {
    #[default]
    No,
    Yes,
    /// After a backslash.
    Escaped,
}

impl Splitter {
    /// Reads the next bytes, and calls `each` with every item that is complete, byte for byte.
    pub(in crate::pushover) fn read(&mut self, bytes: &[u8], mut each: impl FnMut(&[u8])) {
        for byte in bytes {
            match self.place {
                Place::Envelope => self.read_envelope(*byte),
                Place::List => self.read_list(*byte),
                Place::Item => self.read_item(*byte, &mut each),
            }
        }
    }

    /// The response without its messages.
    pub(in crate::pushover) fn envelope(&self) -> &[u8] {
        &self.envelope
    }

    /// How many items were too large to be kept.
    pub(in crate::pushover) fn skipped(&self) -> usize {
        self.skipped
    }

    fn read_envelope(&mut self, byte: u8) {
        let is_outermost = self.depth == 1;
        let was = self.string;
        self.read_bracket_or_quote(byte);
        match byte {
            b'"' if is_outermost && !self.is_value => match (was, self.string) {
                (InString::No, _) => self.key.0 = self.envelope.len(),
                (_, InString::No) => self.key.1 = self.envelope.len() + 1,
                _ => {}
            },
            b':' if is_outermost && was == InString::No => self.is_value = true,
            b',' if is_outermost && was == InString::No => self.is_value = false,
            b'[' if is_outermost && was == InString::No && self.is_value && self.is_key_of_messages() => {
                self.place = Place::List;
                self.depth = 0;
            }
            _ => {}
        }
        self.envelope.push(byte);
    }

    fn is_key_of_messages(&self) -> bool {
        let (start, end) = self.key;
        let key = self.envelope.get(start..end).unwrap_or_default();
        // Parsed as text, because it may be written with escapes.
        serde_json::from_slice::<String>(key).is_ok_and(|key| key == "messages")
    }

    fn read_list(&mut self, byte: u8) {
        match byte {
            b',' | b' ' | b'\t' | b'\n' | b'\r' => {}
            b']' => self.end_list(),
            _ => {
                self.place = Place::Item;
                self.read_bracket_or_quote(byte);
                self.item.push(byte);
            }
        }
    }

    fn end_list(&mut self) {
        self.place = Place::Envelope;
        self.depth = 1;
        self.envelope.push(b']');
    }

    fn read_item(&mut self, byte: u8, each: &mut impl FnMut(&[u8])) {
        let is_end = self.depth == 0 && self.string == InString::No && matches!(byte, b',' | b']');
        if !is_end {
            self.read_bracket_or_quote(byte);
            self.is_too_large |= self.item.len() >= LARGEST_ITEM;
            if self.is_too_large {
                self.item = Vec::new();
            } else {
                self.item.push(byte);
            }
            return;
        }
        if mem::take(&mut self.is_too_large) {
            self.skipped += 1;
        } else {
            each(self.item.trim_ascii_end());
        }
        self.item.clear();
        self.place = Place::List;
        if byte == b']' {
            self.end_list();
        }
    }

    fn read_bracket_or_quote(&mut self, byte: u8) {
        match (self.string, byte) {
            (InString::No, b'"') | (InString::Escaped, _) => self.string = InString::Yes,
            (InString::Yes, b'"') => self.string = InString::No,
            (InString::Yes, b'\\') => self.string = InString::Escaped,
            (InString::No, b'{' | b'[') => self.depth += 1,
            (InString::No, b'}' | b']') => self.depth = self.depth.saturating_sub(1),
            (InString::No | InString::Yes, _) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::value::RawValue;
    use serde_json::{Value, json};

    use super::*;
    use crate::pushover::parse::tests::any_json;

    /// The items and the envelope of these bytes, read in chunks of these lengths, repeatedly.
    fn split(bytes: &[u8], lengths: &[usize]) -> (Vec<String>, String) {
        let (mut splitter, mut items, mut rest) = (Splitter::default(), Vec::new(), bytes);
        let mut lengths = lengths.iter().cycle();
        while !rest.is_empty() {
            let (chunk, later) = rest.split_at(rest.len().min(*lengths.next().unwrap()));
            splitter.read(chunk, |item| items.push(String::from_utf8(item.to_vec()).unwrap()));
            rest = later;
        }
        (items, String::from_utf8(splitter.envelope).unwrap())
    }

    fn assert_split(body: &str, items: &[&str], envelope: &str) {
        for length in [1, 2, 3, 7, usize::MAX] {
            let (found, rest) = split(body.as_bytes(), &[length]);
            assert_eq!(found, items, "{body} in chunks of {length}");
            assert_eq!(rest, envelope, "{body} in chunks of {length}");
        }
    }

    #[test]
    fn the_messages_are_found_wherever_they_are() {
        for (body, items, envelope) in [
            (r#"{"messages":[],"status":1}"#, &[][..], r#"{"messages":[],"status":1}"#),
            (r#"{"messages":[{"id":1}]}"#, &[r#"{"id":1}"#], r#"{"messages":[]}"#),
            (
                "\u{FEFF} {\"user\" : {\"messages\":[1]},\n\"messages\" : [ {\"a\":[{}]} ,\n 7 ] , \"status\":1}\n",
                &["{\"a\":[{}]}", "7"],
                "\u{FEFF} {\"user\" : {\"messages\":[1]},\n\"messages\" : [] , \"status\":1}\n",
            ),
            (
                r#"{"a":"messages","b":[1],"me\u0073sages":["x,]\"}\\"]}"#,
                &[r#""x,]\"}\\""#],
                r#"{"a":"messages","b":[1],"me\u0073sages":[]}"#,
            ),
            (
                r#"{"a":[[{"messages":[2]}]],"messages":[null,true]}"#,
                &["null", "true"],
                r#"{"a":[[{"messages":[2]}]],"messages":[]}"#,
            ),
            (r#"{"messages":[1],"messages":[2]}"#, &["1", "2"], r#"{"messages":[],"messages":[]}"#),
            // A value that is not a list, and text that is not JSON, stay in the envelope.
            (r#"{"messages":"[1]"}"#, &[], r#"{"messages":"[1]"}"#),
            (r#"{"messages":{"0":[1]}}"#, &[], r#"{"messages":{"0":[1]}}"#),
            (r#"["messages",[1]]"#, &[], r#"["messages",[1]]"#),
            ("<html>\"messages\":[1]", &[], "<html>\"messages\":[1]"),
            ("", &[], ""),
        ] {
            assert_split(body, items, envelope);
        }
    }

    #[test]
    fn an_incomplete_or_malformed_item_does_not_affect_those_before_it() {
        assert_split(r#"{"messages":[1,{"id":2"#, &["1"], r#"{"messages":["#);
        assert_split(r#"{"messages":[1,"a"#, &["1"], r#"{"messages":["#);
        assert_split(r#"{"messages":[1,2"#, &["1"], r#"{"messages":["#);
        let body = r#"{"messages":[1,{"id":2 oops},3 4,},5],"status":1}"#;
        assert_split(body, &["1", "{\"id\":2 oops}", "3 4", "}", "5"], r#"{"messages":[],"status":1}"#);
    }

    #[test]
    fn an_item_that_is_too_large_is_skipped() {
        let mut splitter = Splitter::default();
        let mut items = Vec::new();
        let mut read = |bytes: &[u8]| splitter.read(bytes, |item| items.push(item.to_vec()));
        read(b"{\"messages\":[1,\"");
        for _ in 0..=16 {
            read(&vec![b'x'; 1 << 20]);
        }
        read(b"\",2]}");
        assert_eq!(items, [b"1", b"2"]);
        assert_eq!((splitter.skipped(), splitter.envelope()), (1, &b"{\"messages\":[]}"[..]));
    }

    proptest! {
        #[test]
        fn the_items_are_those_that_serde_json_finds(
            messages in prop::collection::vec(any_json(), 0..8),
            before in prop::collection::btree_map("[a-z\"\\\\:]{0,4}", any_json(), 0..3),
            after in any_json(),
            pretty: bool,
            lengths in prop::collection::vec(1_usize..40, 1..20),
        ) {
            // An object of `serde_json` would sort its keys.
            let text = |value: &Value| {
                if pretty { serde_json::to_string_pretty(value).unwrap() } else { value.to_string() }
            };
            let mut fields: Vec<String> = before
                .iter()
                .map(|(key, value)| format!("{}:{}", json!(key), text(value)))
                .collect();
            fields.push(format!("\"messages\":{}", text(&json!(messages))));
            fields.push(format!("\"user\" : {}", text(&after)));
            let body = format!("{{{}}}", fields.join(" ,"));
            let list = text(&json!(messages));
            let expected: Vec<&RawValue> = serde_json::from_str(&list).unwrap();
            let expected: Vec<&str> = expected.into_iter().map(RawValue::get).collect();
            let (items, envelope) = split(body.as_bytes(), &lengths);
            prop_assert_eq!(items, expected);
            let mut whole: Value = serde_json::from_str(&body).unwrap();
            whole["messages"] = json!([]);
            prop_assert_eq!(serde_json::from_str::<Value>(&envelope).unwrap(), whole);
        }

        #[test]
        fn any_bytes_are_split_the_same_way_in_any_chunks(
            body in "([\\[\\]{}\",:\\\\ ]|\"messages\":\\[|[a-z0-9]){0,60}",
            lengths in prop::collection::vec(1_usize..9, 1..9),
        ) {
            prop_assert_eq!(split(body.as_bytes(), &lengths), split(body.as_bytes(), &[usize::MAX]));
        }
    }
}
