//! Compares the relations of two databases.

use std::collections::BTreeMap;
use std::path::Path;

use planalign_config::sql::literal;
use planalign_config::{Database, DatabaseError, DatabaseOptions};

/// The result of a comparison.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Compared {
    /// Number of relations compared.
    pub(crate) relations: usize,
    /// Their rows in the first database.
    pub(crate) rows: i64,
    /// One line per relation that differs.
    pub(crate) differences: Vec<String>,
}

/// Compares the tables and views of two files, regardless of row order, except for the program's own tables in schema
/// `planalign`.
pub(crate) fn compare(ours: &Path, theirs: &Path) -> Result<Compared, DatabaseError> {
    let db = Database::in_memory(&DatabaseOptions::default())?;
    for (name, path) in [("ours", ours), ("theirs", theirs)] {
        let path = literal(&path.to_string_lossy());
        db.execute_batch(&format!("attach {path} as {name} (read_only)"))?;
    }
    let (mine, other) = (columns(&db, "ours")?, columns(&db, "theirs")?);
    let mut compared = Compared { relations: mine.len(), rows: 0, differences: Vec::new() };
    for (relation, columns) in &mine {
        compared.rows += rows(&db, &format!("from ours.{relation}"))?;
        compared.differences.extend(match other.get(relation) {
            None => Some(format!("{relation} is missing")),
            Some(theirs) if theirs != columns => Some(format!("{relation} has columns {theirs}, not {columns}")),
            Some(_) => difference(&db, relation)?,
        });
    }
    let new = other.keys().filter(|relation| !mine.contains_key(*relation));
    compared.differences.extend(new.map(|relation| format!("{relation} is new")));
    Ok(compared)
}

/// Returns each relation's columns and types, in order, as text.
fn columns(db: &Database, database: &str) -> Result<BTreeMap<String, String>, DatabaseError> {
    let sql = format!(
        "select schema_name || '.' || table_name as name, string_agg(column_name || ' ' || data_type, ', ' order by column_index) as columns
        from duckdb_columns() where database_name = '{database}' and not internal and schema_name != 'planalign' group by 1"
    );
    let relations = db.query(&sql, &[])?;
    Ok(relations.texts("name")?.into_iter().zip(relations.texts("columns")?).collect())
}

fn difference(db: &Database, relation: &str) -> Result<Option<String>, DatabaseError> {
    let only =
        |these: &str, those: &str| rows(db, &format!("from {these}.{relation} except all from {those}.{relation}"));
    let (missing, new) = (only("ours", "theirs")?, only("theirs", "ours")?);
    let differs = missing + new > 0;
    Ok(differs.then(|| format!("{relation} has {missing} missing and {new} additional rows")))
}

fn rows(db: &Database, query: &str) -> Result<i64, DatabaseError> {
    Ok(db.query_value(&format!("select count(*) from ({query})"), &[])?.integer().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(ours: &str, theirs: &str) -> Compared {
        let folder = tempfile::tempdir().expect("a folder");
        let [ours, theirs] = [("a.duckdb", ours), ("b.duckdb", theirs)].map(|(name, sql)| {
            let path = folder.path().join(name);
            Database::open(&path, &DatabaseOptions::default()).expect("a file").execute_batch(sql).expect("tables");
            path
        });
        compare(&ours, &theirs).expect("readable files")
    }

    #[test]
    fn the_order_of_rows_and_the_programs_own_tables_are_ignored() {
        let same = compared(
            "create table t as from (values (1, 'a'), (2, 'b'), (2, 'b')) as v(n, s); create view v as from t;
            create schema planalign; create table planalign.runs (id integer)",
            "create table t as from (values (2, 'b'), (1, 'a'), (2, 'b')) as v(n, s); create view v as from t",
        );
        assert_eq!(same, Compared { relations: 2, rows: 6, differences: Vec::new() });
    }

    #[test]
    fn every_relation_that_differs_is_named() {
        let found = compared(
            "create table counted as from (values (1), (2), (2)) as v(n); create table gone (n integer);
            create table changed as select 1 as n; create table typed (n integer, d date)",
            "create table counted as from (values (1), (2)) as v(n); create table new (n integer);
            create table changed as select 3 as n; create table typed (n bigint, d date)",
        );
        assert_eq!(
            found.differences,
            [
                "main.changed has 1 missing and 1 additional rows",
                "main.counted has 1 missing and 0 additional rows",
                "main.gone is missing",
                "main.typed has columns n BIGINT, d DATE, not n INTEGER, d DATE",
                "main.new is new",
            ]
        );
    }
}
