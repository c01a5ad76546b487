//! The parameters of a request, in each of the formats that the service accepts.
//!
//! Invariant: a parameter in the body replaces one of the same name in the query.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::reply::Rejection;

/// The parameters of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::sandbox) struct Params {
    texts: BTreeMap<String, String>,
    files: BTreeMap<String, File>,
}

/// An uploaded file.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::sandbox) struct File {
    /// The `Content-Type` of its part, empty if there is none.
    pub(in crate::sandbox) content_type: String,
    pub(in crate::sandbox) bytes: Arc<[u8]>,
}

impl fmt::Debug for File {
    /// The content is too long to print.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} bytes of {:?}", self.bytes.len(), self.content_type)
    }
}

impl Params {
    /// Reads the query, and a body that is a form, a multipart form or a JSON object.
    pub(in crate::sandbox) fn read(
        query: Option<&str>,
        content_type: &str,
        body: &[u8],
    ) -> Result<Self, Rejection> {
        let mut params = Self::default();
        params.texts.extend(pairs(query.unwrap_or_default().as_bytes()));
        if body.is_empty() {
            return Ok(params);
        }
        let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match kind.as_str() {
            "application/json" => params.read_json(body)?,
            "multipart/form-data" => params.read_multipart(content_type, body)?,
            _ => params.texts.extend(pairs(body)),
        }
        Ok(params)
    }

    /// The fields of a JSON object.
    pub(in crate::sandbox) fn of_json(fields: &Map<String, Value>) -> Self {
        let mut params = Self::default();
        for (name, value) in fields {
            let text = match value {
                Value::Null => continue,
                Value::String(text) => text.clone(),
                Value::Bool(flag) => u8::from(*flag).to_string(),
                Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
            };
            params.set(name, &text);
        }
        params
    }

    /// The parameter, which may be empty.
    pub(in crate::sandbox) fn get(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(String::as_str)
    }

    /// The parameter, unless it is missing or blank.
    pub(in crate::sandbox) fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|text| !text.trim().is_empty())
    }

    /// Sets a parameter, in place of one of the same name.
    pub(in crate::sandbox) fn set(&mut self, name: &str, value: &str) {
        self.texts.insert(name.to_owned(), value.to_owned());
    }

    /// Whether a flag is set: `1`, JSON `true`, or what Python makes of that.
    pub(in crate::sandbox) fn flag(&self, name: &str) -> bool {
        self.get(name).is_some_and(|text| text == "1" || text.eq_ignore_ascii_case("true"))
    }

    /// An uploaded file.
    pub(in crate::sandbox) fn file(&self, name: &str) -> Option<&File> {
        self.files.get(name)
    }

    /// All parameters except files.
    pub(in crate::sandbox) fn texts(&self) -> &BTreeMap<String, String> {
        &self.texts
    }

    /// The names of all parameters and files.
    pub(in crate::sandbox) fn names(&self) -> impl Iterator<Item = &str> {
        self.texts.keys().chain(self.files.keys()).map(String::as_str)
    }

    fn read_json(&mut self, body: &[u8]) -> Result<(), Rejection> {
        let Ok(Value::Object(fields)) = serde_json::from_slice(body) else {
            return Err(Rejection::new("request body is not a JSON object"));
        };
        self.texts.extend(Self::of_json(&fields).texts);
        Ok(())
    }

    fn read_multipart(&mut self, content_type: &str, body: &[u8]) -> Result<(), Rejection> {
        let malformed = || Rejection::new("request body is not a multipart form");
        let boundary = attribute(content_type, "boundary").ok_or_else(malformed)?;
        let delimiter = format!("\r\n--{boundary}").into_bytes();
        let last_delimiter = format!("--{boundary}--").into_bytes();
        // The first delimiter has no line break before it, so one is added to make all delimiters alike.
        let body = [b"\r\n", body].concat();
        let mut rest = after(&body, &delimiter).ok_or_else(malformed)?;
        while let Some(part) = rest.strip_prefix(b"\r\n") {
            let (part, tail) = match find(part, &delimiter) {
                Some(end) => (part.get(..end), part.get(end + delimiter.len()..)),
                // The most used sender for Node.js writes no line break before the last delimiter.
                None => (part.get(..find(part, &last_delimiter).ok_or_else(malformed)?), None),
            };
            let part = part.unwrap_or_default();
            rest = tail.unwrap_or_default();
            let head_length = find(part, b"\r\n\r\n").ok_or_else(malformed)?;
            let (head, content) = part.split_at(head_length);
            let content = content.get(4..).unwrap_or_default();
            let head = String::from_utf8_lossy(head);
            let Some(disposition) = header(&head, "content-disposition") else { continue };
            let name = attribute(disposition, "name").ok_or_else(malformed)?;
            if attribute(disposition, "filename").is_some() {
                let content_type = header(&head, "content-type").unwrap_or_default().trim().to_owned();
                self.files.insert(name, File { content_type, bytes: content.into() });
            } else {
                self.texts.insert(name, String::from_utf8_lossy(content).into_owned());
            }
        }
        Ok(())
    }
}

/// The pairs of a query or a form.
fn pairs(text: &[u8]) -> impl Iterator<Item = (String, String)> + '_ {
    form_urlencoded::parse(text.trim_ascii()).into_owned()
}

/// The value of a header among those of a part.
fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let pairs = head.lines().filter_map(|line| line.split_once(':'));
    pairs.filter(|(key, _)| key.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
}

/// An attribute of a header: `name` or `boundary`, quoted or not.
fn attribute(header: &str, name: &str) -> Option<String> {
    header.split(';').skip(1).find_map(|part| {
        let (key, value) = part.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"').to_owned())
    })
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    // Looking for the first byte with `position` keeps an attachment of 5 MB within a few milliseconds.
    let first = *what.first()?;
    let mut start = 0;
    while let Some(step) = text.get(start..)?.iter().position(|byte| *byte == first) {
        start += step;
        if text.get(start..)?.starts_with(what) {
            return Some(start);
        }
        start += 1;
    }
    None
}

fn after<'a>(text: &'a [u8], what: &[u8]) -> Option<&'a [u8]> {
    text.get(find(text, what)? + what.len()..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_takes_precedence_over_the_query() {
        let params = Params::read(
            Some("token=q&user=u%2B1"),
            "application/x-www-form-urlencoded",
            b"token=b&message=a+b%20c%26%C3%A4&empty=&bare\r\n",
        )
        .unwrap();
        assert_eq!(params.get("token"), Some("b"));
        assert_eq!(params.get("user"), Some("u+1"));
        assert_eq!(params.get("message"), Some("a b c&ä"));
        assert_eq!(
            (params.get("empty"), params.filled("empty"), params.get("bare")),
            (Some(""), None, Some(""))
        );
    }

    #[test]
    fn json_values_are_converted_to_text() {
        let body = br#"{"message":"hi","priority":-1,"html":true,"title":null}"#;
        let params = Params::read(None, "application/json; charset=utf-8", body).unwrap();
        assert_eq!((params.get("message"), params.get("priority")), (Some("hi"), Some("-1")));
        assert!(params.flag("html") && params.get("title").is_none());
        assert!(Params::read(None, "application/json", b"[1]").is_err());
        assert!(Params::read(None, "application/json", b"{").is_err());
    }

    #[test]
    fn a_multipart_form_with_a_file_is_read() {
        let body = "--xY\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\ntwo\r\nlines --x\r\n\
            --xY\r\nContent-Disposition: form-data; name=\"attachment\"; filename=\"a.png\"\r\n\
            Content-Type: image/png\r\n\r\n\u{1}\u{2}\u{3}\r\n--xY--\r\n";
        let params = Params::read(None, "multipart/form-data; boundary=\"xY\"", body.as_bytes()).unwrap();
        assert_eq!(params.get("message"), Some("two\r\nlines --x"));
        let file = params.file("attachment").unwrap();
        assert_eq!((file.content_type.as_str(), &*file.bytes), ("image/png", &[1, 2, 3][..]));
        let unseparated = "--xY\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\nt\r\n\
            --xY\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\nhello--xY--";
        let params = Params::read(None, "multipart/form-data; boundary=xY", unseparated.as_bytes()).unwrap();
        assert_eq!((params.get("token"), params.get("message")), (Some("t"), Some("hello")));
        for broken in ["", "boundary=zz", "boundary=xY"] {
            let kind = format!("multipart/form-data; {broken}");
            assert!(Params::read(None, &kind, b"--xY\r\nContent").is_err(), "{broken}");
        }
    }
}
