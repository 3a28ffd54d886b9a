//! Builds projects of others: their SQL may only read tables of the run, and their files must be their own.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use planalign_config::query_check::{Allowed, QueryCheck, QueryRefusal, Relations};
use planalign_config::{Database, DatabaseError};
use serde_json::Value as Json;

use super::config::{NodeConfig, plain_text};
use super::failures::Place;
use super::files;
use super::jinja::relation::Relation;
use super::project::Body;
use super::run::{EmbeddedRunner, Session};
use super::supported;
use super::workers::condition_of;
use crate::runner::{RunnerError, Vars};

/// The only model that reads a file, which is the census, and the functions with which it does.
const CENSUS_MODEL: &str = "stg_census_rows";
const CENSUS_READERS: [&str; 2] = ["read_csv", "read_parquet"];

/// The schema of the run's record.
const RECORD: &str = "planalign";

/// Checks the SQL of a project before the engine runs it.
#[derive(Debug)]
pub(crate) struct Guard {
    check: QueryCheck,
    /// The database of the run, then those in which workers build.
    databases: Vec<String>,
}

impl Guard {
    /// Why a query of a node is refused. The tables of the run exist once it has started.
    fn refusal(
        &self,
        sql: &str,
        node: &str,
        database: &Database,
        relations: Option<&Relations>,
    ) -> Result<Option<QueryRefusal>, DatabaseError> {
        let table_functions: &[&str] = if node == CENSUS_MODEL { &CENSUS_READERS } else { &[] };
        let allowed = Allowed { relations, databases: &self.databases, table_functions };
        self.check.refusal(sql, allowed, database)
    }

    /// Why a query of a node's template is refused during a run.
    pub(crate) fn refusal_in_run(
        &self,
        sql: &str,
        node: &str,
        database: &Database,
    ) -> Result<Option<QueryRefusal>, DatabaseError> {
        self.refusal(sql, node, database, Some(&Relations::read(database)?))
    }

    /// Fails if the SQL of a node does more than read tables of the run.
    pub(crate) fn require_model(&self, sql: &str, place: Place<'_>, database: &Database) -> Result<(), RunnerError> {
        let refusal = self.refusal_in_run(sql, place.node, database);
        accepted(refusal.map_err(|error| place.statement(&error, "", 0))?, place)
    }

    /// The same before a run, when its tables needn't exist.
    fn require_before_run(&self, sql: &str, place: Place<'_>, database: &Database) -> Result<(), RunnerError> {
        let refusal = self.refusal(sql, place.node, database, None);
        accepted(refusal.map_err(|error| place.statement(&error, "", 0))?, place)
    }

    /// Fails if a rendered hook does more than delete rows of the node's own table.
    pub(crate) fn require_hook(
        &self,
        hook: &str,
        relation: &Relation,
        place: Place<'_>,
        database: &Database,
    ) -> Result<(), RunnerError> {
        let hook = hook.trim().trim_end_matches(';').trim();
        let is_comment = hook.starts_with("--") && !hook.contains('\n');
        match condition_of(hook, relation) {
            Some(condition) => self.require_before_run(&format!("from {relation} where {condition}"), place, database),
            None if hook.is_empty() || is_comment => Ok(()),
            None => Err(place.refused("has a hook that does more than delete rows of its own table; leave it out")),
        }
    }

    /// Fails if a text of a configuration that becomes part of a statement is more than that part.
    pub(crate) fn require_config(
        &self,
        config: &NodeConfig,
        place: Place<'_>,
        database: &Database,
    ) -> Result<(), RunnerError> {
        let keys: Vec<String> = match config.get("unique_key") {
            None => Vec::new(),
            Some(Json::Array(keys)) => keys.iter().map(plain_text).collect(),
            Some(key) => vec![plain_text(key)],
        };
        let types = config.get("column_types").and_then(Json::as_object);
        let types = types.into_iter().flat_map(|types| types.values()).map(plain_text);
        let keys = keys.into_iter().filter(|key| !key.is_empty()).map(|key| (format!("select ({key})"), NO_KEY));
        for (query, problem) in keys.chain(types.map(|of| (format!("select cast(null as {of})"), NO_TYPES))) {
            match self.require_before_run(&query, place, database) {
                Err(RunnerError::Refused { .. }) => return Err(place.refused(problem)),
                checked => checked?,
            }
        }
        Ok(())
    }
}

const NO_KEY: &str = "has a `unique_key` that is not an expression over its columns; name the columns";
const NO_TYPES: &str = "has `column_types` that are not types of columns; write types, such as decimal(12, 2)";

fn accepted(refusal: Option<QueryRefusal>, place: Place<'_>) -> Result<(), RunnerError> {
    refusal.map_or(Ok(()), |refusal| Err(place.refused(refusal.to_string())))
}

impl EmbeddedRunner {
    /// Treats the project as written by someone else: its models, hooks, and queries may only read tables of the run, and
    /// `stg_census_rows` the census. Fails if one does more with these variables, or if a file of the project is elsewhere.
    pub fn distrust(&mut self, project_dir: &Path, vars: &Vars) -> Result<(), RunnerError> {
        if let Some(path) = files::outside(project_dir)? {
            return Err(RunnerError::Project {
                file: path,
                line: None,
                message: "is outside of the project, which isn't trusted; move it into the project".to_owned(),
            });
        }
        let place = Place { kind: "project", node: "project", file: "dbt_project.yml" };
        let check = QueryCheck::new(&self.database).map_err(|error| place.statement(&error, "", 0))?;
        let workers = (0..self.project.nodes.len()).map(super::workers::database_of);
        let databases = [self.project.world.target.database.clone()].into_iter().chain(workers).collect();
        self.guard = Some(Guard { check, databases }.into());
        self.require_harmless_models(vars)
    }

    /// The directories with the project's seeds.
    #[must_use]
    pub fn seed_directories(&self) -> Vec<PathBuf> {
        let paths = self.project.nodes.values().filter_map(|node| match &node.body {
            Body::Csv { path, .. } => path.parent(),
            Body::Sql { .. } => None,
        });
        let absolute = paths.filter_map(|path| std::path::absolute(path).ok());
        absolute.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Finds refused SQL before a run. Models that can't be rendered before others are built are checked when they are built.
    fn require_harmless_models(&self, vars: &Vars) -> Result<(), RunnerError> {
        let (Some(guard), session) = (&self.guard, self.session(vars)?) else { return Ok(()) };
        for node in self.project.nodes.values() {
            let place = Place::of(&node.subject);
            if node.relation().schema().eq_ignore_ascii_case(RECORD) {
                return Err(
                    place.refused("writes to schema `planalign`, which has the record of the run; choose another")
                );
            }
            guard.require_config(&node.subject.config, place, &self.database)?;
            match self.render_node(node, &session) {
                Ok(rendered) if !rendered.sql.trim().is_empty() => {
                    guard.require_before_run(&rendered.sql, place, &self.database)?;
                }
                Err(refused @ RunnerError::Refused { .. }) => return Err(refused),
                Ok(_) | Err(_) => {}
            }
            self.require_harmless_hooks(guard, node, &session)?;
        }
        Ok(())
    }

    fn require_harmless_hooks(
        &self,
        guard: &Guard,
        node: &super::project::Node,
        session: &Session,
    ) -> Result<(), RunnerError> {
        let (config, place) = (&node.subject.config, Place::of(&node.subject));
        let context = self.context(&node.subject, &node.declared, session);
        for key in ["pre_hook", "post_hook"] {
            for hook in config.get(key).and_then(Json::as_array).into_iter().flatten() {
                if let Ok(rendered) = self.render_hook(supported::hook_sql(hook, place)?, &context, place) {
                    guard.require_hook(&rendered, node.relation(), place, &self.database)?;
                }
            }
        }
        Ok(())
    }
}
