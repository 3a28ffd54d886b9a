//! The two rendering phases: parsing records what a template requests; running queries the database.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use minijinja::value::Value;
use planalign_config::Database;
use planalign_config::query_check::QueryRefusal;
use planalign_config::{DatabaseError, Rows};
use serde_json::{Map, Value as Json};

use super::context::lock;
use super::relation::Relation;
use crate::embedded::catalog::Catalog;
use crate::embedded::config::NodeConfig;
use crate::embedded::untrusted::Guard;

/// The phase of a rendering.
#[derive(Debug)]
pub(crate) enum Phase {
    /// Finds references; `execute` is false.
    Parse(ParsePhase),
    /// Runs the result; `execute` is true.
    Run(RunPhase),
}

/// Records requests without side effects.
#[derive(Debug, Default)]
pub(crate) struct ParsePhase {
    pub(crate) record: Mutex<Record>,
    /// Whether names that aren't defined fail the node when it runs, as in dbt, and not the load.
    pub(crate) defers_errors: bool,
    /// Whether variables of the project aren't known, only those of the call.
    pub(crate) lacks_defaults: bool,
}

/// Requests of a template.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Record {
    pub(crate) refs: BTreeSet<String>,
    pub(crate) sources: BTreeSet<(String, String)>,
    pub(crate) config_calls: Vec<Map<String, Json>>,
    /// Variables read.
    pub(crate) vars: BTreeSet<String>,
}

/// The results of parsing a node, with its configuration before `config()` calls.
#[derive(Debug, Default)]
pub(crate) struct Declared {
    pub(crate) record: Record,
    pub(crate) base_config: NodeConfig,
    /// The node's own templates: its text and hooks.
    pub(crate) templates: Vec<String>,
    /// Additional requests found by parsing with the variables of later runs.
    pub(crate) later: Mutex<Record>,
}

/// The project's relations.
#[derive(Clone, Debug, Default)]
pub(crate) struct Relations {
    /// By model or seed name.
    pub(crate) nodes: HashMap<String, Relation>,
    /// By source and table name; `None`: dbt-duckdb reads it from elsewhere.
    pub(crate) sources: HashMap<(String, String), Option<Relation>>,
    /// The position of each node in the project's order.
    pub(crate) positions: HashMap<String, usize>,
}

/// Acts on the database.
#[derive(Debug)]
pub(crate) struct RunPhase {
    pub(crate) database: Database,
    pub(crate) relations: Arc<Relations>,
    pub(crate) catalog: Arc<Mutex<Catalog>>,
    pub(crate) declared: Arc<Declared>,
    pub(crate) full_refresh: bool,
    /// Whether the node adds rows to its table, determined before it is built.
    pub(crate) is_incremental: OnceLock<bool>,
    /// `config()` calls in this rendering.
    pub(crate) config_calls: Mutex<Vec<Map<String, Json>>>,
    /// The configuration, if those calls differ from parsing.
    pub(crate) changed_config: Mutex<Option<NodeConfig>>,
    /// Results of `statement` blocks by name.
    pub(crate) results: Mutex<HashMap<String, Value>>,
    pub(crate) database_time: Mutex<Duration>,
    /// Checks the queries of a project that isn't trusted.
    pub(crate) guard: Option<Arc<Guard>>,
}

impl RunPhase {
    /// Why a query of a node's template is refused.
    pub(crate) fn refusal(&self, sql: &str, node: &str) -> Result<Option<QueryRefusal>, DatabaseError> {
        self.guard.as_ref().map_or(Ok(None), |guard| guard.refusal_in_run(sql, node, &self.database))
    }

    /// Runs a query of a template.
    pub(crate) fn query(&self, sql: &str) -> Result<Rows, DatabaseError> {
        let start = Instant::now();
        let table = self.database.query(sql, &[]);
        *lock(&self.database_time) += start.elapsed();
        table
    }

    /// Records a `config()` call, which may differ from parsing if it depends on variables.
    pub(crate) fn record_config(&self, call: Map<String, Json>) {
        let mut calls = lock(&self.config_calls);
        let expected = self.declared.record.config_calls.get(calls.len());
        let differs = expected != Some(&call);
        calls.push(call);
        let mut changed = lock(&self.changed_config);
        if differs || changed.is_some() {
            let mut config = self.declared.base_config.clone();
            calls.iter().for_each(|call| config.merge(call));
            *changed = Some(config);
        }
    }
}
