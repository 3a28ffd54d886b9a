//! The two phases of a rendering: parsing records what a template asks for, running answers from the database.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use minijinja::value::Value;
use planalign_config::Database;
use planalign_config::{DatabaseError, Rows};
use serde_json::{Map, Value as Json};

use super::context::lock;
use super::relation::Relation;
use crate::embedded::catalog::Catalog;
use crate::embedded::config::NodeConfig;

/// Why a template is rendered.
#[derive(Debug)]
pub(crate) enum Phase {
    /// To learn what it refers to; `execute` is false.
    Parse(ParsePhase),
    /// To run the result; `execute` is true.
    Run(RunPhase),
}

/// Records, and touches nothing.
#[derive(Debug, Default)]
pub(crate) struct ParsePhase {
    pub(crate) record: Mutex<Record>,
}

/// What a template asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Record {
    pub(crate) refs: BTreeSet<String>,
    pub(crate) sources: BTreeSet<(String, String)>,
    pub(crate) config_calls: Vec<Map<String, Json>>,
    /// Variables that were read.
    pub(crate) vars: BTreeSet<String>,
}

/// What parsing found out about the node, with its configuration without the calls of `config()`.
#[derive(Debug, Default)]
pub(crate) struct Declared {
    pub(crate) record: Record,
    pub(crate) base_config: NodeConfig,
    /// The node's own templates: its text and its hooks.
    pub(crate) templates: Vec<String>,
    /// What parsing with the variables of later runs found beyond the record.
    pub(crate) later: Mutex<Record>,
}

/// The relations of the project.
#[derive(Debug, Default)]
pub(crate) struct Relations {
    /// By name of the model or seed.
    pub(crate) nodes: HashMap<String, Relation>,
    /// By name of the source and of its table.
    pub(crate) sources: HashMap<(String, String), Relation>,
    /// The place of each node in the order of the project.
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
    /// Calls of `config()` in this rendering.
    pub(crate) config_calls: Mutex<Vec<Map<String, Json>>>,
    /// The configuration, if those calls differ from the ones of parsing.
    pub(crate) changed_config: Mutex<Option<NodeConfig>>,
    /// Results of `statement` blocks by name.
    pub(crate) results: Mutex<HashMap<String, Value>>,
    pub(crate) database_time: Mutex<Duration>,
}

impl RunPhase {
    /// Runs a query of a template.
    pub(crate) fn query(&self, sql: &str) -> Result<Rows, DatabaseError> {
        let start = Instant::now();
        let table = self.database.query(sql, &[]);
        *lock(&self.database_time) += start.elapsed();
        table
    }

    /// Remembers a call of `config()`, which may differ from that of parsing where it depends on variables.
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
