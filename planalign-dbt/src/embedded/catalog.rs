//! A cache of the database catalog, kept up to date by the runner's statements.

use std::collections::HashMap;
use std::sync::Arc;

use planalign_config::Database;
use planalign_config::DatabaseError;

use super::failures::Place;
use super::jinja::relation::{Relation, RelationKind};
use crate::runner::RunnerError;

/// Why it can't be said whether a relation exists.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LookupError {
    /// The catalog can't be read.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The database takes another name for the same, which dbt takes for a mistake.
    #[error("`{relation}` is named `{name}` in the database, which differs only in case; rename one of them")]
    OtherCase { relation: String, name: String },
}

impl LookupError {
    /// The error of a node.
    pub(crate) fn of(&self, place: Place<'_>) -> RunnerError {
        match self {
            Self::Database(error) => place.statement(error, "", 0),
            Self::OtherCase { .. } => place.compilation(self.to_string()),
        }
    }
}

/// A column of a relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) data_type: String,
}

type Key = (String, String);

/// Tables and views by schema and name, in lowercase, for one layout of the database.
#[derive(Clone, Debug, Default)]
pub(crate) struct Catalog {
    layout: Option<u64>,
    /// With the name in the database.
    relations: HashMap<Key, (RelationKind, String)>,
    schemas: Vec<String>,
    columns: HashMap<Key, Arc<Vec<Column>>>,
    /// The queries of views that we created, as long as what they read wasn't created again.
    views: HashMap<Key, String>,
    /// Whether changes are ignored.
    is_frozen: bool,
}

const RELATIONS: &str = "select schema_name, table_name as name, 'table' as kind from duckdb_tables() where database_name = current_database() and not temporary
union all select schema_name, view_name, 'view' from duckdb_views() where database_name = current_database() and not internal
union all select schema_name, null, 'schema' from duckdb_schemas() where database_name = current_database()";

impl Catalog {
    /// Returns the columns of a table, in order.
    pub(crate) fn columns(
        &mut self,
        database: &Database,
        relation: &Relation,
    ) -> Result<Arc<Vec<Column>>, DatabaseError> {
        self.load(database)?;
        let key = key(relation);
        if let Some(columns) = self.columns.get(&key) {
            return Ok(columns.clone());
        }
        let columns = Arc::new(columns_of(database, relation)?);
        self.columns.insert(key, columns.clone());
        Ok(columns)
    }

    /// Returns the kind of a relation, if it exists.
    pub(crate) fn kind(
        &mut self,
        database: &Database,
        relation: &Relation,
    ) -> Result<Option<RelationKind>, LookupError> {
        self.load(database)?;
        match self.relations.get(&key(relation)) {
            Some((_, name)) if name != relation.identifier() => {
                Err(LookupError::OtherCase { relation: relation.to_string(), name: name.clone() })
            }
            found => Ok(found.map(|(kind, _)| *kind)),
        }
    }

    /// Records that a statement of ours created or dropped a relation. Other changes are queried again.
    pub(crate) fn set(&mut self, database: &Database, relation: &Relation, kind: Option<RelationKind>) {
        let layout = database.layout();
        if self.layout.is_none_or(|known| known + 1 != layout) {
            return;
        }
        self.layout = Some(layout);
        let key = key(relation);
        self.columns.remove(&key);
        // Views that may read it keep the columns that it had.
        self.views.retain(|view, sql| *view != key && !sql.to_lowercase().contains(&key.1));
        match kind {
            Some(kind) => self.relations.insert(key, (kind, relation.identifier().to_owned())),
            None => self.relations.remove(&key),
        };
    }

    /// Records that a statement of ours created a schema.
    pub(crate) fn set_schema(&mut self, database: &Database, schema: &str) {
        self.set_unchanged(database);
        if self.layout == Some(database.layout()) {
            self.schemas.push(schema.to_lowercase());
        }
    }

    /// Records that a statement of ours changed nothing that this knows, although the database can't tell.
    pub(crate) fn set_unchanged(&mut self, database: &Database) {
        let layout = database.layout();
        if self.layout.is_some_and(|known| known + 1 == layout) {
            self.layout = Some(layout);
        }
    }

    /// Records the query of a view that was just created.
    pub(crate) fn set_view(&mut self, database: &Database, relation: &Relation, sql: &str) {
        self.set(database, relation, Some(RelationKind::View));
        if self.layout == Some(database.layout()) {
            self.views.insert(key(relation), sql.to_owned());
        }
    }

    /// Has views created again, as files and functions that they read may have changed.
    pub(crate) fn forget_views(&mut self) {
        self.views.clear();
    }

    /// Whether creating the view with this query again would change nothing.
    pub(crate) fn has_view(
        &mut self,
        database: &Database,
        relation: &Relation,
        sql: &str,
    ) -> Result<bool, DatabaseError> {
        self.load(database)?;
        Ok(self.views.get(&key(relation)).is_some_and(|known| known == sql))
    }

    /// Whether a schema must be created first.
    pub(crate) fn lacks_schema(&mut self, database: &Database, schema: &str) -> Result<bool, DatabaseError> {
        self.load(database)?;
        Ok(!self.schemas.contains(&schema.to_lowercase()))
    }

    /// What is known now, whatever changes later.
    pub(crate) fn frozen(&mut self, database: &Database) -> Result<Self, DatabaseError> {
        self.load(database)?;
        Ok(Self { is_frozen: true, ..self.clone() })
    }

    fn load(&mut self, database: &Database) -> Result<(), DatabaseError> {
        let layout = database.layout();
        if self.is_frozen || self.layout == Some(layout) {
            return Ok(());
        }
        let mut found = Self { layout: Some(layout), ..Self::default() };
        for row in database.query(RELATIONS, &[])?.rows {
            let lower = |column| Ok::<_, DatabaseError>(row.text(column)?.unwrap_or_default().to_lowercase());
            let key = (lower("schema_name")?, lower("name")?);
            let name = row.text("name")?.unwrap_or_default();
            match row.text("kind")?.as_deref() {
                Some("table") => _ = found.relations.insert(key, (RelationKind::Table, name)),
                Some("view") => _ = found.relations.insert(key, (RelationKind::View, name)),
                _ => found.schemas.push(key.0),
            }
        }
        *self = found;
        Ok(())
    }
}

fn key(relation: &Relation) -> Key {
    (relation.schema().to_lowercase(), relation.identifier().to_lowercase())
}

/// The columns of a relation, in order.
pub(crate) fn columns_of(database: &Database, relation: &Relation) -> Result<Vec<Column>, DatabaseError> {
    let table = database.query(&format!("describe {relation}"), &[])?;
    let (names, types) = (table.texts("column_name")?, table.texts("column_type")?);
    Ok(names.into_iter().zip(types).map(|(name, data_type)| Column { name, data_type }).collect())
}
