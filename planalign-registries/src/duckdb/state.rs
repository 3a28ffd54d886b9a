//! What relations hold for a year, in figures that any lost, doubled or changed row moves.

use std::collections::HashMap;

use planalign_config::database::{Row, Value};

use super::catalog::{Catalog, failed, list, literal, quoted};
use crate::checkpoint::RelationState;
use crate::run_store::StoreError;

/// The columns of the relations seen so far, by `schema.name`; `None` for views.
pub(crate) type Columns = HashMap<String, Option<Vec<Column>>>;

/// A column of a table.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    name: String,
    data_type: String,
}

impl Column {
    /// Whether the engine adds its values up exactly.
    fn adds_up(&self) -> bool {
        const INTEGERS: [&str; 9] =
            ["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"];
        INTEGERS.contains(&self.data_type.as_str()) || self.data_type.starts_with("DECIMAL")
    }
}

/// Describes the tables among `relations`; views, which hold no rows of their own, and what is not there are left out.
pub(crate) fn read(
    catalog: &Catalog,
    known: &mut Columns,
    engine: &str,
    relations: &[String],
    year: i32,
) -> Result<Vec<RelationState>, StoreError> {
    learn(catalog, known, relations)?;
    let mut states = Vec::new();
    for relation in relations {
        if let Some(Some(columns)) = known.get(relation) {
            states.push(describe(catalog, relation, columns, engine, year)?);
        }
    }
    Ok(states)
}

/// Looks up the columns of relations that are not known, all at once.
fn learn(catalog: &Catalog, known: &mut Columns, relations: &[String]) -> Result<(), StoreError> {
    let new: Vec<&String> = relations.iter().filter(|r| !known.contains_key(*r)).collect();
    if new.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "select c.schema_name || '.' || table_name, column_name, data_type, view_name is not null
        from duckdb_columns() as c
        left join duckdb_views() as v on c.database_name = v.database_name and c.schema_name = v.schema_name and table_name = view_name
        where c.database_name = {} and c.schema_name || '.' || table_name in (select unnest(from_json(?, '[\"VARCHAR\"]')))
        order by 1, column_index",
        literal(catalog.name())
    );
    let table = catalog.db.query(&sql, &[list(&new)?]).map_err(failed("read the columns of tables"))?;
    for row in &table.rows {
        let text = |i: usize| row.text(i).unwrap_or_default();
        let columns = known.entry(text(0)).or_default();
        if row.boolean(3) == Some(false) {
            columns.get_or_insert_default().push(Column { name: text(1), data_type: text(2) });
        }
    }
    Ok(())
}

fn describe(
    catalog: &Catalog,
    relation: &str,
    columns: &[Column],
    engine: &str,
    year: i32,
) -> Result<RelationState, StoreError> {
    let (schema, name) = relation.split_once('.').unwrap_or(("main", relation));
    let mut summed: Vec<&Column> = columns.iter().filter(|c| c.adds_up()).collect();
    summed.sort_by(|a, b| a.name.cmp(&b.name));
    let hashed: Vec<String> = columns.iter().map(|c| quoted(&c.name)).collect();
    let sums: Vec<String> = summed.iter().map(|c| format!(", sum({})", quoted(&c.name))).collect();
    let year = columns.iter().any(|c| c.name == "simulation_year").then_some(year);
    let filter = year.map(|y| format!(" where simulation_year = {y}")).unwrap_or_default();
    let table = catalog.relation(schema, name);
    let (hash, sums) = (hashed.join(", "), sums.concat());
    // The hash of a row depends on the order of its columns, and a sum counts every row: equal rows do not cancel.
    // Nothing is cast in it: planning is most of its time.
    let sql = format!("select count(*), sum(hash({hash})){sums} from {table}{filter}");
    let action = || failed("compute what a table holds");
    let row = catalog.db.query_row(&sql, &[]).map_err(action())?.unwrap_or(Row(vec![]));
    let number = |i: usize| match row.value(i) {
        Value::Null => "0".to_owned(),
        number => number.to_string(),
    };
    let sum_of = |(i, column): (usize, &&Column)| format!("{}={}", column.name, number(i + 2));
    Ok(RelationState {
        relation: relation.to_owned(),
        year,
        rows: row.integer(0).and_then(|n| u64::try_from(n).ok()).unwrap_or_default(),
        hash: number(1),
        engine: engine.to_owned(),
        sums: summed.iter().enumerate().map(sum_of).collect(),
    })
}
