//! Learns the service's time from the `Date` of its responses.
//!
//! Invariant: the time is counted on by a clock that cannot be set, so it stays right if this computer's time of day is
//! wrong or corrected.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::Response;

use super::response::server_time;
use crate::system::clock;

/// The service's clock, as far as it is known.
#[derive(Debug, Default)]
pub(super) struct ServiceClock(Mutex<Option<Reading>>);

/// The time in one response.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    unix: i64,
    /// On [`clock::steady`].
    at: Duration,
}

impl Reading {
    /// Reads it from a response whose head has just arrived.
    pub(super) fn of(response: &Response) -> Option<Self> {
        Some(Self { unix: server_time(response)?, at: clock::steady() })
    }

    pub(super) fn unix(self) -> i64 {
        self.unix
    }
}

impl ServiceClock {
    pub(super) fn learn(&self, reading: Option<Reading>) {
        if let Some(reading) = reading {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(reading);
        }
    }

    /// The service's time, in unix seconds; `None` until a response has shown it.
    pub(super) fn unix(&self) -> Option<i64> {
        let reading = (*self.0.lock().unwrap_or_else(PoisonError::into_inner))?;
        let passed = clock::steady().saturating_sub(reading.at);
        Some(reading.unix.saturating_add_unsigned(passed.as_secs()))
    }
}
