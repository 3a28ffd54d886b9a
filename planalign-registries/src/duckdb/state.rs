//! The content of relations for a year, as counts, hashes, and sums that any lost, duplicated, or changed row affects.

use std::collections::{BTreeMap, HashMap};

use planalign_config::DatabaseError;

use planalign_config::sql::{identifier, literal};

use super::catalog::{Catalog, failed, list};
use crate::checkpoint::RelationState;
use crate::run_store::StoreError;

/// The columns of known relations, by `schema.name`; `None` for views.
pub(crate) type Columns = HashMap<String, Option<Vec<Column>>>;

/// A column of a table.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    name: String,
    data_type: String,
}

impl Column {
    /// Whether the engine sums its values exactly.
    fn adds_up(&self) -> bool {
        const INTEGERS: [&str; 9] =
            ["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"];
        INTEGERS.contains(&self.data_type.as_str()) || self.data_type.starts_with("DECIMAL")
    }
}

/// Reads the state of the tables among `relations`; views and missing relations are omitted.
pub(crate) fn read(
    catalog: &Catalog,
    known: &mut Columns,
    engine: &str,
    relations: &[String],
    year: i32,
) -> Result<Vec<RelationState>, StoreError> {
    learn(catalog, known, relations)?;
    let tables: Vec<Described<'_>> = relations
        .iter()
        .filter_map(|relation| Some(Described::new(relation, known.get(relation)?.as_ref()?, year)))
        .collect();
    if tables.is_empty() {
        return Ok(Vec::new());
    }
    // One statement for all: planning costs as much as reading.
    let queries: Vec<String> = tables.iter().enumerate().map(|(place, table)| table.query(catalog, place)).collect();
    let read = || {
        let answers = catalog.db.query(&queries.join("\nunion all\n"), &[])?.rows;
        let numbers = answers.iter().map(|row| Ok((row.integer("place")?, row.text("numbers")?.unwrap_or_default())));
        numbers.collect::<Result<BTreeMap<_, _>, DatabaseError>>()
    };
    let numbers = read().map_err(failed("compute the state of a table"))?;
    Ok(tables.into_iter().zip(numbers.values()).map(|(table, numbers)| table.state(numbers, engine)).collect())
}

/// Looks up the columns of unknown relations, all at once.
fn learn(catalog: &Catalog, known: &mut Columns, relations: &[String]) -> Result<(), StoreError> {
    let new: Vec<&String> = relations.iter().filter(|r| !known.contains_key(*r)).collect();
    if new.is_empty() {
        return Ok(());
    }
    let new = list(&new)?;
    let sql = format!(
        "select c.schema_name || '.' || table_name as relation, column_name, data_type, view_name is not null as is_view
        from duckdb_columns() as c
        left join duckdb_views() as v on c.database_name = v.database_name and c.schema_name = v.schema_name and table_name = view_name
        where c.database_name = {} and c.schema_name || '.' || table_name in (select unnest(from_json(?, '[\"VARCHAR\"]')))
        order by 1, column_index",
        literal(catalog.name())
    );
    let read = || -> Result<(), DatabaseError> {
        for row in &catalog.db.query(&sql, &[new])?.rows {
            let text = |column| Ok::<_, DatabaseError>(row.text(column)?.unwrap_or_default());
            let columns = known.entry(text("relation")?).or_default();
            if row.boolean("is_view")? == Some(false) {
                let column = Column { name: text("column_name")?, data_type: text("data_type")? };
                columns.get_or_insert_default().push(column);
            }
        }
        Ok(())
    };
    read().map_err(failed("read the columns of tables"))
}

fn full_name(catalog: &Catalog, relation: &str) -> String {
    let (schema, name) = relation.split_once('.').unwrap_or(("main", relation));
    catalog.relation(schema, name)
}

/// A table to read.
struct Described<'a> {
    relation: &'a str,
    columns: &'a [Column],
    /// Columns to sum, sorted by name.
    summed: Vec<&'a Column>,
    /// The year of the rows to read; `None` for a table without years.
    year: Option<i32>,
}

impl<'a> Described<'a> {
    fn new(relation: &'a str, columns: &'a [Column], year: i32) -> Self {
        let mut summed: Vec<&Column> = columns.iter().filter(|c| c.adds_up()).collect();
        summed.sort_by(|a, b| a.name.cmp(&b.name));
        let year = columns.iter().any(|c| c.name == "simulation_year").then_some(year);
        Self { relation, columns, summed, year }
    }

    /// Queries its index and its count, hash, and sums as one text, so that all tables have the same columns.
    fn query(&self, catalog: &Catalog, place: usize) -> String {
        let hashed: Vec<String> = self.columns.iter().map(|c| identifier(&c.name)).collect();
        let sums: Vec<String> = self.summed.iter().map(|c| format!(", sum({})", identifier(&c.name))).collect();
        let filter = self.year.map(|y| format!(" where simulation_year = {y}")).unwrap_or_default();
        let (hash, sums, table) = (hashed.join(", "), sums.concat(), full_name(catalog, self.relation));
        // A row's hash depends on its column order; hashes are summed so that equal rows don't cancel out.
        format!(
            "select {place} as place, row(count(*), sum(hash({hash})){sums})::varchar as numbers from {table}{filter}"
        )
    }

    /// Parses the result.
    fn state(&self, numbers: &str, engine: &str) -> RelationState {
        let numbers: Vec<&str> = numbers.trim_matches(['(', ')']).split(", ").collect();
        // Without rows, sums are null.
        let number = |i: usize| numbers.get(i).filter(|number| **number != "NULL").map_or("0", |number| number);
        let sum_of = |(i, column): (usize, &&Column)| format!("{}={}", column.name, number(i + 2));
        RelationState {
            relation: self.relation.to_owned(),
            year: self.year,
            rows: number(0).parse().unwrap_or_default(),
            hash: number(1).to_owned(),
            engine: engine.to_owned(),
            sums: self.summed.iter().enumerate().map(sum_of).collect(),
        }
    }
}
