//! Fetches the service's files: icons and sounds.
//!
//! Invariant: no secret is sent with these requests, the files are limited in size, and all other requests go first.

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use reqwest::header::IF_MODIFIED_SINCE;
use reqwest::{RequestBuilder, Response};

use super::client::Rest;
use crate::domain::media::{Kind, MediaFile};
use crate::pushover::error::Error;
use crate::pushover::http::{Http, Repetition};
use crate::pushover::response::status_error;

/// The largest icon that is read, in bytes; the service's own are a tenth of this.
const LARGEST_ICON: usize = 256 << 10;
/// The largest sound that is read, in bytes: more than ten seconds.
const LARGEST_SOUND: usize = 2 << 20;

/// What the service has under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Media {
    /// The whole file; its format is not checked.
    File(Vec<u8>),
    /// The file has not changed since the time given.
    Unchanged,
}

/// Why a file was not fetched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    /// The service does not have it, or refuses it: HTTP 4xx.
    #[error("the service does not have it: HTTP {0}")]
    NotFound(u16),
    /// A more urgent request came first. The caller may try again at once.
    #[error("a more urgent request came first")]
    Preempted,
    /// The request failed.
    #[error("{0}")]
    Failed(Error),
}

impl From<Error> for MediaError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl Rest {
    /// Fetches an icon or a sound, if it changed after `since`, in unix seconds.
    pub async fn media(&self, file: &MediaFile, since: Option<i64>) -> Result<Media, MediaError> {
        let name = file.name.as_str();
        let (path, largest) = match file.kind {
            Kind::Icon => (["icons", &format!("{name}.png")], LARGEST_ICON),
            Kind::Sound => (["sounds", &format!("{name}.wav")], LARGEST_SOUND),
        };
        let mut request = self.http().get(self.servers().file(&path));
        if let Some(since) = since.and_then(http_date) {
            request = request.header(IF_MODIFIED_SINCE, since);
        }
        let _permit = self.gate().acquire_low_priority().await;
        tokio::select! {
            biased;
            () = self.gate().urgent_request() => Err(MediaError::Preempted),
            media = fetch(self.http(), request, largest) => media,
        }
    }
}

async fn fetch(http: &Http, request: RequestBuilder, largest: usize) -> Result<Media, MediaError> {
    let response = http.send(request, Repetition::Never).await?;
    let status = response.status().as_u16();
    let error = match status {
        200 | 304 => None,
        400..=407 | 409..=428 | 430..=499 => Some(MediaError::NotFound(status)),
        _ => Some(MediaError::Failed(status_error(&response))),
    };
    let bytes = read(http, response, largest).await;
    match (error, status) {
        (Some(error), _) => Err(error),
        (None, 304) => Ok(Media::Unchanged),
        (None, _) => Ok(Media::File(bytes?)),
    }
}

/// Reads the whole body, unless it is too large.
async fn read(http: &Http, mut response: Response, largest: usize) -> Result<Vec<u8>, MediaError> {
    let too_large = |length: usize| length > largest;
    if response.content_length().is_some_and(|length| usize::try_from(length).map_or(true, too_large)) {
        return Err(MediaError::Failed(Error::TooLarge));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = http.chunk(&mut response).await? {
        let chunk = chunk.as_ref();
        if too_large(bytes.len() + chunk.len()) {
            return Err(MediaError::Failed(Error::TooLarge));
        }
        bytes.extend_from_slice(chunk);
    }
    Ok(bytes)
}

fn http_date(unix: i64) -> Option<String> {
    let time = Timestamp::from_second(unix).ok()?;
    DateTimePrinter::new().timestamp_to_rfc9110_string(&time).ok()
}
