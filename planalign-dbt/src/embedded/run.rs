//! Loads a project once and builds its nodes any number of times with different variables.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use minijinja::value::Value;
use planalign_config::Database;
use serde_json::Value as Json;

use super::build::{AfterFailure, Item};
use super::catalog::Catalog;
use super::config::NodeConfig;
use super::cte::inject;
use super::failures::Place;
use super::jinja::context::{Context, Subject, Target, VarValues, lock};
use super::jinja::environment;
use super::jinja::functions::{full_refresh, is_incremental};
use super::jinja::phase::{Declared, Phase, Record, Relations, RunPhase};
use super::jinja::relation::{Relation, cte_name};
use super::loader::{Loader, parse_phase, record_of, var_values};
use super::materialize::Work;
use super::nodes::{build, hook_template};
use super::project::{Body, Node, Project};
use super::project_file::PROJECT_FILE;
use super::untrusted::Guard;
use super::yaml_jinja::evaluate_text;
use super::{seed, supported, unique_id};
use crate::outcome::{NodeResult, Outcome, TestResult};
use crate::runner::{DataTest, Flow, Materialization, ModelGraph, ModelRunner, NodeEvent, RunnerError, Vars};
use crate::selection::select;

/// Options for loading a project.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    /// Value of `target.profile_name`; `None`: the project's name.
    pub profile: Option<String>,
    /// Value of `target.name`.
    pub target: String,
    /// Value of `target.threads`.
    pub threads: usize,
    /// Default schema of models.
    pub schema: String,
    /// Variables available to `env_var`; the process environment is never read.
    pub environment: BTreeMap<String, String>,
    /// Whether incremental models are fully rebuilt.
    pub full_refresh: bool,
    /// Whether a node that calls unknown macros, tests, or variables fails in a build, like in dbt, and doesn't prevent the load.
    pub defers_errors: bool,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            profile: None,
            target: "dev".to_owned(),
            threads: 1,
            schema: "main".to_owned(),
            environment: BTreeMap::new(),
            full_refresh: false,
            defers_errors: false,
        }
    }
}

/// Runs a project on its caller's connection, in the caller's transaction if one is open, and else each node in its own.
#[derive(Debug)]
pub struct EmbeddedRunner {
    pub(crate) project: Project,
    pub(crate) database: Database,
    options: LoadOptions,
    catalog: Arc<Mutex<Catalog>>,
    /// Variables that the project's structure depends on, with their values at load.
    fixed: BTreeMap<String, Option<Json>>,
    /// SQL of the last build, by ID.
    compiled: BTreeMap<String, String>,
    /// Checks the SQL of a project that isn't trusted.
    pub(crate) guard: Option<Arc<Guard>>,
}

/// State of one call of `run` or `build`.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) vars: Arc<VarValues>,
    /// Where templates query.
    pub(crate) database: Database,
    pub(crate) catalog: Arc<Mutex<Catalog>>,
    /// What `ref` and `source` return.
    pub(crate) relations: Arc<Relations>,
    /// SQL of nodes and tests, by ID.
    pub(crate) compiled: Mutex<BTreeMap<String, String>>,
    /// Whether models and tests select no rows.
    pub(crate) is_empty: bool,
}

impl Session {
    /// The query to run for the SQL of a model or test. The engine binds all of one that selects no rows, and computes nothing.
    pub(crate) fn query(&self, sql: &str) -> String {
        if self.is_empty { format!("select * from ({sql}\n) limit 0") } else { sql.to_owned() }
    }
}

/// A template rendered for running.
#[derive(Debug)]
pub(crate) struct Rendered {
    pub(crate) sql: String,
    pub(crate) context: Arc<Context>,
}

impl EmbeddedRunner {
    /// Loads the project in a directory, with the options of a plain `dbt run`.
    pub fn load(project_dir: &Path, database: Database, vars: &Vars) -> Result<Self, RunnerError> {
        Self::load_with(project_dir, database, vars, LoadOptions::default())
    }

    /// Loads the project in a directory: reads all files and renders everything once to find dependencies.
    pub fn load_with(
        project_dir: &Path,
        database: Database,
        vars: &Vars,
        options: LoadOptions,
    ) -> Result<Self, RunnerError> {
        let place = Place { kind: "project", node: "project", file: PROJECT_FILE };
        let value = |sql: &str| database.query_value(sql, &[]).map_err(|e| place.statement(&e, "", 0));
        let name = value("select current_database()")?;
        let path = value("select path from duckdb_databases() where database_name = current_database()")?;
        let target = Target {
            profile: options.profile.clone(),
            name: options.target.clone(),
            threads: options.threads,
            database: name.text().unwrap_or_default(),
            path: path.text().unwrap_or_else(|| ":memory:".to_owned()),
            schema: options.schema.clone(),
        };
        let loader = Loader::read(project_dir, target, &options, vars)?;
        let defaults = loader.file.vars.clone();
        let fixed = loader.fixed_vars.iter();
        let fixed = fixed.map(|name| (name.clone(), vars.get(name).or_else(|| defaults.get(name)).cloned())).collect();
        let project = build(loader, defaults)?;
        Ok(Self { project, database, options, catalog: Arc::default(), fixed, compiled: BTreeMap::new(), guard: None })
    }

    /// Compiles a model or test, given by its name, to SQL without running it. A seed has no SQL.
    pub fn compile(&self, name: &str, vars: &Vars) -> Result<String, RunnerError> {
        let session = self.session(vars)?;
        match self.project.tests.iter().find(|test| test.subject.name == name) {
            Some(test) if !self.project.nodes.contains_key(name) => self.test_sql(test, &session),
            _ => Ok(self.render_node(self.node(name)?, &session)?.sql),
        }
    }

    /// Compiles a text like a model, such as `select * from {{ ref('orders') }}`.
    pub fn compile_inline(&self, text: &str, vars: &Vars) -> Result<String, RunnerError> {
        let session = self.session(vars)?;
        let world = &self.project.world;
        let subject = Arc::new(Subject {
            unique_id: unique_id::plain("sql_operation", &world.project, INLINE),
            name: INLINE.to_owned(),
            resource_type: "model",
            file: INLINE.to_owned(),
            fqn: vec![world.project.clone(), INLINE.to_owned()],
            properties: None,
            description: String::new(),
            columns: Vars::new(),
            this: Relation::new(&world.target.database, &world.target.schema, INLINE),
            config: Arc::default(),
        });
        let render = |context: &Arc<Context>| {
            evaluate_text(text, &self.project.env, context).map_err(|e| {
                Place { kind: INLINE_QUERY, node: INLINE_QUERY, file: "--inline" }.rendering(&e, &world.macros)
            })
        };
        let parsing = Context::new(world.clone(), subject.clone(), session.vars.clone(), parse_phase());
        render(&parsing)?;
        let declared = Declared { record: record_of(&parsing), ..Declared::default() };
        let ctes = self.render_ephemerals(&self.ephemerals_of(&declared.record), &session)?;
        Ok(inject(&render(&self.context(&subject, &Arc::new(declared), &session))?, &ctes))
    }

    /// The SQL of a node or test, by ID, in the last build.
    pub(crate) fn compiled(&self, id: &str) -> Option<&str> {
        self.compiled.get(id).map(String::as_str)
    }

    /// Keeps the SQL of a build that has ended.
    pub(crate) fn keep_compiled(&mut self, session: &Session) {
        self.compiled = std::mem::take(&mut lock(&session.compiled));
    }

    /// The ephemeral models that a template's refs lead to, each after those it uses.
    pub(crate) fn ephemerals_of(&self, record: &Record) -> Vec<String> {
        let mut chain: Vec<String> = Vec::new();
        for name in &record.refs {
            let Some(node) = self.project.nodes.get(name) else { continue };
            let own = (node.materialization == Materialization::Ephemeral).then_some(name);
            for link in node.ephemerals.iter().filter(|_| own.is_some()).chain(own) {
                if !chain.contains(link) {
                    chain.push(link.clone());
                }
            }
        }
        chain
    }

    /// Returns the names of all tests.
    pub fn tests(&self) -> impl Iterator<Item = &str> {
        self.project.tests.iter().map(|t| t.subject.name.as_str())
    }

    pub(crate) fn session(&self, vars: &Vars) -> Result<Session, RunnerError> {
        for (name, value) in &self.fixed {
            let now = vars.get(name).or_else(|| self.project.vars.get(name));
            if now != value.as_ref() {
                return Err(RunnerError::Project {
                    file: PROJECT_FILE.to_owned(),
                    line: None,
                    message: format!(
                        "properties of the project depend on variable {name}, which can't change between runs; reload the project"
                    ),
                });
            }
        }
        Ok(Session {
            vars: Arc::new(var_values(&self.project.vars, vars)),
            database: self.database.clone(),
            catalog: self.catalog.clone(),
            relations: self.project.relations.clone(),
            compiled: Mutex::default(),
            is_empty: false,
        })
    }

    pub(crate) fn node(&self, name: &str) -> Result<&Node, RunnerError> {
        self.project.nodes.get(name).ok_or_else(|| {
            let hint = planalign_config::did_you_mean(name, self.project.nodes.keys().map(String::as_str));
            RunnerError::Selection { message: format!("no model or seed is named {name}{hint}") }
        })
    }

    /// Creates a context for running a node's templates.
    pub(crate) fn context(&self, subject: &Arc<Subject>, declared: &Arc<Declared>, session: &Session) -> Arc<Context> {
        let phase = RunPhase {
            database: session.database.clone(),
            relations: session.relations.clone(),
            catalog: session.catalog.clone(),
            declared: declared.clone(),
            full_refresh: self.options.full_refresh,
            is_incremental: OnceLock::new(),
            config_calls: Mutex::default(),
            changed_config: Mutex::default(),
            results: Mutex::default(),
            database_time: Mutex::default(),
            guard: self.guard.clone(),
        };
        Context::new(self.project.world.clone(), subject.clone(), session.vars.clone(), Phase::Run(phase))
    }

    pub(crate) fn render(&self, template: &str, context: &Arc<Context>) -> Result<String, RunnerError> {
        let subject = &context.subject;
        let rendered = environment::render(&self.project.env, template, &Value::from_dyn_object(context.clone()));
        rendered.map_err(|e| Place::of(subject).rendering(&e, &self.project.world.macros))
    }

    /// Renders a model and prepends the ephemeral models it uses.
    pub(crate) fn render_node(&self, node: &Node, session: &Session) -> Result<Rendered, RunnerError> {
        let context = self.context(&node.subject, &node.declared, session);
        let sql = match &node.body {
            Body::Sql { template, .. } => self.render(template, &context)?,
            Body::Csv { .. } => String::new(),
        };
        let ctes = self.render_ephemerals(&node.ephemerals, session)?;
        Ok(Rendered { sql: inject(&sql, &ctes), context })
    }

    /// The ephemeral models of a chain, as pairs of name and query.
    pub(crate) fn render_ephemerals(
        &self,
        chain: &[String],
        session: &Session,
    ) -> Result<Vec<(String, String)>, RunnerError> {
        let mut ctes = Vec::with_capacity(chain.len());
        for name in chain {
            let node = self.node(name)?;
            if let Body::Sql { template, .. } = &node.body {
                let context = self.context(&node.subject, &node.declared, session);
                ctes.push((cte_name(node.relation().identifier()), self.render(template, &context)?));
            }
        }
        Ok(ctes)
    }

    pub(crate) fn run_node(&self, node: &Node, session: &Session) -> Result<NodeResult, RunnerError> {
        let start = Instant::now();
        let name = &node.subject.name;
        let time = Mutex::new(Duration::ZERO);
        let place = Place::of(&node.subject);
        let work =
            Work { database: &self.database, catalog: &session.catalog, relation: node.relation(), place, time: &time };
        let rows = match &node.body {
            Body::Csv { path, content } => self.run_seed(&work, node, path, content, session)?,
            Body::Sql { .. } if node.materialization == Materialization::Ephemeral => None,
            Body::Sql { .. } => self.run_model(&work, node, session)?,
        };
        let relation = (node.materialization != Materialization::Ephemeral).then(|| node.relation().name());
        let database_time = *lock(&time);
        Ok(NodeResult {
            name: name.clone(),
            materialization: node.materialization,
            relation,
            rows,
            elapsed: start.elapsed(),
            database_time,
        })
    }

    fn run_model(&self, work: &Work<'_>, node: &Node, session: &Session) -> Result<Option<u64>, RunnerError> {
        let rendered = self.render_node(node, session)?;
        if let Some(guard) = &self.guard {
            guard.require_model(&rendered.sql, work.place, &session.database)?;
        }
        lock(&session.compiled).insert(node.subject.unique_id.clone(), rendered.sql.clone());
        self.write_model(work, node, &session.query(&rendered.sql), &rendered.context)
    }

    /// Runs a model's hooks, and builds its relation from a query.
    pub(crate) fn write_model(
        &self,
        work: &Work<'_>,
        node: &Node,
        sql: &str,
        context: &Arc<Context>,
    ) -> Result<Option<u64>, RunnerError> {
        let config = self.current_config(node, context, work.place)?;
        if let Some(guard) = &self.guard {
            guard.require_config(&config, work.place, work.database)?;
        }
        // Also the hooks after the build see whether there was a table before.
        is_incremental(context).map_err(|e| work.place.rendering(&e, &self.project.world.macros))?;
        let rows = work.atomically(|| {
            self.run_hooks("pre_hook", &config, context, work)?;
            let rows = work.build(node.materialization, sql, &config, full_refresh(context))?;
            self.run_hooks("post_hook", &config, context, work)?;
            Ok(rows)
        })?;
        if let Some(run) = context.run() {
            *lock(work.time) += *lock(&run.database_time);
        }
        Ok(rows)
    }

    fn run_seed(
        &self,
        work: &Work<'_>,
        node: &Node,
        path: &Path,
        text: &str,
        session: &Session,
    ) -> Result<Option<u64>, RunnerError> {
        let config = &node.subject.config;
        let columns = seed::columns(text, config, work.place)?;
        let context = self.context(&node.subject, &node.declared, session);
        let copy = seed::copy_statement(node.relation(), &path.to_string_lossy(), config);
        work.atomically(|| {
            self.run_hooks("pre_hook", config, &context, work)?;
            let rows = work.seed(&columns, &copy)?;
            self.run_hooks("post_hook", config, &context, work)?;
            Ok(Some(rows))
        })
    }

    /// The configuration for this run, which may depend on variables unless it affects the graph.
    pub(crate) fn current_config(
        &self,
        node: &Node,
        context: &Context,
        place: Place<'_>,
    ) -> Result<Arc<NodeConfig>, RunnerError> {
        let changed = context.run().and_then(|run| lock(&run.changed_config).clone());
        let Some(changed) = changed else { return Ok(node.subject.config.clone()) };
        for key in ["enabled", "materialized", "schema", "alias", "database", "tags"] {
            if changed.get(key) != node.subject.config.get(key) {
                let message =
                    format!("configuration {key} depends on a variable that changed since the project was loaded");
                return Err(place.compilation(message));
            }
        }
        supported::check(&changed, &self.project.world.target.database, place)?;
        Ok(Arc::new(changed))
    }

    pub(crate) fn render_hook(
        &self,
        sql: &str,
        context: &Arc<Context>,
        place: Place<'_>,
    ) -> Result<String, RunnerError> {
        let template = hook_template(sql);
        if self.project.env.get_template(&template).is_ok() {
            return self.render(&template, context);
        }
        evaluate_text(sql, &self.project.env, context).map_err(|e| place.rendering(&e, &self.project.world.macros))
    }

    fn run_hooks(
        &self,
        key: &str,
        config: &NodeConfig,
        context: &Arc<Context>,
        work: &Work<'_>,
    ) -> Result<(), RunnerError> {
        for hook in config.get(key).and_then(Json::as_array).into_iter().flatten() {
            let rendered = self.render_hook(supported::hook_sql(hook, work.place)?, context, work.place)?;
            if let Some(guard) = &self.guard {
                guard.require_hook(&rendered, work.relation, work.place, work.database)?;
            }
            work.hook(&rendered)?;
        }
        Ok(())
    }
}

impl ModelRunner for EmbeddedRunner {
    fn graph(&self) -> &ModelGraph {
        &self.project.graph
    }

    fn select(&self, selection: &str) -> Result<Vec<String>, RunnerError> {
        let selected = select(selection, &self.node_selectables())?;
        let is_selected = |name: &&String| {
            self.project.nodes.get(*name).is_some_and(|node| selected.contains(&node.subject.unique_id))
        };
        Ok(self.project.order.iter().filter(is_selected).cloned().collect())
    }

    fn run(
        &mut self,
        nodes: &[String],
        vars: &Vars,
        workers: usize,
        observer: &mut dyn FnMut(NodeEvent<'_>) -> Flow,
    ) -> Result<Vec<NodeResult>, RunnerError> {
        let session = self.session(vars)?;
        let items = nodes.iter().map(|name| self.node(name).map(Item::Node)).collect::<Result<Vec<_>, _>>()?;
        let mut report = |event: NodeEvent<'_>| match event {
            NodeEvent::Finished(Outcome::Skipped(_)) => Flow::Continue,
            event => observer(event),
        };
        // Outside of a transaction, each node commits on its own.
        if workers > 1 && self.database.in_transaction() {
            let nodes: Vec<&Node> = nodes.iter().map(|name| self.node(name)).collect::<Result<_, _>>()?;
            return self.run_side_by_side(&nodes, &session, workers, &mut report);
        }
        let outcomes = self.execute(&items, &BTreeMap::new(), &session, AfterFailure::Stop, &mut report);
        let result = |outcome| match outcome {
            Outcome::Built(result) => Ok(Some(result)),
            Outcome::Failed(failure) => Err(failure.error),
            Outcome::Skipped(skip) => Err(RunnerError::Stopped { before: skip.name }),
            Outcome::Tested(_) => Ok(None),
        };
        outcomes.into_iter().map(result).filter_map(Result::transpose).collect()
    }

    fn data_tests(&self) -> Vec<DataTest> {
        self.described_tests()
    }

    fn test(
        &mut self,
        tests: &[String],
        vars: &Vars,
        observer: &mut dyn FnMut(NodeEvent<'_>) -> Flow,
    ) -> Result<Vec<TestResult>, RunnerError> {
        self.run_tests(tests, vars, observer)
    }

    fn in_order(&self, nodes: &[String], vars: &Vars) -> Result<Vec<(String, String)>, RunnerError> {
        let session = self.session(vars)?;
        let nodes: Vec<&Node> = nodes.iter().map(|name| self.node(name)).collect::<Result<_, _>>()?;
        self.declined(&nodes, session)
    }

    fn sources(&self) -> BTreeMap<String, String> {
        self.project.nodes.values().map(|node| self.source(node)).collect()
    }

    fn first_year_touched(&self, seed: &str, before: &str, now: &str) -> Option<i32> {
        let meta = self.project.nodes.get(seed)?.subject.config.get("meta")?;
        let column = meta.get(EFFECTIVE_YEAR)?.as_str()?;
        let ((config_before, before), (config_now, now)) = (before.split_once('\n')?, now.split_once('\n')?);
        if config_before != config_now {
            return None;
        }
        seed::first_year_of_changes(before, now, column)
    }
}

/// The name of a text that isn't in the project.
const INLINE: &str = "inline_query";

/// What it is called in messages.
pub(crate) const INLINE_QUERY: &str = "inline query";

/// Key in a seed's `meta` that names the column with the first simulated year that a row affects.
const EFFECTIVE_YEAR: &str = "effective_year";

impl EmbeddedRunner {
    /// Name and text of the sources that a node's rows depend on.
    fn source(&self, node: &Node) -> (String, String) {
        let subject = &node.subject;
        let name = format!("{}.{}", subject.resource_type, subject.name);
        let config = Json::Object(subject.config.values().clone());
        match &node.body {
            Body::Csv { content, .. } => (name, format!("{config}\n{content}")),
            Body::Sql { raw, uses, hook_uses, .. } => {
                let mut text = format!("{config}\n{raw}\n");
                for (macro_name, source) in self.project.world.macros.reachable(&reached(uses.union(hook_uses))) {
                    _ = writeln!(text, "-- macro {macro_name}\n{}", source.text);
                }
                (name, text)
            }
        }
    }
}

/// The names that a template uses, including those that the runner calls.
fn reached<'n>(uses: impl Iterator<Item = &'n String>) -> BTreeSet<String> {
    let names = ["generate_schema_name", "generate_alias_name", "generate_database_name"];
    uses.cloned().chain(names.map(str::to_owned)).collect()
}
