//! dbt functions for templates: `ref`, `source`, `run_query`, and others.

#![expect(clippy::needless_pass_by_value, reason = "the engine passes arguments by value")]

use std::sync::Arc;

use minijinja::value::{Kwargs, Rest, Value};
use minijinja::{Environment, Error, State};

use super::arguments::Given;
use super::collections::list;
use super::context::{Context, context_of, lock};
use super::errors::{failed_query, failure, refusal, refused_query, returning};
use super::phase::{ParsePhase, Phase, Record, RunPhase};
use super::relation::{Relation, RelationKind};
use super::results::QueryResult;
use crate::embedded::catalog::{self, LookupError};

/// Adds the functions to an environment.
pub(crate) fn register(env: &mut Environment<'_>) {
    env.add_function("ref", reference);
    env.add_function("source", source);
    env.add_function("env_var", env_var);
    env.add_function("log", |state: &State<'_, '_>, message: Value, _info: Given, _options: Kwargs| {
        log_message(state, &message)
    });
    env.add_function("print", |state: &State<'_, '_>, message: Value| log_message(state, &message));
    env.add_function("return", |values: Rest<Value>| -> Result<Value, Error> {
        match values.0.as_slice() {
            [value] => Err(returning(value.clone())),
            [] => Err(returning(Value::from(()))),
            _ => Err(failure("return() takes one value")),
        }
    });
    env.add_function("run_query", run_query);
    env.add_function("statement", statement);
    env.add_function("load_result", load_result);
    env.add_function("is_incremental", |state: &State<'_, '_>| is_incremental(&*context_of(state)?));
    env.add_function("should_full_refresh", |state: &State<'_, '_>| Ok::<_, Error>(full_refresh(&*context_of(state)?)));
    env.add_function("load_relation", |state: &State<'_, '_>, relation: Value| load_relation(state, &relation));
    env.add_function("load_cached_relation", |state: &State<'_, '_>, relation: Value| load_relation(state, &relation));
}

/// What to do instead of reading a source that isn't in the database.
pub(crate) const INSTEAD_OF_EXTERNAL: &str = "read the file in a model, for example with read_csv()";

/// `ref('model')`, `ref('project', 'model')`.
fn reference(state: &State<'_, '_>, first: String, second: Option<String>, options: Kwargs) -> Result<Value, Error> {
    let context = context_of(state)?;
    if options.args().next().is_some() {
        return Err(refusal("ref() with a version", "give each version of the model its own name"));
    }
    let name = match second {
        None => first,
        Some(name) if first == context.world.project => name,
        Some(_) => {
            return Err(refusal(format!("ref() into package {first}"), "copy the model into the project"));
        }
    };
    if let Some(parse) = context.parse() {
        lock(&parse.record).refs.insert(name);
        return Ok(Value::from_object(context.subject.this.clone()));
    }
    let run = context.run().ok_or_else(|| failure("ref() needs a node"))?;
    if !declared(state, &context, &|record| record.refs.contains(&name)) {
        return Err(undeclared(&format!("ref('{name}')")));
    }
    let relation =
        run.relations.nodes.get(&name).ok_or_else(|| failure(format!("no model or seed is named {name}")))?;
    let place = |name: &str| run.relations.positions.get(name);
    if let (Some(own), Some(other)) = (place(&context.subject.name), place(&name))
        && own <= other
    {
        return Err(failure(format!(
            "with these variables the model depends on {name}, which is built after it; reload the project"
        )));
    }
    Ok(Value::from_object(relation.clone()))
}

/// `source('group', 'table')`.
fn source(state: &State<'_, '_>, group: String, table: String) -> Result<Value, Error> {
    let context = context_of(state)?;
    if let Some(parse) = context.parse() {
        lock(&parse.record).sources.insert((group, table));
        return Ok(Value::from_object(context.subject.this.clone()));
    }
    let run = context.run().ok_or_else(|| failure("source() needs a node"))?;
    let key = (group, table);
    if !declared(state, &context, &|record| record.sources.contains(&key)) {
        return Err(undeclared(&format!("source('{}', '{}')", key.0, key.1)));
    }
    match run.relations.sources.get(&key) {
        Some(Some(relation)) => Ok(Value::from_object(relation.clone())),
        Some(None) => Err(refusal(format!("the external source {}.{}", key.0, key.1), INSTEAD_OF_EXTERNAL)),
        None => Err(failure(format!("no source is named {}.{}", key.0, key.1))),
    }
}

/// Whether parsing found something, with the variables of the load or those of this run.
fn declared(state: &State<'_, '_>, context: &Arc<Context>, knows: &dyn Fn(&Record) -> bool) -> bool {
    let Some(run) = context.run() else { return true };
    if knows(&run.declared.record) || knows(&lock(&run.declared.later)) {
        return true;
    }
    let phase = Phase::Parse(ParsePhase::default());
    let parsing = Context::new(context.world.clone(), context.subject.clone(), context.vars.clone(), phase);
    for template in &run.declared.templates {
        // The run hits the same failure and reports it; what was found before it still counts.
        if let Err(error) =
            state.env().get_template(template).and_then(|t| t.render(Value::from_dyn_object(parsing.clone())))
        {
            log::debug!("{}: {error}", context.subject.name);
        }
    }
    let found = parsing.parse().map(|phase| lock(&phase.record).clone()).unwrap_or_default();
    let mut later = lock(&run.declared.later);
    later.refs.extend(found.refs);
    later.sources.extend(found.sources);
    knows(&later)
}

fn undeclared(call: &str) -> Error {
    failure(format!(
        "{call} was not met when the project was parsed, so the order of models does not know of it; write {call} outside of \
         conditions, or in a comment `-- depends_on: {{{{ {call} }}}}`"
    ))
}

/// `env_var('name', default)`; as in dbt, none is no default.
fn env_var(state: &State<'_, '_>, name: String, default: Given, options: Kwargs) -> Result<Value, Error> {
    let context = context_of(state)?;
    let default = default.or_named("default", &options)?.filter(|default| !default.is_none());
    match (context.world.environment.get(&name), default) {
        (Some(value), _) => Ok(Value::from(value.as_str())),
        (None, Some(default)) => Ok(default),
        (None, None) => Err(failure(format!("environment variable {name} is not set and env_var() gives no default"))),
    }
}

fn log_message(state: &State<'_, '_>, message: &Value) -> Result<Value, Error> {
    let context = context_of(state)?;
    if context.executes() {
        log::info!("{}: {message}", context.subject.name);
    }
    Ok(Value::from(""))
}

fn run_query(state: &State<'_, '_>, sql: Value) -> Result<Value, Error> {
    query(&*context_of(state)?, &sql.to_string())
}

/// Runs a query of a template; returns none while parsing.
fn query(context: &Context, sql: &str) -> Result<Value, Error> {
    let Some(run) = context.run() else { return Ok(Value::from(())) };
    let failed = |error| failed_query(sql, error);
    match run.refusal(sql, &context.subject.name).map_err(failed)? {
        Some(refusal) => Err(refused_query(refusal)),
        None => Ok(Value::from_object(QueryResult::new(run.query(sql).map_err(failed)?))),
    }
}

/// `{% call statement('name', fetch_result=True) %} ... {% endcall %}`.
fn statement(state: &mut State<'_, '_>, name: Option<Value>, options: Kwargs) -> Result<Value, Error> {
    let context = context_of(state)?;
    let caller: Value = options.get("caller")?;
    let name = match name {
        Some(name) => Some(name),
        None => options.get::<Option<Value>>("name")?,
    };
    let sql = caller.call(state, &[])?.to_string();
    let result = query(&context, &sql)?;
    if let (Some(run), Some(name)) = (context.run(), name.filter(|n| !n.is_none())) {
        lock(&run.results).insert(name.to_string(), result);
    }
    Ok(Value::from(""))
}

/// The result of a `statement` block: `data` is a list of rows, `table` a query result.
fn load_result(state: &State<'_, '_>, name: String) -> Result<Value, Error> {
    let context = context_of(state)?;
    let Some(run) = context.run() else { return Ok(Value::from(())) };
    let Some(table) = lock(&run.results).get(&name).cloned() else { return Ok(Value::from(())) };
    let rows = table.downcast_object_ref::<QueryResult>().map_or_else(|| list(Vec::new()), QueryResult::data);
    Ok(Value::from_pairs([("data", rows), ("table", table)]))
}

/// Whether the node's relation existed, before it was built, as a table to which this run adds rows.
pub(crate) fn is_incremental(context: &Context) -> Result<bool, Error> {
    let Some(run) = context.run() else { return Ok(false) };
    if let Some(known) = run.is_incremental.get() {
        return Ok(*known);
    }
    if context.config().materialized() != "incremental" || full_refresh(context) {
        return Ok(false);
    }
    let is_table = kind(run, &context.subject.this)? == Some(RelationKind::Table);
    Ok(*run.is_incremental.get_or_init(|| is_table))
}

/// Whether the node is fully rebuilt; its own configuration overrides the command's.
pub(crate) fn full_refresh(context: &Context) -> bool {
    let asked = context.run().is_some_and(|run| run.full_refresh);
    context.config().boolean("full_refresh").unwrap_or(asked)
}

fn load_relation(state: &State<'_, '_>, relation: &Value) -> Result<Value, Error> {
    let context = context_of(state)?;
    let relation =
        relation.downcast_object_ref::<Relation>().ok_or_else(|| failure("load_relation() takes a relation"))?;
    existing(&context, relation)
}

/// A relation with its kind, if it exists; none while parsing.
pub(crate) fn existing(context: &Context, relation: &Relation) -> Result<Value, Error> {
    let Some(run) = context.run() else { return Ok(Value::from(())) };
    let kind = kind(run, relation)?;
    Ok(kind.map_or_else(|| Value::from(()), |kind| Value::from_object(relation.clone().with_kind(kind))))
}

/// The kind of a relation, if it exists.
fn kind(run: &RunPhase, relation: &Relation) -> Result<Option<RelationKind>, Error> {
    lock(&run.catalog).kind(&run.database, relation).map_err(|error| match error {
        LookupError::Database(error) => failed_query("", error),
        LookupError::OtherCase { .. } => failure(error.to_string()),
    })
}

/// The columns of a relation; none while parsing.
pub(crate) fn columns(context: &Context, relation: &Relation) -> Result<Vec<catalog::Column>, Error> {
    let Some(run) = context.run() else { return Ok(Vec::new()) };
    catalog::columns_of(&run.database, relation).map_err(|e| failed_query("", e))
}
