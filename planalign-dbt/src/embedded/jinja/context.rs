//! The template context: the node and the rendering phase.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use minijinja::value::{Enumerator, Object, Value};
use minijinja::{Error, State};
use serde_json::{Map, Value as Json, json};

use super::collections::from_json;
use super::errors::failure;
use super::macros::Macros;
use super::phase::{ParsePhase, Phase, RunPhase};
use super::relation::Relation;
use crate::embedded::config::{NodeConfig, unset};

/// Context shared by all nodes of a project.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) project: String,
    pub(crate) target: Target,
    /// Variables available to `env_var`.
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) macros: Macros,
}

/// The target of the build.
#[derive(Clone, Debug, Default)]
pub(crate) struct Target {
    pub(crate) profile: Option<String>,
    pub(crate) threads: usize,
    pub(crate) name: String,
    pub(crate) database: String,
    /// The database's file, or `:memory:`.
    pub(crate) path: String,
    pub(crate) schema: String,
}

/// The node being rendered.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    /// dbt's ID of it, such as `model.shop.orders`.
    pub(crate) unique_id: String,
    pub(crate) name: String,
    pub(crate) resource_type: &'static str,
    pub(crate) file: String,
    pub(crate) fqn: Vec<String>,
    /// The properties file that describes it.
    pub(crate) properties: Option<String>,
    pub(crate) description: String,
    /// Columns of `schema.yml`, by name.
    pub(crate) columns: Map<String, Json>,
    pub(crate) this: Relation,
    pub(crate) config: Arc<NodeConfig>,
}

/// Values of variables, converted for templates.
pub(crate) type VarValues = HashMap<String, Value>;

/// The root of a rendering. Names it doesn't have are looked up among the functions.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) world: Arc<World>,
    pub(crate) subject: Arc<Subject>,
    pub(crate) vars: Arc<VarValues>,
    pub(crate) phase: Phase,
    pub(crate) calls: CallDepth,
    /// More names, such as the arguments of a test.
    extra: Mutex<HashMap<String, Value>>,
}

/// Deeper nesting of macro calls, and of templates in variables, is treated as infinite recursion, which would otherwise exhaust
/// the stack.
const DEEPEST_CALL: usize = 150;

/// Depth of nested macro calls.
#[derive(Debug, Default)]
pub(crate) struct CallDepth(AtomicUsize);

/// A call until it is dropped.
#[derive(Debug)]
pub(crate) struct Call<'a>(&'a CallDepth);

impl CallDepth {
    /// Starts a call; an error if too many have not ended.
    pub(crate) fn enter(&self, what: impl FnOnce() -> String) -> Result<Call<'_>, Error> {
        let depth = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        let call = Call(self);
        if depth <= DEEPEST_CALL {
            return Ok(call);
        }
        let message = format!("{} is nested more than {DEEPEST_CALL} calls deep; does it call itself?", what());
        Err(failure(message))
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The name under which the context is stored.
const SELF: &str = "_context_";

impl Context {
    pub(crate) fn new(world: Arc<World>, subject: Arc<Subject>, vars: Arc<VarValues>, phase: Phase) -> Arc<Self> {
        Arc::new(Self { world, subject, vars, phase, calls: CallDepth::default(), extra: Mutex::default() })
    }

    /// The same context with additional names, for test arguments.
    pub(crate) fn set_extra(&self, name: &str, value: Value) {
        lock(&self.extra).insert(name.to_owned(), value);
    }

    pub(crate) fn executes(&self) -> bool {
        matches!(self.phase, Phase::Run(_))
    }

    pub(crate) fn parse(&self) -> Option<&ParsePhase> {
        match &self.phase {
            Phase::Parse(phase) => Some(phase),
            Phase::Run(_) => None,
        }
    }

    /// Whether the template is parsed, and names that aren't defined fail when it runs.
    pub(crate) fn defers_errors(&self) -> bool {
        self.parse().is_some_and(|phase| phase.defers_errors)
    }

    pub(crate) fn run(&self) -> Option<&RunPhase> {
        match &self.phase {
            Phase::Run(phase) => Some(phase),
            Phase::Parse(_) => None,
        }
    }

    /// The current configuration.
    pub(crate) fn config(&self) -> NodeConfig {
        match &self.phase {
            Phase::Parse(phase) => {
                let mut config = (*self.subject.config).clone();
                for call in &lock(&phase.record).config_calls {
                    config.merge(call);
                }
                config
            }
            Phase::Run(phase) => lock(&phase.changed_config).clone().unwrap_or_else(|| (*self.subject.config).clone()),
        }
    }

    /// `model` and `node`: the node's manifest entries that macros use.
    pub(crate) fn model(&self) -> Value {
        let subject = &self.subject;
        let mut config = unset(subject.resource_type);
        config.extend(self.config().values().clone());
        from_json(&json!({
            "name": subject.name,
            "alias": subject.this.identifier(),
            "schema": subject.this.schema(),
            "database": subject.this.database,
            "resource_type": subject.resource_type,
            "package_name": self.world.project,
            "unique_id": subject.unique_id,
            "original_file_path": subject.file,
            "path": subject.file.split_once('/').map_or(subject.file.as_str(), |(_, rest)| rest),
            "fqn": subject.fqn,
            "description": subject.description,
            "columns": subject.columns,
            "tags": self.config().texts("tags"),
            "language": "sql",
            "config": config,
        }))
    }

    fn target(&self) -> Value {
        let target = &self.world.target;
        from_json(&json!({
            "name": target.name,
            "target_name": target.name,
            "profile_name": target.profile.as_ref().unwrap_or(&self.world.project),
            "type": "duckdb",
            "database": target.database,
            "dbname": target.database,
            "path": target.path,
            "schema": target.schema,
            "threads": target.threads,
        }))
    }
}

impl Object for Context {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        if let Some(proxy) = self.world.macros.proxy(key) {
            return Some(proxy.clone());
        }
        match key {
            SELF => Some(Value::from_dyn_object(self.clone())),
            "execute" => Some(Value::from(self.executes())),
            "this" => Some(Value::from_object(self.subject.this.clone())),
            "target" => Some(self.target()),
            "database" => self.subject.this.database.as_deref().map(Value::from),
            "schema" => Some(Value::from(self.subject.this.schema())),
            "project_name" => Some(Value::from(self.world.project.as_str())),
            "model" | "node" => Some(self.model()),
            _ => {
                let own = || (key == self.world.project).then(|| Value::from_object(ProjectMacros(self.world.clone())));
                lock(&self.extra).get(key).cloned().or_else(own)
            }
        }
    }
}

/// The macros of the project by its name: `project.cents(1)`.
#[derive(Debug)]
struct ProjectMacros(Arc<World>);

impl Object for ProjectMacros {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let name = key.as_str()?;
        self.0.macros.source(name).filter(|source| source.file.is_some())?;
        self.0.macros.proxy(name).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.subject.name)
    }
}

/// The context of the calling template.
pub(crate) fn context_of(state: &State<'_, '_>) -> Result<Arc<Context>, Error> {
    state
        .lookup(SELF)
        .and_then(|value| value.downcast_object::<Context>())
        .ok_or_else(|| failure("this can be used in templates of the project only"))
}

/// Locks the state of a rendering, ignoring poisoning by a panic elsewhere.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
