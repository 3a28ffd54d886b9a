//! dbt objects for templates: `config`, `var`, `adapter`, `exceptions`, `builtins`, `api`, and `dbt`.

use std::sync::Arc;

use minijinja::value::{Enumerator, Kwargs, Object, Value, ValueKind, from_args};
use minijinja::{Environment, Error, ErrorKind, State};
use serde_json::{Map, Value as Json};

use planalign_config::{did_you_mean, sql};

use super::arguments::Given;
use super::builtins::INSTEAD_OF_MACRO;
use super::collections::{from_json, list};
use super::context::{Context, context_of, lock};
use super::errors::{failure, refusal};
use super::functions::{columns, existing};
use super::lexer::as_in_python;
use super::phase::ParsePhase;
use super::relation::Relation;
use super::results::RelationColumn;
use crate::embedded::config::{normalized, unset};

/// Adds the objects to an environment.
pub(crate) fn register(env: &mut Environment<'_>) {
    env.add_global("config", Value::from_object(ConfigObject));
    env.add_global("var", Value::from_object(VarObject));
    env.add_global("adapter", Value::from_object(AdapterObject));
    env.add_global("exceptions", Value::from_object(ExceptionsObject));
    env.add_global("api", Value::from_object(ApiObject { relation: false }));
    env.add_global("dbt", Value::from_object(BuiltInMacros));
}

macro_rules! opaque {
    () => {
        fn enumerate(self: &Arc<Self>) -> Enumerator {
            Enumerator::NonEnumerable
        }

        fn is_true(self: &Arc<Self>) -> bool {
            true
        }
    };
}

/// `config(...)`, `config.get(...)`, `config.require(...)`.
#[derive(Debug)]
struct ConfigObject;

impl Object for ConfigObject {
    opaque!();

    fn call(self: &Arc<Self>, state: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        let context = context_of(state)?;
        let mut call = Map::new();
        for arg in args {
            if arg.kind() != ValueKind::Map || args.len() > 1 {
                return Err(failure("config() takes keyword arguments or one dict"));
            }
            for key in arg.try_iter()? {
                let value = arg.get_item(&key)?;
                call.insert(normalized(&key.to_string()), to_json(&key, &value)?);
            }
        }
        match (context.parse(), context.run()) {
            (Some(parse), _) => lock(&parse.record).config_calls.push(call),
            (_, Some(run)) => run.record_config(call),
            _ => {}
        }
        Ok(Value::from(""))
    }

    fn call_method(self: &Arc<Self>, state: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        let context = context_of(state)?;
        let config = context.config();
        let known = |key: &str| {
            let key = normalized(key);
            let preset = || unset(context.subject.resource_type).remove(&key);
            config.values().get(&key).cloned().or_else(preset).as_ref().map(from_json)
        };
        match method {
            "get" => {
                let (key, default, options): (String, Given, Kwargs) = from_args(args)?;
                _ = options.get::<Option<Value>>("validator")?;
                let default = default.or_named("default", &options)?;
                Ok(known(&key).or(default).unwrap_or_else(|| Value::from(())))
            }
            "require" => {
                let (key,): (String,) = from_args(args)?;
                let unset = || context.defers_errors().then(|| Value::from(""));
                known(&key)
                    .or_else(unset)
                    .ok_or_else(|| failure(format!("configuration {key} is required and not set")))
            }
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }
}

fn to_json(key: &Value, value: &Value) -> Result<Json, Error> {
    if value.is_undefined() {
        return Err(failure(format!("config() takes no undefined value for `{key}`")));
    }
    serde_json::to_value(value).map_err(|e| failure(format!("config() takes only plain values for `{key}`: {e}")))
}

/// The value of a variable; one that is a template is rendered.
fn rendered(name: &str, value: &Value, state: &State<'_, '_>, context: &Arc<Context>) -> Result<Value, Error> {
    match value.as_str().filter(|text| ["{{", "{%", "{#"].iter().any(|tag| text.contains(tag))) {
        Some(template) => {
            let template = as_in_python(template).map_err(|bad| failure(bad.message))?;
            let _call = context.calls.enter(|| format!("the template in variable `{name}`"))?;
            state.env().render_str(&template, Value::from_dyn_object(context.clone())).map(Value::from)
        }
        None => Ok(value.clone()),
    }
}

/// `var('name')`, `var('name', default)`, `var.has_var('name')`.
#[derive(Debug)]
struct VarObject;

/// Why a variable of the project isn't known in its own file and in profiles.
const ONLY_GIVEN: &str = "; only variables of the call (`--vars`) are known here";

impl Object for VarObject {
    opaque!();

    fn call(self: &Arc<Self>, state: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        let (name, default, options): (&str, Given, Kwargs) = from_args(args)?;
        let context = context_of(state)?;
        if let Some(parse) = context.parse() {
            lock(&parse.record).vars.insert(name.to_owned());
        }
        if let Some(value) = context.vars.get(name) {
            return rendered(name, value, state, &context);
        }
        let unset = || context.defers_errors().then(|| Value::from(()));
        default.or_named("default", &options)?.or_else(unset).ok_or_else(|| {
            let hint = match context.parse() {
                Some(ParsePhase { lacks_defaults: true, .. }) => ONLY_GIVEN.to_owned(),
                _ => did_you_mean(name, context.vars.keys().map(String::as_str)),
            };
            failure(format!("variable {name} is not set and var() gives no default{hint}"))
        })
    }

    fn call_method(self: &Arc<Self>, state: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        if method != "has_var" {
            return Err(Error::from(ErrorKind::UnknownMethod));
        }
        let (name,): (&str,) = from_args(args)?;
        Ok(Value::from(context_of(state)?.vars.contains_key(name)))
    }
}

/// `adapter.dispatch(...)`, `adapter.get_relation(...)`, and other methods that projects need.
#[derive(Debug)]
struct AdapterObject;

impl Object for AdapterObject {
    opaque!();

    fn call_method(self: &Arc<Self>, state: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        let context = context_of(state)?;
        match method {
            "dispatch" => {
                let (name, _, options): (&str, Option<Value>, Kwargs) = from_args(args)?;
                _ = options.get::<Option<Value>>("macro_namespace")?;
                context
                    .world
                    .macros
                    .dispatch(name)
                    .cloned()
                    .ok_or_else(|| failure(format!("no macro is named {name}, default__{name} or duckdb__{name}")))
            }
            // While parsing, there may be nothing to look at.
            "get_relation" | "get_columns_in_relation" if context.run().is_none() => {
                Ok(if method == "get_relation" { Value::from(()) } else { list(Vec::new()) })
            }
            "get_relation" => {
                let (parts, options): (minijinja::value::Rest<Value>, Kwargs) = split_kwargs(args)?;
                let part = |index: usize, name: &str| -> Result<String, Error> {
                    match parts.0.get(index) {
                        Some(value) => Ok(value.to_string()),
                        None => options.get::<String>(name),
                    }
                };
                let relation = Relation::new(&part(0, "database")?, &part(1, "schema")?, &part(2, "identifier")?);
                existing(&context, &relation)
            }
            "get_columns_in_relation" => {
                let relation = relation_argument(args)?;
                let columns = columns(&context, &relation)?;
                Ok(list(columns.into_iter().map(|c| Value::from_object(RelationColumn(c))).collect()))
            }
            "quote" => {
                let (name,): (&str,) = from_args(args)?;
                Ok(Value::from(sql::identifier(name)))
            }
            "type" => Ok(Value::from("duckdb")),
            _ => Err(refusal(format!("adapter.{method}()"), "use run_query() with the statement itself")),
        }
    }
}

fn split_kwargs(args: &[Value]) -> Result<(minijinja::value::Rest<Value>, Kwargs), Error> {
    match args.split_last() {
        Some((last, first)) if last.is_kwargs() => {
            Ok((minijinja::value::Rest(first.to_vec()), from_args::<(Kwargs,)>(std::slice::from_ref(last))?.0))
        }
        _ => Ok((minijinja::value::Rest(args.to_vec()), from_args::<(Kwargs,)>(&[])?.0)),
    }
}

fn relation_argument(args: &[Value]) -> Result<Arc<Relation>, Error> {
    args.first()
        .and_then(Value::downcast_object::<Relation>)
        .ok_or_else(|| failure("a relation is needed here, such as ref('model')"))
}

/// `exceptions.raise_compiler_error(...)` and `exceptions.warn(...)`.
#[derive(Debug)]
struct ExceptionsObject;

impl Object for ExceptionsObject {
    opaque!();

    fn call_method(self: &Arc<Self>, state: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        match method {
            "raise_compiler_error" => Err(failure(args.first().map(ToString::to_string).unwrap_or_default())),
            "warn" => {
                let context = context_of(state)?;
                if let (true, Some(message)) = (context.executes(), args.first()) {
                    log::warn!("{}: {message}", context.subject.name);
                }
                Ok(Value::from(""))
            }
            _ => Err(refusal(format!("exceptions.{method}()"), "use exceptions.raise_compiler_error()")),
        }
    }
}

/// `api.Relation.create(...)`.
#[derive(Debug)]
struct ApiObject {
    relation: bool,
}

impl Object for ApiObject {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        (!self.relation && key.as_str() == Some("Relation")).then(|| Value::from_object(Self { relation: true }))
    }

    opaque!();

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        if !self.relation || method != "create" {
            return Err(refusal(format!("api.{method}"), "use api.Relation.create()"));
        }
        let (options,): (Kwargs,) = from_args(args)?;
        let relation = Relation {
            database: options.get("database")?,
            schema: options.get("schema")?,
            identifier: options.get("identifier")?,
            kind: None,
        };
        _ = options.get::<Option<Value>>("type")?;
        options.assert_all_used()?;
        Ok(Value::from_object(relation))
    }
}

/// Macros of dbt that are functions here.
const FUNCTIONS_OF_DBT: [&str; 6] =
    ["is_incremental", "load_cached_relation", "load_relation", "run_query", "should_full_refresh", "statement"];

/// `dbt.dateadd(...)`: dbt's built-in macros, by name.
#[derive(Debug)]
struct BuiltInMacros;

impl Object for BuiltInMacros {
    opaque!();

    fn call_method(self: &Arc<Self>, state: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        let context = context_of(state)?;
        let own = context.world.macros.built_in(method).cloned();
        // Not looked up in the template, where a macro of the project may have the name.
        let function =
            || FUNCTIONS_OF_DBT.contains(&method).then(|| state.env().globals().find(|(name, _)| *name == method));
        match own.or_else(|| function().flatten().map(|(_, function)| function)) {
            Some(callable) => callable.call(state, args),
            None => Err(refusal(format!("dbt.{method}()"), INSTEAD_OF_MACRO)),
        }
    }
}
