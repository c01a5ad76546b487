//! Which messages the list shows.
//!
//! Invariant: a filter and the search are one query of the message log; nothing is filtered afterwards.

use crate::app::history::{Query, Since};
use crate::domain::message::{Priority, Seq};
use crate::window::words::tr;

/// How many rows are read at once.
pub const PAGE: usize = 100;

/// How many are read first: as many as a large window shows, because the toolkit makes widgets for all that it is given at once.
pub const FIRST_PAGE: usize = 30;

/// What the user chose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// What was typed into the search field.
    pub search: String,
    /// Only those of this application.
    pub app: Option<String>,
    /// Only those that are not read.
    pub unread: bool,
    /// Only those that are at least this urgent.
    pub priority: PriorityChoice,
    /// Only those of this time.
    pub period: Period,
}

/// How urgent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PriorityChoice {
    /// All.
    #[default]
    Any,
    /// Not those that are silent.
    Normal,
    /// High priority and emergencies.
    High,
    /// Emergencies.
    Emergency,
}

/// How far back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Period {
    /// All.
    #[default]
    Any,
    /// The last 24 hours.
    Day,
    /// The last seven days.
    Week,
    /// The last 30 days.
    Month,
}

impl PriorityChoice {
    /// All of them, in the order they are offered.
    pub const ALL: [Self; 4] = [Self::Any, Self::Normal, Self::High, Self::Emergency];

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Any => tr("Any priority"),
            Self::Normal => tr("Normal and higher"),
            Self::High => tr("High and emergencies"),
            Self::Emergency => tr("Emergencies"),
        }
    }

    fn lowest(self) -> Option<Priority> {
        match self {
            Self::Any => None,
            Self::Normal => Some(Priority::Normal),
            Self::High => Some(Priority::High),
            Self::Emergency => Some(Priority::Emergency),
        }
    }
}

impl Period {
    /// All of them, in the order they are offered.
    pub const ALL: [Self; 4] = [Self::Any, Self::Day, Self::Week, Self::Month];

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Any => tr("Any time"),
            Self::Day => tr("Last 24 hours"),
            Self::Week => tr("Last 7 days"),
            Self::Month => tr("Last 30 days"),
        }
    }

    fn seconds(self) -> Option<i64> {
        let days = match self {
            Self::Any => return None,
            Self::Day => 1,
            Self::Week => 7,
            Self::Month => 30,
        };
        Some(days * 86_400)
    }
}

impl Filter {
    /// Whether it leaves out anything.
    pub fn is_active(&self) -> bool {
        !self.search.trim().is_empty() || self.has_choices()
    }

    /// The same without the search.
    pub fn has_choices(&self) -> bool {
        Self { search: String::new(), ..self.clone() } != Self::default()
    }

    /// The query for the page that follows a row, at this time of the service.
    pub fn query(&self, after: Option<Seq>, limit: usize, unix: i64) -> Query {
        Query {
            limit,
            since: self.period.seconds().map(|seconds| Since::Time(unix.saturating_sub(seconds))),
            before: after,
            search: Some(self.search.clone()).filter(|search| !search.trim().is_empty()),
            unread: self.unread.then_some(unix),
            app: self.app.clone(),
            min_priority: self.priority.lowest(),
            each_emergency_once: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_becomes_a_condition_of_the_query() {
        let filter = Filter {
            search: "disk ".to_owned(),
            app: Some("Backup".to_owned()),
            unread: true,
            priority: PriorityChoice::High,
            period: Period::Week,
        };
        let query = filter.query(Some(Seq(7)), 10, 1_000_000);
        assert_eq!(query.search.as_deref(), Some("disk "));
        assert_eq!((query.app.as_deref(), query.unread), (Some("Backup"), Some(1_000_000)));
        assert_eq!((query.min_priority, query.before), (Some(Priority::High), Some(Seq(7))));
        assert_eq!(query.since, Some(Since::Time(1_000_000 - 7 * 86_400)));
        assert!(filter.is_active() && filter.has_choices());
    }

    #[test]
    fn without_a_choice_everything_is_shown() {
        let filter = Filter { search: "  ".to_owned(), ..Filter::default() };
        assert!(!filter.is_active());
        let query = filter.query(None, PAGE, 5);
        assert_eq!(query, Query { limit: PAGE, each_emergency_once: true, ..Query::default() });
    }
}
