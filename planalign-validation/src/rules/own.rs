//! A rule that the user wrote as a query.

use planalign_config::settings::SqlRule;

use crate::counts::{Probe, Unit};
use crate::rule::{Finding, Rule, RuleError, Severity};

/// How many queries a text is, or why it is none: the engine serializes nothing but queries.
const PARSED: &str = "
    select case when parsed->>'error' = 'false' then json_array_length(parsed->'statements') end, parsed->>'error_message'
    from (select json_serialize_sql(?::varchar) as parsed)";

/// Counts the rows of a query; nothing else is run.
pub(super) struct OwnRule {
    pub(super) probe: Probe,
    pub(super) rule: SqlRule,
    pub(super) severity: Severity,
}

impl Rule for OwnRule {
    fn name(&self) -> &str {
        &self.rule.name
    }

    fn check(&self, year: i32) -> Result<Vec<Finding>, RuleError> {
        let query = self.rule.sql.trim().trim_end_matches(';').replace("{year}", &year.to_string());
        let parsed = self.probe.only_row(self.probe.query(PARSED, &[query.as_str().into()], year)?, year)?;
        if parsed.integer(0) != Some(1) {
            let cause = parsed.text(1).unwrap_or_else(|| "it is more than one statement".to_owned());
            return Err(self.probe.cannot_run(year, &format!("its sql is not one query: {cause}")));
        }
        // A line of its own, as the query may end in a comment.
        let counted = self.probe.rows_of_all(&format!("select count(*) from (\n{query}\n)"), year)?;
        let count = self.probe.count(&self.probe.only_row(counted, year)?, 0, year)?;
        if count <= self.rule.max_rows {
            return Ok(Vec::new());
        }
        let message = format!("{}: {}", self.rule.message, Unit::Rows.of(count));
        let advice = "see planalign.finding_details, or the rule's query under validation.rules in the configuration";
        Ok(vec![self.probe.finding(year, self.severity, count, message, advice).about(&query)])
    }
}
