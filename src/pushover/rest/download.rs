//! Reads a download while it arrives: its messages in batches, then what the service says about the account.
//!
//! Invariant: only one batch is in memory, whatever the size of the download; and complete messages are returned,
//! whatever comes after them.

use std::mem;
use std::time::Duration;

use reqwest::Response;

use super::request_gate::Permit;
use crate::domain::account::Account;
use crate::domain::message::Received;
use crate::pushover::error::Error;
use crate::pushover::http::Http;
use crate::pushover::parse::{self, Splitter};
use crate::pushover::response::retry_after;
use crate::pushover::service_clock::{Reading, ServiceClock};
use crate::system::clock;

/// A batch ends with the item that makes it this large, in bytes.
const LARGE_BATCH: usize = 512 << 10;
/// The most items of a batch.
const MOST_ITEMS: usize = 1_000;
/// The largest download, in bytes: twice what the service is expected to keep for one device.
const LARGEST: u64 = 2 << 30;

/// A part of a download.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Messages, in the order received.
    Messages(Vec<Received>),
    /// The end: the service has nothing else for this device.
    End {
        /// What the service says about the account.
        account: Account,
        /// How many items were too large to be kept.
        skipped: usize,
    },
}

/// A download under way. Other requests wait until it has ended or is dropped.
#[derive(Debug)]
pub struct Download<'a> {
    http: &'a Http,
    clock: &'a ServiceClock,
    /// The time in the response, which is used once something in the download shows that it comes from the service.
    reading: Option<Reading>,
    /// When the download arrived, by the service's clock if that is known.
    arrived: i64,
    /// `None` after the last byte, or after an error.
    coming: Option<(Response, Permit<'a>)>,
    status: u16,
    retry_after: Option<Duration>,
    splitter: Splitter,
    batch: Vec<Received>,
    batch_size: usize,
    size: u64,
    failure: Option<Error>,
}

impl<'a> Download<'a> {
    pub(super) fn new(
        http: &'a Http,
        clock: &'a ServiceClock,
        permit: Permit<'a>,
        response: Response,
    ) -> Self {
        let reading = Reading::of(&response);
        let arrived = reading.map(Reading::unix).or_else(|| clock.unix());
        Self {
            http,
            clock,
            reading,
            arrived: arrived.unwrap_or_else(clock::unix),
            status: response.status().as_u16(),
            retry_after: retry_after(response.headers()),
            coming: Some((response, permit)),
            splitter: Splitter::default(),
            batch: Vec::new(),
            batch_size: 0,
            size: 0,
            failure: None,
        }
    }

    /// Whether the network part is over.
    pub fn is_over(&self) -> bool {
        self.coming.is_none()
    }

    /// Waits for the next part. Cancel safe.
    ///
    /// # Errors The download is incomplete. All complete messages before the error were returned.
    pub async fn next(&mut self) -> Result<Part, Error> {
        while self.batch_size < LARGE_BATCH
            && self.batch.len() < MOST_ITEMS
            && let Some((response, _)) = &mut self.coming
        {
            match self.http.chunk(response).await {
                Ok(Some(chunk)) => self.read(chunk.as_ref()),
                Ok(None) => self.coming = None,
                Err(error) => self.fail(error),
            }
        }
        if self.batch.is_empty() {
            return self.end();
        }
        self.clock.learn(self.reading);
        self.batch_size = 0;
        Ok(Part::Messages(mem::take(&mut self.batch)))
    }

    fn read(&mut self, chunk: &[u8]) {
        let Self { splitter, batch, batch_size, arrived, .. } = self;
        splitter.read(chunk, |item| {
            *batch_size += item.len();
            batch.push(parse::received(text(item), *arrived));
        });
        self.size += u64::try_from(chunk.len()).unwrap_or(u64::MAX);
        if self.splitter.envelope().len() > self.http.limits().body || self.size > LARGEST {
            self.fail(Error::TooLarge);
        }
    }

    fn fail(&mut self, error: Error) {
        self.coming = None;
        self.failure = Some(error);
    }

    fn end(&mut self) -> Result<Part, Error> {
        if let Some(error) = self.failure.take() {
            return Err(error);
        }
        let envelope = text(self.splitter.envelope());
        let body = parse::body(self.status, self.retry_after, &envelope)?;
        parse::check_list(&body)?;
        self.clock.learn(self.reading);
        Ok(Part::End { account: parse::account(&body), skipped: self.splitter.skipped() })
    }
}

/// Bytes that are not UTF-8 are replaced, so that one such byte does not block all messages.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
