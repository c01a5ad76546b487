//! When to fetch an icon or a sound, and when to leave it.
//!
//! Invariant: a file is under way once at a time, and after a failure it is left alone for `FIRST_REST` at least:
//! no number of messages makes a storm of requests.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::domain::media::MediaFile;

/// How long a file that is here is taken to be up to date, in seconds. One that changes gets a new name.
const UP_TO_DATE: i64 = 30 * 24 * 3600;
/// How long a file that the service does not have is not asked for again.
const ABSENCE: Duration = Duration::from_hours(24);
/// The shortest rest after a failure; doubled with each.
const FIRST_REST: Duration = Duration::from_mins(10);
/// The longest rest after a failure.
const LONGEST_REST: Duration = Duration::from_hours(24);
/// Files that are remembered: more than anybody has applications, and a bound to what messages can have this do.
const LIMIT: usize = 500;

/// How an errand ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The file is here.
    Here,
    /// The service does not have it.
    Absent,
    /// It could not be fetched, or what came is no such file.
    Failed,
}

/// The files that are being fetched, and those that are left alone for now.
#[derive(Clone, Debug, Default)]
pub struct Errands(BTreeMap<MediaFile, Errand>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Errand {
    UnderWay {
        rested: Duration,
    },
    /// `rested` is how long the last rest after a failure was.
    Resting {
        until: Instant,
        rested: Duration,
    },
}

impl Errands {
    /// Whether to fetch this now; if so, it is under way until [`Self::end`].
    ///
    /// `age` is how many seconds ago the one that is here was known to be up to date, if there is one.
    pub fn begin(&mut self, file: &MediaFile, age: Option<i64>, now: Instant) -> bool {
        if age.is_some_and(|age| age < UP_TO_DATE) {
            return false;
        }
        let rested = match self.0.get(file) {
            Some(Errand::UnderWay { .. }) => return false,
            Some(Errand::Resting { until, .. }) if now < *until => return false,
            Some(Errand::Resting { rested, .. }) => *rested,
            None => Duration::ZERO,
        };
        if self.0.len() >= LIMIT {
            self.0.retain(|_, errand| !matches!(errand, Errand::Resting { until, .. } if *until <= now));
            if self.0.len() >= LIMIT {
                return false;
            }
        }
        self.0.insert(file.clone(), Errand::UnderWay { rested });
        true
    }

    /// Whether this is being fetched.
    pub fn is_under_way(&self, file: &MediaFile) -> bool {
        matches!(self.0.get(file), Some(Errand::UnderWay { .. }))
    }

    /// Until when this is left alone, if it is.
    pub fn rests_until(&self, file: &MediaFile) -> Option<Instant> {
        match self.0.get(file)? {
            Errand::Resting { until, .. } => Some(*until),
            Errand::UnderWay { .. } => None,
        }
    }

    /// Takes note of how an errand ended.
    pub fn end(&mut self, file: &MediaFile, outcome: Outcome, now: Instant) {
        let rested = match self.0.remove(file) {
            Some(Errand::UnderWay { rested } | Errand::Resting { rested, .. }) => rested,
            None => Duration::ZERO,
        };
        let rest = match outcome {
            Outcome::Here => return,
            Outcome::Absent => Errand::Resting { until: now + ABSENCE, rested: Duration::ZERO },
            Outcome::Failed => {
                let rested = (rested * 2).clamp(FIRST_REST, LONGEST_REST);
                Errand::Resting { until: now + rested, rested }
            }
        };
        self.0.insert(file.clone(), rest);
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
        #[expect(clippy::disallowed_methods, reason = "a moment to count from; which one does not matter")]
        Instant::now()
    }

    #[test]
    fn what_is_under_way_is_not_begun_again() {
        let (mut errands, now) = (Errands::default(), start());
        assert!(errands.begin(&file("a"), None, now));
        assert!(errands.is_under_way(&file("a")) && !errands.is_under_way(&file("b")));
        assert!(!errands.begin(&file("a"), None, now + LONGEST_REST));
        assert!(errands.begin(&file("b"), None, now));
        let sound = MediaFile { kind: Kind::Sound, ..file("a") };
        assert!(errands.begin(&sound, None, now), "a sound of that name is another file");
        errands.end(&file("a"), Outcome::Here, now);
        assert!(!errands.is_under_way(&file("a")));
        assert!(errands.begin(&file("a"), None, now), "somebody emptied the cache");
    }

    #[test]
    fn a_failure_is_left_alone_ever_longer() {
        let (mut errands, mut now) = (Errands::default(), start());
        for minutes in [10, 20, 40, 80, 160, 320, 640, 1_280, 1_440, 1_440] {
            assert!(errands.begin(&file("a"), None, now));
            errands.end(&file("a"), Outcome::Failed, now);
            let rest = Duration::from_mins(minutes);
            assert!(!errands.begin(&file("a"), None, now + rest.saturating_sub(Duration::from_nanos(1))));
            assert_eq!(errands.rests_until(&file("a")), Some(now + rest));
            now += rest;
        }
        assert!(errands.begin(&file("a"), None, now));
        assert_eq!(errands.rests_until(&file("a")), None);
        errands.end(&file("a"), Outcome::Here, now);
        assert_eq!(errands.rests_until(&file("a")), None);
        assert!(errands.begin(&file("a"), None, now));
        errands.end(&file("a"), Outcome::Failed, now);
        assert!(errands.begin(&file("a"), None, now + FIRST_REST), "it starts from the front");
    }

    #[test]
    fn what_the_service_does_not_have_is_asked_for_once_a_day() {
        let (mut errands, now) = (Errands::default(), start());
        assert!(errands.begin(&file("a"), None, now));
        errands.end(&file("a"), Outcome::Absent, now);
        assert!(!errands.begin(&file("a"), None, now + ABSENCE.saturating_sub(Duration::from_secs(1))));
        assert!(errands.begin(&file("a"), None, now + ABSENCE));
    }

    #[test]
    fn what_is_here_is_asked_after_once_in_thirty_days() {
        let (mut errands, now) = (Errands::default(), start());
        for (age, wanted) in [(0, false), (UP_TO_DATE - 1, false), (UP_TO_DATE, true), (-1, false)] {
            assert_eq!(errands.begin(&file("a"), Some(age), now), wanted, "{age}");
            errands.end(&file("a"), Outcome::Here, now);
        }
        assert!(errands.begin(&file("a"), Some(UP_TO_DATE), now));
        errands.end(&file("a"), Outcome::Failed, now);
        assert!(!errands.begin(&file("a"), Some(UP_TO_DATE), now), "not at every message");
    }

    #[test]
    fn no_more_are_remembered_than_the_limit() {
        let (mut errands, now) = (Errands::default(), start());
        for number in 0..LIMIT {
            let file = file(&number.to_string());
            assert!(errands.begin(&file, None, now));
            errands.end(&file, Outcome::Failed, now);
        }
        assert!(!errands.begin(&file("one-more"), None, now));
        assert!(errands.begin(&file("one-more"), None, now + FIRST_REST), "the others have rested");
        assert_eq!(errands.0.len(), 1);
    }
}
