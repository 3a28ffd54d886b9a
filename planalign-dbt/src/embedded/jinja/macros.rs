//! Project and built-in macros: each is a separate template, called through a proxy.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Kwargs, Object, Value};
use minijinja::{Environment, Error, State};

use super::context::context_of;
use super::errors::{failure, refusal, returned};

/// The name of each macro in its own template.
pub(crate) const MACRO_BODY: &str = "_macro_body_";

/// A macro and its source.
#[derive(Clone, Debug)]
pub(crate) struct MacroSource {
    pub(crate) name: String,
    /// Project file; `None`: built in.
    pub(crate) file: Option<String>,
    pub(crate) line: usize,
    /// The definition as written.
    pub(crate) text: String,
    /// Names that the macro uses but doesn't define.
    pub(crate) uses: BTreeSet<String>,
}

/// All macros by the names under which templates call them.
#[derive(Debug, Default)]
pub(crate) struct Macros {
    proxies: HashMap<String, Value>,
    sources: BTreeMap<String, MacroSource>,
    /// dbt's own, also those that the project overrides.
    built_in: HashMap<String, (Value, MacroSource)>,
}

impl Macros {
    pub(crate) fn add(&mut self, source: MacroSource) {
        let proxy =
            MacroProxy { name: source.name.clone(), template: template_name(&source.name, source.file.is_none()) };
        let proxy = Value::from_object(proxy);
        if source.file.is_none() {
            self.built_in.insert(source.name.clone(), (proxy.clone(), source.clone()));
        }
        self.proxies.insert(source.name.clone(), proxy);
        self.sources.insert(source.name.clone(), source);
    }

    /// The macro that a call with this name reaches.
    pub(crate) fn proxy(&self, name: &str) -> Option<&Value> {
        self.proxies.get(name)
    }

    /// The macro that `dbt.name` reaches.
    pub(crate) fn built_in(&self, name: &str) -> Option<&Value> {
        self.built_in.get(name).map(|(proxy, _)| proxy)
    }

    pub(crate) fn source(&self, name: &str) -> Option<&MacroSource> {
        self.sources.get(name)
    }

    /// The macro of a template, for messages.
    pub(crate) fn of_template(&self, template: &str) -> Option<&MacroSource> {
        let built_in = template.strip_prefix(BUILT_IN_TEMPLATE).and_then(|name| self.built_in.get(name));
        built_in.map(|(_, source)| source).or_else(|| self.source(template.strip_prefix(TEMPLATE)?))
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.sources.keys().map(String::as_str)
    }

    /// The macro that `adapter.dispatch(name)` calls: the `DuckDB` implementation or the default.
    pub(crate) fn dispatch(&self, name: &str) -> Option<&Value> {
        let prefixed = ["duckdb__", "default__"].iter().find_map(|prefix| self.proxy(&format!("{prefix}{name}")));
        prefixed.or_else(|| self.source(name).filter(|source| source.file.is_none()).and_then(|_| self.proxy(name)))
    }

    /// The project macros that these names reach, directly or indirectly, by name.
    pub(crate) fn reachable(&self, names: &BTreeSet<String>) -> BTreeMap<&str, &MacroSource> {
        let mut found = BTreeMap::new();
        let mut open: Vec<&str> = names.iter().map(String::as_str).collect();
        while let Some(name) = open.pop() {
            for candidate in [name.to_owned(), format!("duckdb__{name}"), format!("default__{name}")] {
                if let Some(source) = self.source(&candidate)
                    && found.insert(source.name.as_str(), source).is_none()
                {
                    open.extend(source.uses.iter().map(String::as_str));
                }
            }
        }
        found
    }
}

const TEMPLATE: &str = "macro ";
const BUILT_IN_TEMPLATE: &str = "macro dbt.";

/// The name of a macro's template.
pub(crate) fn template_name(name: &str, is_built_in: bool) -> String {
    format!("{}{name}", if is_built_in { BUILT_IN_TEMPLATE } else { TEMPLATE })
}

/// A callable that stands for a macro.
#[derive(Debug)]
struct MacroProxy {
    name: String,
    template: String,
}

impl Object for MacroProxy {
    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    fn call(self: &Arc<Self>, state: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        let context = context_of(state)?;
        let args = with_rendered_caller(state, &self.name, args)?;
        let _call = context.calls.enter(|| format!("macro `{}`", self.name))?;
        call_macro(state.env(), &self.template, &self.name, Value::from_dyn_object(context.clone()), &args)
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<macro {}>", self.name)
    }
}

/// Calls the macro of a template in a context; `return()` ends here.
fn call_macro(
    env: &Environment<'_>,
    template: &str,
    name: &str,
    context: Value,
    args: &[Value],
) -> Result<Value, Error> {
    let template = env.get_template(template)?;
    let mut captured = template.render_captured(context)?;
    let result = captured.with_state_mut(|state| {
        let definition =
            state.lookup(MACRO_BODY).ok_or_else(|| failure(format!("macro {name} is not defined by its file")))?;
        definition.call(state, args)
    });
    match result {
        Ok(value) => Ok(value),
        Err(error) => returned(&error).ok_or(error),
    }
}

/// `caller` belongs to the calling template, so its text is rendered before the macro runs.
fn with_rendered_caller(state: &mut State<'_, '_>, name: &str, args: &[Value]) -> Result<Vec<Value>, Error> {
    let mut args = args.to_vec();
    let Some(last) = args.last().filter(|last| last.is_kwargs()) else { return Ok(args) };
    let kwargs = Kwargs::try_from(last.clone())?;
    let Ok(caller) = kwargs.get::<Value>("caller") else { return Ok(args) };
    let takes_arguments = caller.get_attr("arguments").ok().and_then(|a| a.len()).is_some_and(|n| n > 0);
    if takes_arguments {
        return Err(refusal(
            format!("{{% call(...) {name}() %}} with arguments"),
            "pass the text as an argument of the macro",
        ));
    }
    let text = caller.call(state, &[])?;
    let mut pairs: Vec<(String, Value)> = Vec::new();
    for key in kwargs.args() {
        if key != "caller" {
            pairs.push((key.to_owned(), kwargs.get(key)?));
        }
    }
    pairs.push(("caller".to_owned(), Value::from_object(RenderedCaller(text))));
    args.pop();
    args.push(pairs.into_iter().collect::<Kwargs>().into());
    Ok(args)
}

/// A rendered `caller`.
#[derive(Debug)]
struct RenderedCaller(Value);

impl Object for RenderedCaller {
    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, _: &[Value]) -> Result<Value, Error> {
        Ok(self.0.clone())
    }
}
