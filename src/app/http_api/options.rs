//! From the fields of a request to what is to be sent.
//!
//! Invariant: no field names a file of this computer.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::app::Problem;
use crate::app::problem::Kind;
use crate::app::send::{Options, Variables};
use crate::app::time_format;
use crate::domain::message::Priority;
use crate::domain::sending::settings::Format;
use crate::domain::sending::{Attachment, picture_type};

/// The options of a request to send.
pub(super) fn of(document: &Value) -> Result<Options, Problem> {
    let fields = Fields(document);
    let text = |names: &[&str]| fields.text(names);
    let flags = (fields.flag("html"), fields.flag("monospace"));
    Ok(Options {
        to: fields.list(&["user", "to", "recipient", "recipients"]),
        application: text(&["application"]),
        template: text(&["template"]),
        variables: Variables { document: Some(document.clone()), ..Variables::default() },
        message: text(&["message", "body", "text"]),
        title: text(&["title", "subject"]),
        url: text(&["url"]),
        url_title: text(&["url_title"]),
        priority: fields.priority()?,
        retry: fields.seconds("retry")?,
        expire: fields.seconds("expire")?,
        sound: text(&["sound"]),
        format: match flags {
            (true, _) => Some(Format::Html),
            (false, true) => Some(Format::Monospace),
            (false, false) => None,
        },
        ttl: fields.seconds("ttl")?,
        timestamp: fields.integer("timestamp")?,
        devices: fields.list(&["device", "devices"]),
        callback: text(&["callback"]),
        tags: fields.list(&["tags"]),
        attachment: None,
        picture: fields.picture()?,
        encrypt: fields.flag("encrypt"),
        shorten: false,
    })
}

/// Whether the request is only to be checked.
pub(super) fn is_test(document: &Value) -> bool {
    Fields(document).flag("testing")
}

/// The fields of a document; a form has only texts.
struct Fields<'a>(&'a Value);

impl Fields<'_> {
    /// The first of these that is a text and not empty.
    fn text(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| match self.0.get(name)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
        })
    }

    fn list(&self, names: &[&str]) -> Vec<String> {
        for name in names {
            match self.0.get(name) {
                Some(Value::String(text)) if !text.is_empty() => {
                    // A list of devices or tags has commas, and an expression has them too.
                    let is_expression = *name != "device" && *name != "devices" && *name != "tags";
                    let parts = text.split(',').map(|part| part.trim().to_owned());
                    return if is_expression { vec![text.clone()] } else { parts.collect() };
                }
                Some(Value::Array(items)) => {
                    return items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect();
                }
                Some(_) | None => {}
            }
        }
        Vec::new()
    }

    fn flag(&self, name: &str) -> bool {
        match self.0.get(name) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::Number(number)) => number.as_i64() == Some(1),
            Some(Value::String(text)) => matches!(text.as_str(), "1" | "true" | "yes" | "on"),
            Some(Value::Null | Value::Array(_) | Value::Object(_)) | None => false,
        }
    }

    fn integer(&self, name: &str) -> Result<Option<i64>, Problem> {
        let Some(text) = self.text(&[name]) else { return Ok(None) };
        text.trim().parse().map(Some).map_err(|_| wrong(name, "a whole number"))
    }

    fn seconds(&self, name: &str) -> Result<Option<u32>, Problem> {
        let Some(text) = self.text(&[name]) else { return Ok(None) };
        let seconds = text.trim().parse().ok().or_else(|| time_format::read_span(&text));
        seconds.map(Some).ok_or_else(|| wrong(name, "a number of seconds"))
    }

    fn priority(&self) -> Result<Option<Priority>, Problem> {
        let Some(text) = self.text(&["priority"]) else { return Ok(None) };
        let number = match text.trim().to_ascii_lowercase().as_str() {
            "lowest" => -2,
            "low" => -1,
            "normal" => 0,
            "high" => 1,
            "emergency" => 2,
            other => other.parse().unwrap_or(9),
        };
        if !(-2..=2).contains(&number) {
            return Err(wrong("priority", "a number from -2 to 2"));
        }
        Ok(Some(Priority::from_number(number)))
    }

    fn picture(&self) -> Result<Option<Attachment>, Problem> {
        let Some(Value::String(text)) = self.0.get("attachment_base64") else { return Ok(None) };
        let bytes = STANDARD.decode(text.trim()).map_err(|_| wrong("attachment_base64", "base64"))?;
        let media_type = picture_type(&bytes).ok_or_else(|| wrong("attachment_base64", "a picture"))?;
        Ok(Some(Attachment { media_type, bytes }))
    }
}

fn wrong(name: &str, expected: &str) -> Problem {
    Problem::new("nothing was sent", format!("`{name}` is not {expected}")).kind(Kind::Usage)
}
