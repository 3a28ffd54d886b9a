//! Differences between the recomputed values and the database.

use super::records::{Fact, Record};

/// Maximum number of differences to print.
const MAX_SHOWN: usize = 8;

#[derive(Default)]
pub(super) struct Findings {
    compared: usize,
    differences: Vec<String>,
}

impl Findings {
    /// Records a difference if the condition doesn't hold.
    pub(super) fn require(&mut self, holds: bool, message: impl FnOnce() -> String) {
        self.compared += 1;
        if !holds {
            self.differences.push(message());
        }
    }

    pub(super) fn equal(&mut self, place: &str, expected: &Fact, found: &Fact) {
        self.require(expected == found, || format!("{place}: expected {expected:?}, found {found:?}"));
    }

    /// Compares columns of a row.
    pub(super) fn row(&mut self, place: &str, expected: &[(&str, Fact)], found: &Record) {
        for (column, fact) in expected {
            self.equal(&format!("{place}, {column}"), fact, found.fact(column));
        }
    }

    /// Compares all columns of a row, except for its key and `others`.
    pub(super) fn whole_row(&mut self, place: &str, expected: &[(&str, Fact)], others: &[&str], found: &Record) {
        let keys = ["scenario_id", "plan_design_id", "simulation_year", "employee_id"];
        for column in found.columns().filter(|c| !keys.contains(c) && !others.contains(c)) {
            let known = expected.iter().any(|(name, _)| *name == column);
            self.require(known, || format!("{place}, {column}: the replay doesn't know this column"));
        }
        self.row(place, expected, found);
    }

    pub(super) fn conclude(self) {
        assert!(self.compared > 1000, "only {} values were compared", self.compared);
        let count = self.differences.len();
        let first = self.differences.iter().take(MAX_SHOWN).cloned().collect::<Vec<_>>().join("\n  ");
        assert!(count == 0, "{count} differences in {} values, starting with\n  {first}", self.compared);
    }
}
