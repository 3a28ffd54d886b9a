//! Objects in a database that take the place of functions and views of the engine, or are taken for macros of the project.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use planalign_config::sql::identifier;
use planalign_config::{Database, DatabaseError};

use crate::error::Error;

/// Macros that unqualified names find. The names are qualified, and no function or operator is used, because these could be
/// replaced, too.
const MACROS: &str = "select function_name as name, function_type as kind from system.main.duckdb_functions()
    where not internal and schema_name = 'main' and database_name = system.main.current_database()";
const ENGINE_FUNCTIONS: &str =
    "select distinct function_name as name from system.main.duckdb_functions() where internal";

const RELATIONS: &str = "
    select table_name as name, 'table' as kind from system.main.duckdb_tables()
    where schema_name = 'main' and database_name = system.main.current_database()
    union all
    select view_name, 'view' from system.main.duckdb_views()
    where not internal and schema_name = 'main' and database_name = system.main.current_database()";
const ENGINE_VIEWS: &str = "select view_name as name from system.main.duckdb_views()
    where internal and schema_name in ('main', 'pg_catalog')";

/// A macro, view, or table in schema `main`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NamedObject {
    /// What it is, such as `table macro`.
    pub kind: String,
    /// Its name.
    pub name: String,
}

impl NamedObject {
    /// Returns the statement that drops it.
    #[must_use]
    pub fn drop_statement(&self) -> String {
        let kind = if self.kind == "table macro" { "macro table" } else { &self.kind };
        format!("drop {kind} main.{}", identifier(&self.name))
    }
}

impl fmt::Display for NamedObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.kind, self.name)
    }
}

/// Fails if an object in a database replaces a function or view of the engine in every query. Called before anything else is
/// queried.
pub(crate) fn refuse(database: &Database) -> Result<(), Error> {
    let mut found = named(database, MACROS, &|| names(database, ENGINE_FUNCTIONS))?;
    found.extend(named(database, RELATIONS, &|| names(database, ENGINE_VIEWS))?);
    if found.is_empty() { Ok(()) } else { Err(Error::Shadowed { by: "functions or views of the engine", found }) }
}

/// Fails if a macro in a database has the name of a macro of the project, given by its files.
pub(crate) fn refuse_macros_of(project: Option<&BTreeMap<String, String>>, database: &Database) -> Result<(), Error> {
    let macros = || Ok(project.into_iter().flat_map(BTreeMap::values).flat_map(|text| macros_in(text)).collect());
    let found = named(database, MACROS, &macros)?;
    if found.is_empty() { Ok(()) } else { Err(Error::Shadowed { by: "macros of the project", found }) }
}

/// The objects that a query finds whose names are taken. Which names are, is asked only if there are any objects.
fn named(
    database: &Database,
    sql: &str,
    taken: &dyn Fn() -> Result<BTreeSet<String>, DatabaseError>,
) -> Result<Vec<NamedObject>, DatabaseError> {
    let mut objects = BTreeSet::new();
    for row in database.query(sql, &[])?.rows {
        let (name, kind) = (row.text("name")?.unwrap_or_default(), row.text("kind")?.unwrap_or_default());
        objects.insert(NamedObject { kind: kind.replace('_', " "), name });
    }
    if objects.is_empty() {
        return Ok(Vec::new());
    }
    let taken = taken()?;
    Ok(objects.into_iter().filter(|object| taken.contains(&object.name.to_lowercase())).collect())
}

fn names(database: &Database, sql: &str) -> Result<BTreeSet<String>, DatabaseError> {
    Ok(database.query(sql, &[])?.texts("name")?.into_iter().map(|name| name.to_lowercase()).collect())
}

/// The names of the Jinja macros that a text defines.
fn macros_in(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split("{%").filter_map(|part| {
        let name = part.trim_start_matches(['-', '+']).trim_start().strip_prefix("macro ")?.trim_start();
        let end = name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len());
        Some(name[..end].to_lowercase())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn macros_are_found_where_they_are_defined() {
        let text = "{# macro no() #}{% macro draw(key) -%}{%- macro  Draw_Bits( a ) %}{{ macro }}{% set macro = 1 %}";
        assert_eq!(macros_in(text).collect::<Vec<_>>(), ["draw", "draw_bits"]);
    }
}
