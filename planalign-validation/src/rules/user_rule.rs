//! A user-defined rule, written as a query.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use planalign_config::query_check::{Allowed, QueryCheck, QueryRefusal, Relations};
use planalign_config::settings::SqlRule;
use planalign_config::{DatabaseError, Tables};

use crate::counts::{Unit, cannot_run, count};
use crate::rule::{CheckError, Finding, Rule, Severity};

/// Counts the queries in a text.
const QUERIES: &str = "select json_array_length(json_serialize_sql(?::varchar)->'statements') as queries";

/// Returns a rule's text for a year.
fn text(rule: &SqlRule, year: i32) -> String {
    rule.sql.trim().replace("{year}", &year.to_string())
}

/// Returns the single query in a rule's text, without the semicolon and the comments that may follow it. Which semicolon ends the
/// query, and isn't part of a literal or a comment, is for the engine to say.
fn query<'t>(tables: &dyn Tables, text: &'t str) -> Result<&'t str, DatabaseError> {
    let queries =
        |text: &str| tables.query_row(QUERIES, &[text.into()])?.map_or(Ok(None), |row| row.integer("queries"));
    for (end, _) in text.match_indices(';') {
        let (query, rest) = text.split_at(end);
        if queries(rest)? == Some(0) && queries(query)? == Some(1) {
            return Ok(query);
        }
    }
    Ok(text)
}

/// Returns why a user-defined rule's `sql` isn't a single query that only reads tables of the run, or `None` if it is.
///
/// Its tables and columns may not have been built yet, so only names that can't be of a run are refused.
pub fn sql_problem(
    check: &QueryCheck,
    tables: &dyn Tables,
    rule: &SqlRule,
) -> Result<Option<QueryRefusal>, DatabaseError> {
    check.refusal(&text(rule, 2000), Allowed::default(), tables)
}

/// Counts the rows of a query; runs no other kind of statement.
#[derive(Clone, Debug)]
pub(super) struct UserRule {
    pub(super) rule: SqlRule,
    pub(super) severity: Severity,
    /// The time that its query may take.
    pub(super) limit: Duration,
    /// What the engine's queries may call, asked by the first rule.
    pub(super) check: Arc<OnceLock<QueryCheck>>,
}

impl UserRule {
    /// Fails if a query reads anything but tables of the run. What a name stands for can change during a run.
    fn require_harmless(&self, query: &str, tables: &dyn Tables) -> Result<(), CheckError> {
        let check = if let Some(check) = self.check.get() {
            check
        } else {
            let asked = QueryCheck::new(tables)?;
            self.check.get_or_init(|| asked)
        };
        let relations = Relations::read(tables)?;
        let allowed = Allowed { relations: Some(&relations), ..Allowed::default() };
        match check.refusal(query, allowed, tables)? {
            Some(refusal) => Err(cannot_run(format!("its `sql` {refusal}"))),
            None => Ok(()),
        }
    }
}

impl Rule for UserRule {
    fn name(&self) -> &str {
        &self.rule.name
    }

    fn check(&self, year: i32, tables: &dyn Tables) -> Result<Vec<Finding>, CheckError> {
        let text = text(&self.rule, year);
        let query = query(tables, &text)?;
        self.require_harmless(query, tables)?;
        // On a separate line, since the query may end in a comment. Hashing all columns makes one that can't be computed fail
        // now, not when the rows are fetched.
        let every_row = format!("select count(hash(found)) as rows_found from (\n{query}\n) as found");
        let found = tables.query_within(self.limit, &every_row, &[])?;
        let row = found.rows.first().ok_or_else(|| cannot_run("its query returned no rows"))?;
        let count = count(row, "rows_found")?;
        if count <= self.rule.max_rows {
            return Ok(Vec::new());
        }
        let message = format!("{}: {}", self.rule.message, Unit::Rows.of(count));
        let advice = "see the rows in `planalign.finding_details`, or the rule's query under `validation.rules`";
        Ok(vec![Finding::new(self.name(), year, self.severity, message).count(count).advice(advice).rows(query)])
    }
}
