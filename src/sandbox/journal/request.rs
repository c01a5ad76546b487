//! One request with its outcome, as it is listed, searched for, and repeated with curl.
//!
//! Invariant: a line that is printed for a shell means exactly the values of the request.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use tokio::time::Instant;

use crate::sandbox::faults::Endpoint;

/// One request and its outcome.
#[derive(Clone, Debug)]
pub struct Request {
    /// Counts the requests from 1 on.
    pub number: u64,
    /// When it arrived, on tokio's clock.
    pub at: Instant,
    /// When it arrived, unix seconds on the service's clock.
    pub time: i64,
    /// The HTTP method.
    pub method: String,
    /// The path without the query.
    pub path: String,
    /// The endpoint.
    pub endpoint: Endpoint,
    /// Whether the service has such an endpoint.
    pub is_matched: bool,
    /// The `User-Agent`, if there was one.
    pub user_agent: Option<String>,
    /// The parameters without secrets, keys and attachments, each cut to 2,000 characters.
    pub params: BTreeMap<String, String>,
    /// The tokens and keys: whole if they are the sandbox's own, else only their beginning, because they may be real ones.
    pub keys: BTreeMap<String, String>,
    /// The names of secrets and files, whose values are not kept.
    pub omitted: Vec<String>,
    /// The status of the response; `None` until there is one, so always after a drop or a hang.
    pub status: Option<u16>,
    /// The body of the response if it is text, cut to 4,000 bytes and without a session secret.
    pub answer: Option<String>,
    /// Whether it met a fault.
    pub faulted: bool,
    /// HTTP requests in flight when it arrived, including itself; an open websocket is not one.
    pub in_flight: usize,
    /// TCP connections open when it arrived, including websockets.
    pub connections: usize,
    pub(super) fingerprint: u64,
}

impl Request {
    /// The errors of a rejection.
    pub fn errors(&self) -> Vec<String> {
        let answer: Value =
            self.answer.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let texts = |value: &Value| match value {
            Value::Array(items) => items.iter().map(as_text).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                vec![as_text(value)]
            }
        };
        match answer.get("errors") {
            Some(Value::Object(fields)) => {
                let of_field =
                    |(field, value)| texts(value).into_iter().map(move |text| format!("{field} {text}"));
                fields.iter().flat_map(of_field).collect()
            }
            Some(errors) => texts(errors),
            None => Vec::new(),
        }
    }

    /// Whether it was answered with an error or not at all, as far as it was answered.
    pub fn is_failed(&self) -> bool {
        self.status.is_none_or(|status| status >= 400)
    }

    /// A line for a shell that sends the request again. What was not kept is a variable or a file name to fill in.
    pub fn curl(&self, api_url: &str) -> String {
        let mut line = "curl".to_owned();
        let (parameter, is_get) = match self.method.as_str() {
            "GET" => (" -G --data-urlencode ", true),
            "POST" => (" --form-string ", false),
            _ => {
                _ = write!(line, " -X {}", quoted(&self.method));
                (" --form-string ", false)
            }
        };
        for (name, value) in self.keys.iter().chain(&self.params) {
            line += parameter;
            line += &quoted(&format!("{name}={value}"));
        }
        for name in &self.omitted {
            let variable = name.to_ascii_uppercase();
            match name.as_str() {
                "attachment" => line += " -F attachment=@ATTACHMENT",
                _ if is_get => _ = write!(line, " --data-urlencode {name}=\"${variable}\""),
                _ => _ = write!(line, " --form-string {name}=\"${variable}\""),
            }
        }
        line + " " + &quoted(&format!("{api_url}{}", self.path))
    }

    /// As the steering API and `--json` show it.
    pub fn json(&self, api_url: &str) -> Value {
        let answer =
            self.answer.as_deref().map(|text| serde_json::from_str(text).unwrap_or_else(|_| json!(text)));
        let mut params: Map<String, Value> = Map::new();
        for (name, value) in self.keys.iter().chain(&self.params) {
            params.insert(name.clone(), json!(value));
        }
        json!({
            "number": self.number,
            "time": self.time,
            "method": self.method,
            "path": self.path,
            "endpoint": self.endpoint.name(),
            "matched": self.is_matched,
            "user_agent": self.user_agent,
            "params": params,
            "omitted": self.omitted,
            "status": self.status,
            "answer": answer,
            "errors": self.errors(),
            "faulted": self.faulted,
            "curl": self.curl(api_url),
        })
    }
}

fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A word for a POSIX shell.
fn quoted(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=@%+,".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Which requests are meant; each field that is set must match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestFilter {
    /// The endpoint.
    pub endpoint: Option<Endpoint>,
    /// The method, in any case.
    pub method: Option<String>,
    /// The whole path, or its beginning if this ends with `*`.
    pub path: Option<String>,
    /// The status of the response.
    pub status: Option<u16>,
    /// Only those for which the service has no endpoint, or only the others.
    pub is_matched: Option<bool>,
    /// Only those that failed, or only the others.
    pub is_failed: Option<bool>,
    /// Only those with a higher number.
    pub since: Option<u64>,
    /// Parameters with exactly these values.
    pub params: BTreeMap<String, String>,
}

impl RequestFilter {
    /// Whether a request is meant.
    pub fn matches(&self, request: &Request) -> bool {
        let is_path = |path: &String| match path.strip_suffix('*') {
            Some(beginning) => request.path.starts_with(beginning),
            None => request.path == *path,
        };
        let has = |(name, value): (&String, &String)| {
            request.params.get(name).or_else(|| request.keys.get(name)) == Some(value)
        };
        self.endpoint.is_none_or(|endpoint| request.endpoint == endpoint)
            && self.method.as_ref().is_none_or(|method| request.method.eq_ignore_ascii_case(method))
            && self.path.as_ref().is_none_or(is_path)
            && self.status.is_none_or(|status| request.status == Some(status))
            && self.is_matched.is_none_or(|is_matched| request.is_matched == is_matched)
            && self.is_failed.is_none_or(|is_failed| request.is_failed() == is_failed)
            && self.since.is_none_or(|since| request.number > since)
            && self.params.iter().all(has)
    }
}

/// The requests that repeat, with the same parameters, an earlier one that got a 4xx. A good client has none.
pub fn repeated_rejections(journal: &[Request]) -> Vec<Request> {
    let key = |request: &Request| (request.method.clone(), request.path.clone(), request.fingerprint);
    journal
        .iter()
        .enumerate()
        .filter(|(index, request)| {
            journal.iter().take(*index).any(|earlier| {
                // 408 and 429 ask for a repeat.
                matches!(earlier.status, Some(400..=407 | 409..=428 | 430..=499))
                    && key(earlier) == key(request)
            })
        })
        .map(|(_, request)| request.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_shell_reads_a_quoted_word_as_it_was() {
        for text in ["plain", "", "it's $HOME `ls` \"x\" \\ ü\n2"] {
            let script = format!("printf %s {}", quoted(text));
            let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), text);
        }
    }
}
