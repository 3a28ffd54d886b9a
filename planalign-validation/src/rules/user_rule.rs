//! A user-defined rule, written as a query.

use planalign_config::settings::SqlRule;
use planalign_config::{DatabaseError, Tables};

use crate::counts::{Unit, cannot_run, count};
use crate::rule::{CheckError, Finding, Rule, Severity};

/// Counts the queries in a text, or says why it isn't one: the engine serializes queries only.
const PARSED: &str = "
    select
        json_array_length(parsed->'statements') as statements,
        parsed->>'error_type' as error_type,
        parsed->>'error_message' as error_message
    from (select json_serialize_sql(?::varchar) as parsed)";

/// Returns a rule's text for a year.
fn text(rule: &SqlRule, year: i32) -> String {
    rule.sql.trim().replace("{year}", &year.to_string())
}

/// Returns the single query in a rule's text, without the semicolon and the comments that may follow it. Which semicolon ends the
/// query, and isn't part of a literal or a comment, is for the engine to say.
fn query<'t>(tables: &dyn Tables, text: &'t str) -> Result<&'t str, DatabaseError> {
    let queries =
        |text: &str| tables.query_row(PARSED, &[text.into()])?.map_or(Ok(None), |row| row.integer("statements"));
    for (end, _) in text.match_indices(';') {
        let (query, rest) = text.split_at(end);
        if queries(rest)? == Some(0) && queries(query)? == Some(1) {
            return Ok(query);
        }
    }
    Ok(text)
}

/// Returns why a user-defined rule's `sql` isn't a single query, or `None` if it is.
///
/// Checks syntax only: its tables and columns may not have been built yet.
pub fn sql_problem(tables: &dyn Tables, rule: &SqlRule) -> Result<Option<String>, DatabaseError> {
    let parsed = tables.query_row(PARSED, &[text(rule, 2000).into()])?;
    let Some(parsed) = parsed else { return Ok(Some("the engine can't parse it".to_owned())) };
    Ok(match (parsed.integer("statements")?, parsed.text("error_type")?.as_deref()) {
        (_, Some("not implemented")) => Some("not a query".to_owned()),
        (_, Some(_)) => Some(parsed.text("error_message")?.unwrap_or_default()),
        (Some(1), None) => None,
        (None | Some(0), None) => Some("empty".to_owned()),
        (Some(_), None) => Some("more than one query".to_owned()),
    })
}

/// Counts the rows of a query; runs no other kind of statement.
#[derive(Clone, Debug)]
pub(super) struct UserRule {
    pub(super) rule: SqlRule,
    pub(super) severity: Severity,
}

impl Rule for UserRule {
    fn name(&self) -> &str {
        &self.rule.name
    }

    fn check(&self, year: i32, tables: &dyn Tables) -> Result<Vec<Finding>, CheckError> {
        if let Some(cause) = sql_problem(tables, &self.rule)? {
            return Err(cannot_run(format!("its `sql` must be a single query: {cause}")));
        }
        let text = text(&self.rule, year);
        let query = query(tables, &text)?;
        // On a separate line, since the query may end in a comment. Hashing all columns makes one that can't be computed fail
        // now, not when the rows are fetched.
        let every_row = format!("select count(hash(found)) as rows_found from (\n{query}\n) as found");
        let row = tables.query_row(&every_row, &[])?.ok_or_else(|| cannot_run("its query returned no rows"))?;
        let count = count(&row, "rows_found")?;
        if count <= self.rule.max_rows {
            return Ok(Vec::new());
        }
        let message = format!("{}: {}", self.rule.message, Unit::Rows.of(count));
        let advice = "see the rows in `planalign.finding_details`, or the rule's query under `validation.rules`";
        Ok(vec![Finding::new(self.name(), year, self.severity, message).count(count).advice(advice).rows(query)])
    }
}
