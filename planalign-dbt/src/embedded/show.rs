//! Runs compiled queries to look at their rows.

use planalign_config::{DatabaseError, Rows, sql};

use super::failures::Place;
use super::run::{EmbeddedRunner, INLINE_QUERY};
use crate::runner::RunnerError;

/// Types whose values have no form of their own in [`Value`](planalign_config::Value).
const AS_TEXT: [&str; 2] = ["TIMESTAMP WITH TIME ZONE", "BLOB"];

impl EmbeddedRunner {
    /// Returns the first rows of a compiled query, or all with no `limit`. `node` is the name of the model or test that it comes from;
    /// `None` if it isn't in the project. Times with a time zone and bytes are text.
    pub fn first_rows(&self, node: Option<&str>, query: &str, limit: Option<u64>) -> Result<Rows, RunnerError> {
        let subjects =
            || self.project.nodes.values().map(|n| &n.subject).chain(self.project.tests.iter().map(|t| &t.subject));
        let subject = node.and_then(|name| subjects().find(|subject| subject.name == name));
        let place = match subject {
            Some(subject) => Place::of(subject),
            None => Place { kind: INLINE_QUERY, node: INLINE_QUERY, file: "--inline" },
        };
        if query.trim().is_empty() {
            return Err(place.compilation("the query is empty"));
        }
        let failed = |error: DatabaseError| place.statement(&error, query, 1);
        let columns = self.database.query(&format!("describe (\n{query}\n)"), &[]).map_err(failed)?;
        let (names, types) =
            (columns.texts("column_name").map_err(failed)?, columns.texts("column_type").map_err(failed)?);
        // By number, because several columns may have the same name.
        let columns = names.iter().zip(&types).enumerate().map(|(at, (name, data_type))| {
            let cast = if AS_TEXT.contains(&data_type.as_str()) { "::varchar" } else { "" };
            format!("c{at}{cast} as {}", sql::identifier(name))
        });
        let columns = columns.collect::<Vec<_>>().join(", ");
        let numbered = (0..names.len()).map(|at| format!("c{at}")).collect::<Vec<_>>().join(", ");
        let limit = limit.map(|limit| format!("\nlimit {limit}")).unwrap_or_default();
        let statement = format!("select {columns} from (\n{query}\n) as shown({numbered}){limit}");
        self.database.query(&statement, &[]).map_err(failed)
    }
}
