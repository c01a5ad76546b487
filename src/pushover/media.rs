//! The icons and sounds of the service, as files.
//!
//! Invariant: no secret is sent for them; they are read up to a size; and they make way for every other request.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use reqwest::header::IF_MODIFIED_SINCE;
use reqwest::{RequestBuilder, Response};

use super::error::Error;
use super::rest::{Rest, settle, unanswered};
use crate::domain::media::{Kind, MediaFile};

/// For a whole request, without the wait for its turn.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The largest icon that is read, in bytes; the service's own are a tenth of it.
const LARGEST_ICON: usize = 256 << 10;
/// The largest sound that is read, in bytes: ten seconds and more.
const LARGEST_SOUND: usize = 2 << 20;

/// What the service has under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Media {
    /// These bytes, whole; what they are is not looked at.
    File(Vec<u8>),
    /// What it had at the time asked about.
    Unchanged,
}

/// Why there is no file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoMedia {
    /// The service does not have it, or does not give it: HTTP 4xx.
    #[error("the service does not have it: HTTP {0}")]
    Absent(u16),
    /// Another request was more urgent. Asking again is all right.
    #[error("another request came first")]
    MadeWay,
    /// It could not be fetched this time.
    #[error("{0}")]
    Failed(Error),
}

impl From<reqwest::Error> for NoMedia {
    fn from(error: reqwest::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl Rest {
    /// Fetches an icon or a sound, if it changed after `since`, in unix seconds.
    pub async fn media(&self, file: &MediaFile, since: Option<i64>) -> Result<Media, NoMedia> {
        let name = file.name.as_str();
        let (path, largest) = match file.kind {
            Kind::Icon => (["icons", &format!("{name}.png")], LARGEST_ICON),
            Kind::Sound => (["sounds", &format!("{name}.wav")], LARGEST_SOUND),
        };
        let mut request = self.client().get(self.servers().file(&path)).timeout(TIMEOUT);
        if let Some(since) = since.and_then(http_date) {
            request = request.header(IF_MODIFIED_SINCE, since);
        }
        let _turn = self.turns().take_last().await;
        let media = tokio::select! {
            biased;
            () = self.turns().wanted() => Err(NoMedia::MadeWay),
            media = fetch(request, largest) => media,
        };
        // Whether the answer was read or dropped, its connection is idle or closed before the next request.
        settle().await;
        media
    }
}

async fn fetch(request: RequestBuilder, largest: usize) -> Result<Media, NoMedia> {
    let response = request.send().await?;
    let status = response.status().as_u16();
    let refusal = match status {
        200 | 304 => None,
        400..=407 | 409..=428 | 430..=499 => Some(NoMedia::Absent(status)),
        _ => Some(NoMedia::Failed(unanswered(&response))),
    };
    let bytes = read(response, largest).await;
    match (refusal, status) {
        (Some(refusal), _) => Err(refusal),
        (None, 304) => Ok(Media::Unchanged),
        (None, _) => Ok(Media::File(bytes?)),
    }
}

/// The whole of a body; what is longer is not read on.
async fn read(mut response: Response, largest: usize) -> Result<Vec<u8>, NoMedia> {
    let too_large = |length: usize| length > largest;
    if response.content_length().is_some_and(|length| usize::try_from(length).map_or(true, too_large)) {
        return Err(NoMedia::Failed(Error::TooLarge));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if too_large(bytes.len() + chunk.len()) {
            return Err(NoMedia::Failed(Error::TooLarge));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn http_date(unix: i64) -> Option<String> {
    let moment = Timestamp::from_second(unix).ok()?;
    DateTimePrinter::new().timestamp_to_rfc9110_string(&moment).ok()
}
