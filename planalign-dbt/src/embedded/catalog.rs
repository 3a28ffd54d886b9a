//! What the database holds, asked once per run and kept up to date by the statements of the runner.

use std::collections::HashMap;
use std::sync::Arc;

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

/// A table's number, which changes when it is created anew, and its definition, which changes when it is altered.
type Version = Arc<str>;

#[derive(Debug)]
struct Entry {
    kind: RelationKind,
    /// Unknown for what was made since the catalog was asked.
    version: Option<Version>,
}

/// Tables and views of the database by schema and name, in lower case.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    relations: Option<HashMap<Key, Entry>>,
    schemas: Vec<String>,
    columns: HashMap<Key, (Version, Arc<Vec<Column>>)>,
}

const RELATIONS: &str = "select schema_name, table_name, 'table', table_oid || ' ' || sql from duckdb_tables() where database_name = current_database() and not temporary
union all select schema_name, view_name, 'view', null from duckdb_views() where database_name = current_database() and not internal
union all select schema_name, null, 'schema', null from duckdb_schemas() where database_name = current_database()";

impl Catalog {
    /// Drops what is known, because statements that nobody followed may have changed it.
    pub(crate) fn forget(&mut self) {
        self.relations = None;
        self.columns.clear();
    }

    /// Starts a run: others may have written since the last one, but columns of tables that are still the same stay known.
    pub(crate) fn start(&mut self) {
        self.relations = None;
    }

    /// The columns of a table in order.
    pub(crate) fn columns(
        &mut self,
        database: &Database,
        relation: &Relation,
    ) -> Result<Arc<Vec<Column>>, DatabaseError> {
        let key = key(relation);
        let version = self.load(database)?.get(&key).and_then(|entry| entry.version.clone());
        if let (Some(version), Some((known, columns))) = (&version, self.columns.get(&key))
            && version == known
        {
            return Ok(columns.clone());
        }
        let columns = Arc::new(columns_of(database, relation)?);
        if let Some(version) = version {
            self.columns.insert(key, (version, columns.clone()));
        }
        Ok(columns)
    }

    /// What a relation is, if it exists.
    pub(crate) fn kind(
        &mut self,
        database: &Database,
        relation: &Relation,
    ) -> Result<Option<RelationKind>, DatabaseError> {
        Ok(self.load(database)?.get(&key(relation)).map(|entry| entry.kind))
    }

    /// Remembers what a statement made of a relation.
    pub(crate) fn set(&mut self, relation: &Relation, kind: Option<RelationKind>) {
        if let Some(relations) = &mut self.relations {
            match kind {
                Some(kind) => relations.insert(key(relation), Entry { kind, version: None }),
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

    fn load(&mut self, database: &Database) -> Result<&mut HashMap<Key, Entry>, DatabaseError> {
        if self.relations.is_none() {
            let mut relations = HashMap::new();
            self.schemas.clear();
            for row in database.query(RELATIONS, &[])?.rows {
                let schema = row.text(0).unwrap_or_default().to_lowercase();
                let name = row.text(1).unwrap_or_default().to_lowercase();
                let version = row.text(3).map(Version::from);
                let kind = match row.text(2).as_deref() {
                    Some("table") => RelationKind::Table,
                    Some("view") => RelationKind::View,
                    _ => {
                        self.schemas.push(schema);
                        continue;
                    }
                };
                relations.insert((schema, name), Entry { kind, version });
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
