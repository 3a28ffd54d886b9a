//! Checks a year with a custom rule on in-memory tables, like a unit test of the rule.

use std::error::Error;

use planalign_config::{InMemoryTables, Tables, Value};
use planalign_validation::{CheckError, DataValidator, Finding, Rule, Severity};

const SHARES: &str = "select sum(match_amount) / sum(earned) from costs where simulation_year = $1";

/// Checks that the match stays within a budget, as a share of pay.
struct MatchBudget(f64);

impl Rule for MatchBudget {
    fn name(&self) -> &str {
        "match_budget"
    }

    fn check(&self, year: i32, tables: &dyn Tables) -> Result<Vec<Finding>, CheckError> {
        let share = tables.query_value(SHARES, &[year.into()])?.float().unwrap_or_default();
        let message = format!("match costs {:.2}% of pay", 100.0 * share);
        let finding = Finding::new(self.name(), year, Severity::Error, message).advice("lower `employer_match.tiers`");
        Ok(if share > self.0 { vec![finding] } else { Vec::new() })
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut validator = DataValidator::default();
    validator.register_rule(MatchBudget(0.04));
    for (share, expected) in [(0.0375, 0), (0.0425, 1)] {
        let tables = InMemoryTables::default().answer(SHARES, &["share"], &[&[Value::Float(share)]]);
        let findings = validator.validate(2025, &tables)?;
        println!("{findings:?}");
        assert_eq!(findings.len(), expected);
    }
    Ok(())
}
