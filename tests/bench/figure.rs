//! One line of the table: what was measured, how often, and whether it is good enough.
//!
//! Invariant: the median is compared with the target, and what is printed is what was compared.

use std::fmt;

/// A measured quantity.
pub(crate) struct Figure {
    what: String,
    unit: &'static str,
    /// In ascending order, never empty.
    values: Vec<f64>,
    target: Option<f64>,
}

impl Figure {
    pub(crate) const HEADER: &str =
        "| what | median | p95 | samples | target | |\n| --- | --- | --- | --- | --- | --- |";

    pub(crate) fn new(what: &str, unit: &'static str, values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        assert!(!values.is_empty(), "{what}: nothing was measured");
        Self { what: what.to_owned(), unit, values, target: None }
    }

    /// Sets the target that the median must not exceed.
    pub(crate) fn at_most(mut self, target: f64) -> Self {
        self.target = Some(target);
        self
    }

    /// The value below which this share of the values lies.
    pub(crate) fn at(&self, share: f64) -> f64 {
        let last = self.values.len() - 1;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is between 0 and `last`"
        )]
        let place = (last as f64 * share).round() as usize;
        self.values[place]
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, unit, values, target } = self;
        write!(f, "| {what} | {} {unit} |", Short(self.at(0.5)))?;
        if values.len() < 2 {
            write!(f, " |")?;
        } else {
            write!(f, " {} {unit} |", Short(self.at(0.95)))?;
        }
        write!(f, " {} |", values.len())?;
        match target {
            Some(target) if self.at(0.5) <= *target => write!(f, " {} {unit} | met |", Short(*target)),
            Some(target) => write!(f, " {} {unit} | **missed** |", Short(*target)),
            None => write!(f, " | |"),
        }
    }
}

/// A number without meaningless digits.
pub(crate) struct Short(pub(crate) f64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(number) = self;
        if number.fract() == 0.0 {
            write!(f, "{number}")
        } else if number.abs() < 100.0 {
            write!(f, "{number:.2}")
        } else {
            write!(f, "{number:.0}")
        }
    }
}
