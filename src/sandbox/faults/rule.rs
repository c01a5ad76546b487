//! A fault as people write it: in a file, in a request, on the command line.
//!
//! Invariant: a rule with an unknown word is refused, not ignored.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::fault::{Endpoint, ErrorBody, Fault};

/// A fault as people write it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// What happens.
    pub fault: FaultKind,
    /// The endpoint whose requests it happens to; all, if there is no path either.
    pub endpoint: Option<Endpoint>,
    /// The path whose requests it happens to.
    pub path: Option<String>,
    /// How many requests it happens to; until it is removed, if this is missing.
    pub times: Option<u32>,
    /// The status of `status`; 503 if this is missing.
    pub code: Option<u16>,
    /// The seconds of `delay`, and of `Retry-After` in a `status` or `too_many`.
    pub seconds: Option<u32>,
    /// The bytes per second of `rate`; 100 if this is missing.
    pub bytes_per_second: Option<u32>,
}

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// An error page with the status `code`.
    Status,
    /// A rejection as the API sends it, with the status `code`.
    Rejection,
    /// Status 429 and `Retry-After`.
    TooMany,
    /// The request takes effect after `seconds`.
    Delay,
    /// The response comes at `bytes_per_second`.
    Rate,
    /// The connection is reset.
    Reset,
    /// The connection is closed without a response.
    Drop,
    /// The request takes effect, and the connection is closed without a response.
    DropAfter,
    /// Half of the response is sent.
    Cut,
    /// Bytes that are neither JSON nor an image.
    Garbage,
    /// There is never a response.
    Hang,
    /// The request takes effect, but there is never a response.
    HangAfter,
    /// The login page of a captive portal.
    CaptivePortal,
    /// The redirect of a captive portal.
    Redirect,
}

impl FaultRule {
    /// Reads words such as `fault=status code=503 endpoint=send times=2`.
    pub fn parse(words: &str) -> Result<Self, String> {
        let mut fields = Map::new();
        for word in words.split_whitespace() {
            let (name, value) = word.split_once('=').ok_or_else(|| format!("`{word}` has no `=`"))?;
            let number = value.parse::<u32>().map(Value::from);
            fields.insert(name.to_owned(), number.unwrap_or_else(|_| Value::from(value)));
        }
        Self::deserialize(Value::Object(fields)).map_err(|error| error.to_string())
    }

    /// The fault.
    pub fn fault(&self) -> Fault {
        let seconds = self.seconds.map(|seconds| seconds.to_string());
        let code = self.code;
        match self.fault {
            FaultKind::Status => {
                Fault::Status { code: code.unwrap_or(503), retry_after: seconds, body: ErrorBody::Html }
            }
            FaultKind::Rejection => {
                Fault::Status { code: code.unwrap_or(400), retry_after: seconds, body: ErrorBody::Json }
            }
            FaultKind::TooMany => Fault::too_many(self.seconds.unwrap_or(60).into()),
            FaultKind::Delay => Fault::Slow(Duration::from_secs(self.seconds.unwrap_or(5).into())),
            FaultKind::Rate => Fault::Rate(self.bytes_per_second.unwrap_or(100)),
            FaultKind::Reset => Fault::Reset,
            FaultKind::Drop => Fault::Drop,
            FaultKind::DropAfter => Fault::DropAfter,
            FaultKind::Cut => Fault::HalfBody,
            FaultKind::Garbage => Fault::Garbage,
            FaultKind::Hang => Fault::Hang,
            FaultKind::HangAfter => Fault::HangAfter,
            FaultKind::CaptivePortal => Fault::CaptivePortal,
            FaultKind::Redirect => Fault::Redirect,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_read_from_words_and_a_mistake_is_named() {
        let rule = FaultRule::parse("fault=status code=502 endpoint=send times=2").unwrap();
        assert_eq!((rule.endpoint, rule.times), (Some(Endpoint::Send), Some(2)));
        assert!(matches!(rule.fault(), Fault::Status { code: 502, .. }));
        for (words, named) in [
            ("fault=stauts", "stauts"),
            ("fault=status cod=1", "cod"),
            ("endpoint=send", "fault"),
            ("status", "status"),
            ("fault=drop endpoint=sned", "sned"),
        ] {
            let error = FaultRule::parse(words).unwrap_err();
            assert!(error.contains(named), "{words}: {error}");
        }
    }
}
