//! Builds the models of a stage side by side. Each worker has a connection on which it builds a model's rows into a database in
//! memory. The stage's connection, in whose transaction the rows belong, takes them over while others are still built.

mod names;
mod shared;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use planalign_config::{DatabaseError, Fault, sql};

use super::build::Item;
use super::catalog::{Catalog, Column};
use super::failures::Place;
use super::jinja::context::{Context, lock};
use super::jinja::functions::full_refresh;
use super::jinja::phase::Relations;
use super::jinja::relation::{Relation, RelationKind};
use super::materialize::Work;
use super::project::{Body, Node};
use super::run::{EmbeddedRunner, Session};
use crate::outcome::{NodeResult, Outcome};
use crate::runner::{Flow, Materialization, NodeEvent, RunnerError};
use crate::schedule::{self, Unfinished};
use names::{Read, StageTables};
use shared::{ForWorker, Served, Shown};
pub(in crate::embedded) use shared::{condition_of, database_of};

/// Everything that workers share.
struct Workers<'p> {
    runner: &'p EmbeddedRunner,
    nodes: &'p [&'p Node],
    plan: &'p [Served],
    /// What workers have built.
    shown: Vec<OnceLock<Shown>>,
    tables: StageTables<'p>,
    /// What the stage's connection sees.
    session: &'p Session,
    /// What workers see: the database before the stage, and what they built instead of the tables that it will be in.
    catalog: Arc<Mutex<Catalog>>,
    relations: Arc<Relations>,
    /// The connection of each worker, from its first task on.
    connected: Vec<OnceLock<Connected>>,
    /// Whether what each worker builds is no longer needed: an interrupt that arrives between two statements is lost.
    canceled: Vec<AtomicBool>,
}

/// A worker's connection.
struct Connected {
    session: Session,
    /// Interrupts what the worker runs. Taken in advance, because a connection is locked while it works.
    interrupt: Box<dyn Fn() + Send + Sync>,
}

/// What a worker built.
struct Built {
    /// Holds what the template changed in the model's configuration.
    context: Arc<Context>,
    /// The new rows.
    rows: Relation,
    began: Instant,
    database_time: Duration,
}

impl EmbeddedRunner {
    /// Builds nodes, each after its dependencies, on as many threads. Equals building one after the other.
    pub(crate) fn run_side_by_side(
        &self,
        nodes: &[&Node],
        session: &Session,
        workers: usize,
        observer: &mut dyn FnMut(NodeEvent<'_>) -> Flow,
    ) -> Result<Vec<NodeResult>, RunnerError> {
        let plan = self.served(nodes);
        let catalog = lock(&session.catalog).frozen(&self.database);
        let workers = Workers {
            runner: self,
            nodes,
            plan: &plan,
            shown: plan.iter().map(|_| OnceLock::new()).collect(),
            tables: shared::stage_tables(nodes, &plan),
            session,
            catalog: Arc::new(Mutex::new(catalog.map_err(|error| of_stage(&error))?)),
            relations: shared::relations(nodes, &plan, session),
            connected: (0..workers).map(|_| OnceLock::new()).collect(),
            canceled: (0..workers).map(|_| AtomicBool::new(false)).collect(),
        };
        let dependencies: Vec<Vec<usize>> = workers.plan.iter().map(|served| served.after.clone()).collect();
        let mut stage = Stage { workers: &workers, observer, began: BTreeMap::new(), results: BTreeMap::new() };
        let done = schedule::run(&dependencies, workers.connected.len(), &mut stage, &workers);
        match done {
            Ok(()) => Ok(stage.results.into_values().collect()),
            Err(Unfinished::Failed { error, .. }) => Err(error),
            Err(Unfinished::Stopped { before }) => {
                Err(RunnerError::Stopped { before: nodes[before].subject.name.clone() })
            }
        }
    }
}

impl schedule::Workers<Stage<'_, '_, '_>> for Workers<'_> {
    fn build(&self, task: usize, worker: usize) -> Result<Option<Built>, RunnerError> {
        self.canceled[worker].store(false, Ordering::SeqCst);
        self.rows(task, worker)
    }

    fn cancel(&self, worker: usize) {
        self.canceled[worker].store(true, Ordering::SeqCst);
        if let Some(Connected { interrupt, .. }) = self.connected[worker].get() {
            interrupt();
        }
    }
}

impl Workers<'_> {
    /// The session of a worker, whose thread calls this.
    fn connect(&self, worker: usize) -> Result<&Session, RunnerError> {
        if let Some(Connected { session, .. }) = self.connected[worker].get() {
            return Ok(session);
        }
        let database = self.session.database.helper().map_err(|error| of_stage(&error))?;
        let interrupt = Box::new(database.interrupter().map_err(|error| of_stage(&error))?);
        let session = Session {
            vars: self.session.vars.clone(),
            database,
            catalog: self.catalog.clone(),
            relations: self.relations.clone(),
            compiled: Mutex::default(),
            is_empty: false,
        };
        Ok(&self.connected[worker].get_or_init(|| Connected { session, interrupt }).session)
    }

    /// Builds a model's rows in a database of its own. Returns `None` if only the stage's connection can build it.
    fn rows(&self, task: usize, worker: usize) -> Result<Option<Built>, RunnerError> {
        let session = self.connect(worker)?;
        let (node, served) = (self.nodes[task], &self.plan[task]);
        let place = Place::of(&node.subject);
        let began = Instant::now();
        let rendered = self.runner.render_node(node, session)?;
        if let Some(guard) = &self.runner.guard {
            guard.require_model(&rendered.sql, place, &session.database)?;
        }
        let Ok(ForWorker { replaced, reads }) = self.runner.for_a_worker(node, &rendered, served, &self.tables)? else {
            return Ok(None);
        };
        let keeps_rows = node.materialization == Materialization::Incremental && !full_refresh(&rendered.context);
        let columns = if served.is_read && keeps_rows { columns(node, session)? } else { Vec::new() };
        let (rows, shown, selected) = if columns.is_empty() {
            (&served.shown, Shown::all(), String::new())
        } else {
            let selected = format!("select {} from ", shared::as_columns(&columns));
            (&served.rows, Shown::added(served, node.relation(), replaced), selected)
        };
        let start = Instant::now();
        let run = |statement: &str, query: &str, before| {
            if self.canceled[worker].load(Ordering::SeqCst) {
                let canceled = DatabaseError::new(Fault::Cancelled, "no longer needed");
                return Err(place.statement(&canceled, query, before));
            }
            session.database.execute_batch(statement).map_err(|e| place.statement(&e, query, before))
        };
        let query = self.query(served, &rendered.sql, reads.as_deref(), &|view| run(view, "", 0))?;
        let database = rows.database.as_deref().unwrap_or_default();
        run(&format!("attach ':memory:' as {}", sql::identifier(database)), "", 0)?;
        if rows.schema() != "main" {
            run(&format!("create schema {}", Relation { identifier: None, ..rows.clone() }), "", 0)?;
        }
        run(&format!("create table {rows} as {selected}(\n{query}\n)"), &query, 1)?;
        _ = self.shown[task].set(shown);
        lock(&self.session.compiled).insert(node.subject.unique_id.clone(), rendered.sql);
        let database_time = start.elapsed();
        Ok(Some(Built { context: rendered.context, rows: rows.clone(), began, database_time }))
    }

    /// What a worker runs to build the rows of a query, after creating the views that it reads.
    fn query(
        &self,
        served: &Served,
        sql: &str,
        reads: Option<&[Read]>,
        create: &dyn Fn(&str) -> Result<(), RunnerError>,
    ) -> Result<String, RunnerError> {
        let create_view = |table: usize| self.shown[table].get().map_or(Ok(()), |shown| shown.create_view(create));
        let Some(reads) = reads else {
            served.after.iter().try_for_each(|table| create_view(*table))?;
            return Ok(sql.to_owned());
        };
        let (mut query, mut copied) = (String::new(), 0);
        for Read { table, at } in reads {
            let name = self.nodes[*table].relation().identifier();
            match self.shown[*table].get().and_then(|shown| shown.new_rows(sql, at, name)) {
                Some(new_rows) => {
                    query.push_str(&sql[copied..at.start]);
                    query.push_str(&new_rows);
                    copied = at.end;
                }
                None => create_view(*table)?,
            }
        }
        Ok(query + &sql[copied..])
    }
}

fn of_stage(error: &DatabaseError) -> RunnerError {
    Place { kind: "stage", node: "stage", file: "" }.statement(error, "", 0)
}

/// The columns of a node's table, whose rows it keeps; none if there is no table.
fn columns(node: &Node, session: &Session) -> Result<Vec<Column>, RunnerError> {
    let (database, relation) = (&session.database, node.relation());
    let (mut catalog, place) = (lock(&session.catalog), Place::of(&node.subject));
    if catalog.kind(database, relation).map_err(|error| error.of(place))? != Some(RelationKind::Table) {
        return Ok(Vec::new());
    }
    let columns = catalog.columns(database, relation).map_err(|error| place.statement(&error, "", 0))?;
    Ok(columns.to_vec())
}

impl Drop for Workers<'_> {
    /// Drops what workers built.
    fn drop(&mut self) {
        let Some(Connected { session, .. }) = self.connected.iter().find_map(OnceLock::get) else { return };
        for served in self.plan {
            let database = sql::identifier(served.rows.database.as_deref().unwrap_or_default());
            if let Err(error) = session.database.execute_batch(&format!("detach database if exists {database}")) {
                log::warn!("cannot drop a worker's database: {error}");
            }
        }
    }
}

/// The stage's connection.
struct Stage<'w, 'p, 'o> {
    workers: &'w Workers<'p>,
    observer: &'o mut dyn FnMut(NodeEvent<'_>) -> Flow,
    began: BTreeMap<usize, Instant>,
    results: BTreeMap<usize, NodeResult>,
}

impl Stage<'_, '_, '_> {
    fn finish(&mut self, task: usize, result: NodeResult) {
        (self.observer)(NodeEvent::Finished(&Outcome::Built(result.clone())));
        self.results.insert(task, result);
    }

    fn elapsed(&self, task: usize) -> Duration {
        self.began.get(&task).map(Instant::elapsed).unwrap_or_default()
    }
}

impl schedule::Stage for Stage<'_, '_, '_> {
    type Built = Built;
    type Error = RunnerError;

    fn is_for_workers(&self, task: usize) -> bool {
        self.workers.plan[task].in_order.is_none()
    }

    /// A longer template takes longer.
    fn weight(&self, task: usize) -> usize {
        match &self.workers.nodes[task].body {
            Body::Sql { raw, .. } => raw.len(),
            Body::Csv { .. } => 0,
        }
    }

    fn start(&mut self, task: usize) -> Flow {
        let item = Item::Node(self.workers.nodes[task]);
        self.began.insert(task, Instant::now());
        (self.observer)(NodeEvent::Started { name: item.name(), resource_type: item.resource_type() })
    }

    fn build(&mut self, task: usize) -> Result<(), RunnerError> {
        let Workers { runner, nodes, session, .. } = self.workers;
        let result = runner.run_node(nodes[task], session)?;
        self.finish(task, result);
        Ok(())
    }

    fn publish(&mut self, task: usize, built: Built) -> Result<(), RunnerError> {
        let Workers { runner, nodes, session, .. } = self.workers;
        let node = nodes[task];
        let time = Mutex::new(built.database_time);
        let work = Work {
            database: &runner.database,
            catalog: &session.catalog,
            relation: node.relation(),
            place: Place::of(&node.subject),
            time: &time,
        };
        let rows = runner.write_model(&work, node, &format!("from {}", built.rows), &built.context)?;
        let database_time = *lock(&time);
        let result = NodeResult {
            name: node.subject.name.clone(),
            materialization: node.materialization,
            relation: Some(node.relation().name()),
            rows,
            elapsed: built.began.elapsed(),
            database_time,
        };
        self.finish(task, result);
        Ok(())
    }

    fn fail(&mut self, task: usize, error: &RunnerError) {
        let item = Item::Node(self.workers.nodes[task]);
        let failed = Outcome::failed(item.resource_type(), item.name(), error, self.elapsed(task));
        (self.observer)(NodeEvent::Finished(&failed));
    }
}
