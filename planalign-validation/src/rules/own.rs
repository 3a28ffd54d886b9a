//! A rule that the user wrote as a query.

use planalign_config::settings::SqlRule;
use planalign_config::{DatabaseError, Tables};

use crate::counts::{Unit, cannot_run, count};
use crate::rule::{CheckError, Finding, Rule, Severity};

/// How many queries a text is, or why it is none: the engine serializes nothing but queries.
const PARSED: &str = "
    select
        json_array_length(parsed->'statements') as statements,
        parsed->>'error_type' as error_type,
        parsed->>'error_message' as error_message
    from (select json_serialize_sql(?::varchar) as parsed)";

/// The query of a rule for a year.
fn query(rule: &SqlRule, year: i32) -> String {
    rule.sql.trim().trim_end_matches(';').replace("{year}", &year.to_string())
}

/// Why the `sql` of a rule of one's own is not one query, as far as the text tells; `None` if it is.
///
/// Whether its tables and columns exist is not known before they are built.
pub fn not_a_query(tables: &dyn Tables, rule: &SqlRule) -> Result<Option<String>, DatabaseError> {
    let parsed = tables.query_row(PARSED, &[query(rule, 2000).into()])?;
    let Some(parsed) = parsed else { return Ok(Some("the engine cannot read it".to_owned())) };
    Ok(match (parsed.integer("statements")?, parsed.text("error_type")?.as_deref()) {
        (_, Some("not implemented")) => Some("it is something else than a query".to_owned()),
        (_, Some(_)) => Some(parsed.text("error_message")?.unwrap_or_default()),
        (Some(1), None) => None,
        (None | Some(0), None) => Some("it is empty".to_owned()),
        (Some(_), None) => Some("it is more than one query".to_owned()),
    })
}

/// Counts the rows of a query; nothing else is run.
#[derive(Clone, Debug)]
pub(super) struct OwnRule {
    pub(super) rule: SqlRule,
    pub(super) severity: Severity,
}

impl Rule for OwnRule {
    fn name(&self) -> &str {
        &self.rule.name
    }

    fn check(&self, year: i32, tables: &dyn Tables) -> Result<Vec<Finding>, CheckError> {
        if let Some(cause) = not_a_query(tables, &self.rule)? {
            return Err(cannot_run(format!("its sql is not one query: {cause}")));
        }
        let query = query(&self.rule, year);
        // A line of its own, as the query may end in a comment. Every column counts: one that cannot be computed is told now,
        // not when its rows are wanted.
        let every_row = format!("select count(hash(found)) as rows_found from (\n{query}\n) as found");
        let row = tables.query_row(&every_row, &[])?.ok_or_else(|| cannot_run("its query has no answer"))?;
        let count = count(&row, "rows_found")?;
        if count <= self.rule.max_rows {
            return Ok(Vec::new());
        }
        let message = format!("{}: {}", self.rule.message, Unit::Rows.of(count));
        let advice = "see planalign.finding_details, or the rule's query under validation.rules in the configuration";
        Ok(vec![Finding::new(self.name(), year, self.severity, message).count(count).advice(advice).about(&query)])
    }
}
