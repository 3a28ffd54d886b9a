//! What the database holds, asked once per run and kept up to date by the statements of the runner.

use std::collections::HashMap;

use planalign_config::Database;
use planalign_config::database::DatabaseError;

use super::jinja::relation::{Relation, RelationKind};

/// A column of a relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) data_type: String,
}

type Key = (String, String);

/// Tables and views of the database by schema and name, in lower case.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    relations: Option<HashMap<Key, RelationKind>>,
    schemas: Vec<String>,
}

const RELATIONS: &str = "select schema_name, table_name, 'table' from duckdb_tables() where database_name = current_database() and not temporary
union all select schema_name, view_name, 'view' from duckdb_views() where database_name = current_database() and not internal
union all select schema_name, null, 'schema' from duckdb_schemas() where database_name = current_database()";

impl Catalog {
    /// Drops what is known, because statements that nobody followed may have changed it.
    pub(crate) fn forget(&mut self) {
        self.relations = None;
    }

    /// What a relation is, if it exists.
    pub(crate) fn kind(
        &mut self,
        database: &Database,
        relation: &Relation,
    ) -> Result<Option<RelationKind>, DatabaseError> {
        Ok(self.load(database)?.get(&key(relation)).copied())
    }

    /// Remembers what a statement made of a relation.
    pub(crate) fn set(&mut self, relation: &Relation, kind: Option<RelationKind>) {
        if let Some(relations) = &mut self.relations {
            match kind {
                Some(kind) => relations.insert(key(relation), kind),
                None => relations.remove(&key(relation)),
            };
        }
    }

    /// Whether a schema has to be created first; it counts as created from then on.
    pub(crate) fn lacks_schema(&mut self, database: &Database, schema: &str) -> Result<bool, DatabaseError> {
        self.load(database)?;
        let schema = schema.to_lowercase();
        if self.schemas.contains(&schema) {
            return Ok(false);
        }
        self.schemas.push(schema);
        Ok(true)
    }

    fn load(&mut self, database: &Database) -> Result<&mut HashMap<Key, RelationKind>, DatabaseError> {
        if self.relations.is_none() {
            let mut relations = HashMap::new();
            self.schemas.clear();
            for row in database.query(RELATIONS, &[])?.rows {
                let schema = row.text(0).unwrap_or_default().to_lowercase();
                let name = row.text(1).unwrap_or_default().to_lowercase();
                match row.text(2).as_deref() {
                    Some("table") => _ = relations.insert((schema, name), RelationKind::Table),
                    Some("view") => _ = relations.insert((schema, name), RelationKind::View),
                    _ => self.schemas.push(schema),
                }
            }
            self.relations = Some(relations);
        }
        Ok(self.relations.get_or_insert_default())
    }
}

fn key(relation: &Relation) -> Key {
    (relation.schema().to_lowercase(), relation.identifier().to_lowercase())
}

/// The columns of a relation in order.
pub(crate) fn columns_of(database: &Database, relation: &Relation) -> Result<Vec<Column>, DatabaseError> {
    let table = database.query(&format!("describe {relation}"), &[])?;
    let column = |row: &planalign_config::database::Row| Column {
        name: row.text(0).unwrap_or_default(),
        data_type: row.text(1).unwrap_or_default(),
    };
    Ok(table.rows.iter().map(column).collect())
}
