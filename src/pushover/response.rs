//! Interprets the status and the headers of an HTTP response.
//!
//! Invariant: a wait that the service asks for is at most a day.

use std::time::Duration;

use reqwest::Response;
use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};

use super::error::Error;

/// The longest wait that is accepted: real ones are shorter, and a longer one must not overflow a clock.
const LONGEST_WAIT: Duration = Duration::from_hours(24);

/// The error of a response that does not come from the API.
pub(super) fn status_error(response: &Response) -> Error {
    let retry_after = retry_after(response.headers());
    match response.status().as_u16() {
        429 => Error::TooManyRequests { retry_after },
        status => Error::Outage { status, retry_after },
    }
}

/// `Retry-After` in seconds, or as a date, which is counted from the response's own `Date`.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: HeaderName| headers.get(name)?.to_str().ok();
    let value = text(RETRY_AFTER)?.trim();
    let seconds = value.parse().ok().or_else(|| {
        let wait = parse_date(value)?.checked_sub(parse_date(text(DATE)?)?)?;
        u64::try_from(wait).ok()
    })?;
    Some(Duration::from_secs(seconds).min(LONGEST_WAIT))
}

/// The service's time when it made the response, in unix seconds.
pub(super) fn server_time(response: &Response) -> Option<i64> {
    parse_date(response.headers().get(DATE)?.to_str().ok()?)
}

fn parse_date(text: &str) -> Option<i64> {
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(date.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(value: &str, date: Option<&str>) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, value.parse().unwrap());
        if let Some(date) = date {
            headers.insert(DATE, date.parse().unwrap());
        }
        retry_after(&headers).map(|wait| wait.as_secs())
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        let date = Some("Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(wait("120", None), Some(120));
        assert_eq!(wait("Sun, 06 Nov 1994 08:50:37 GMT", date), Some(60));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:36 GMT", date), None);
        assert_eq!(wait("Sun, 06 Nov 1994 08:50:37 GMT", None), None);
        assert_eq!(wait("soon", date), None);
        assert_eq!(wait("18446744073709551615", None), Some(86_400));
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
