//! Decides when to fetch an icon or a sound.
//!
//! Invariant: a file has at most one fetch at a time, and after a failure none for at least `FIRST_PAUSE`, so that many
//! messages never cause a burst of requests.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::domain::media::MediaFile;

/// For how many seconds a file in the cache counts as up to date. A file that changes gets a new name.
const UP_TO_DATE: i64 = 30 * 24 * 3600;
/// How long a file that the service does not have is not requested again.
const ABSENT_PAUSE: Duration = Duration::from_hours(24);
/// The pause after the first failure; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_mins(10);
/// The longest pause after a failure.
const LONGEST_PAUSE: Duration = Duration::from_hours(24);
/// The most files that are remembered: more than a user has applications, and a limit to the memory that messages can
/// take.
const LIMIT: usize = 500;

/// How a fetch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The file is in the cache.
    Fetched,
    /// The service does not have it.
    Absent,
    /// It could not be fetched, or is not a file of that kind.
    Failed,
}

/// The files that are being fetched, and those that are paused after a failure.
#[derive(Clone, Debug, Default)]
pub struct Fetches(BTreeMap<MediaFile, Fetch>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fetch {
    Running {
        /// The length of the last pause after a failure.
        last_pause: Duration,
    },
    Paused {
        until: Instant,
        last_pause: Duration,
    },
}

impl Fetches {
    /// Whether to fetch this file now; if so, it counts as running until [`Self::end`].
    ///
    /// `age` is how many seconds ago the cached file, if any, was known to be up to date.
    pub fn begin(&mut self, file: &MediaFile, age: Option<i64>, now: Instant) -> bool {
        if age.is_some_and(|age| age < UP_TO_DATE) {
            return false;
        }
        let last_pause = match self.0.get(file) {
            Some(Fetch::Running { .. }) => return false,
            Some(Fetch::Paused { until, .. }) if now < *until => return false,
            Some(Fetch::Paused { last_pause, .. }) => *last_pause,
            None => Duration::ZERO,
        };
        if self.0.len() >= LIMIT {
            self.0.retain(|_, fetch| !matches!(fetch, Fetch::Paused { until, .. } if *until <= now));
            if self.0.len() >= LIMIT && !self.forget_the_oldest_pause() {
                return false;
            }
        }
        self.0.insert(file.clone(), Fetch::Running { last_pause });
        true
    }

    /// Makes room, so that many names without a file do not keep other files from being fetched. Files that the service
    /// does not have go first: the others may have failed only because of the network.
    fn forget_the_oldest_pause(&mut self) -> bool {
        let pauses = self.0.iter().filter_map(|(file, fetch)| match fetch {
            Fetch::Paused { until, last_pause } => Some(((!last_pause.is_zero(), *until), file)),
            Fetch::Running { .. } => None,
        });
        let oldest = pauses.min().map(|(_, file)| file.clone());
        oldest.is_some_and(|file| self.0.remove(&file).is_some())
    }

    /// Whether this file is being fetched.
    pub fn is_running(&self, file: &MediaFile) -> bool {
        matches!(self.0.get(file), Some(Fetch::Running { .. }))
    }

    /// Until when this file is paused, if it is.
    pub fn paused_until(&self, file: &MediaFile) -> Option<Instant> {
        match self.0.get(file)? {
            Fetch::Paused { until, .. } => Some(*until),
            Fetch::Running { .. } => None,
        }
    }

    /// Notes how a fetch ended.
    pub fn end(&mut self, file: &MediaFile, outcome: Outcome, now: Instant) {
        let last_pause = match self.0.remove(file) {
            Some(Fetch::Running { last_pause } | Fetch::Paused { last_pause, .. }) => last_pause,
            None => Duration::ZERO,
        };
        let pause = match outcome {
            Outcome::Fetched => return,
            Outcome::Absent => Fetch::Paused { until: now + ABSENT_PAUSE, last_pause: Duration::ZERO },
            Outcome::Failed => {
                let last_pause = (last_pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
                Fetch::Paused { until: now + last_pause, last_pause }
            }
        };
        self.0.insert(file.clone(), pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::media::{Kind, MediaName};

    fn file(name: &str) -> MediaFile {
        MediaFile { kind: Kind::Icon, name: MediaName::new(name).unwrap() }
    }

    fn start() -> Instant {
        #[expect(clippy::disallowed_methods, reason = "a test needs one instant to count from")]
        Instant::now()
    }

    #[test]
    fn a_file_that_is_being_fetched_is_not_requested_again() {
        let (mut fetches, now) = (Fetches::default(), start());
        assert!(fetches.begin(&file("a"), None, now));
        assert!(fetches.is_running(&file("a")) && !fetches.is_running(&file("b")));
        assert!(!fetches.begin(&file("a"), None, now + LONGEST_PAUSE));
        assert!(fetches.begin(&file("b"), None, now));
        let sound = MediaFile { kind: Kind::Sound, ..file("a") };
        assert!(fetches.begin(&sound, None, now), "a sound with that name is another file");
        fetches.end(&file("a"), Outcome::Fetched, now);
        assert!(!fetches.is_running(&file("a")));
        assert!(fetches.begin(&file("a"), None, now), "the cache may have been emptied");
    }

    #[test]
    fn pauses_grow_with_every_failure() {
        let (mut fetches, mut now) = (Fetches::default(), start());
        for minutes in [10, 20, 40, 80, 160, 320, 640, 1_280, 1_440, 1_440] {
            assert!(fetches.begin(&file("a"), None, now));
            fetches.end(&file("a"), Outcome::Failed, now);
            let pause = Duration::from_mins(minutes);
            assert!(!fetches.begin(&file("a"), None, now + pause.saturating_sub(Duration::from_nanos(1))));
            assert_eq!(fetches.paused_until(&file("a")), Some(now + pause));
            now += pause;
        }
        assert!(fetches.begin(&file("a"), None, now));
        assert_eq!(fetches.paused_until(&file("a")), None);
        fetches.end(&file("a"), Outcome::Fetched, now);
        assert_eq!(fetches.paused_until(&file("a")), None);
        assert!(fetches.begin(&file("a"), None, now));
        fetches.end(&file("a"), Outcome::Failed, now);
        assert!(fetches.begin(&file("a"), None, now + FIRST_PAUSE), "the pauses start again from the first");
    }

    #[test]
    fn a_file_that_the_service_does_not_have_is_requested_once_a_day() {
        let (mut fetches, now) = (Fetches::default(), start());
        assert!(fetches.begin(&file("a"), None, now));
        fetches.end(&file("a"), Outcome::Absent, now);
        assert!(!fetches.begin(&file("a"), None, now + ABSENT_PAUSE.saturating_sub(Duration::from_secs(1))));
        assert!(fetches.begin(&file("a"), None, now + ABSENT_PAUSE));
    }

    #[test]
    fn a_file_in_the_cache_is_requested_once_in_thirty_days() {
        let (mut fetches, now) = (Fetches::default(), start());
        for (age, wanted) in [(0, false), (UP_TO_DATE - 1, false), (UP_TO_DATE, true), (-1, false)] {
            assert_eq!(fetches.begin(&file("a"), Some(age), now), wanted, "{age}");
            fetches.end(&file("a"), Outcome::Fetched, now);
        }
        assert!(fetches.begin(&file("a"), Some(UP_TO_DATE), now));
        fetches.end(&file("a"), Outcome::Failed, now);
        assert!(!fetches.begin(&file("a"), Some(UP_TO_DATE), now), "not at every message");
    }

    #[test]
    fn at_most_the_limit_is_remembered_and_the_oldest_name_without_a_file_makes_room() {
        let (mut fetches, now) = (Fetches::default(), start());
        let second = Duration::from_secs(1);
        assert!(fetches.begin(&file("failed"), None, now));
        fetches.end(&file("failed"), Outcome::Failed, now);
        for (number, later) in (0..LIMIT - 1).zip(1..) {
            let file = file(&number.to_string());
            assert!(fetches.begin(&file, None, now + second * later));
            fetches.end(&file, Outcome::Absent, now + second * later);
        }
        let now = now + second * 501;
        assert!(fetches.begin(&file("one-more"), None, now));
        assert_eq!(fetches.0.len(), LIMIT);
        assert!(fetches.is_running(&file("one-more")) && fetches.paused_until(&file("0")).is_none());
        assert!(
            fetches.paused_until(&file("1")).is_some() && fetches.paused_until(&file("failed")).is_some()
        );

        assert!(fetches.begin(&file("after-the-pauses"), None, now + ABSENT_PAUSE));
        assert_eq!(fetches.0.len(), 2, "the pauses of the others are over");
    }

    #[test]
    fn a_running_fetch_is_never_forgotten_to_make_room() {
        let (mut fetches, now) = (Fetches::default(), start());
        assert!((0..LIMIT).all(|number| fetches.begin(&file(&number.to_string()), None, now)));
        assert!(!fetches.begin(&file("one-more"), None, now));
    }
}
