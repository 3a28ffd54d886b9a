//! Loads a project from its directory: files, macros, properties, nodes, and tests.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use minijinja::Environment;
use minijinja::value::{Rest, Value};

use super::config::{NodeConfig, tree_levels};
use super::failures::Place;
use super::files::{self, ProjectPath};
use super::jinja::collections::from_json;
use super::jinja::context::{Context, Subject, Target, VarValues, World, lock};
use super::jinja::environment::{add_template, environment, render};
use super::jinja::errors::unknown_function;
use super::jinja::lexer::{Definition, definitions};
use super::jinja::macros::{MACRO_BODY, MacroSource, Macros, template_name};
use super::jinja::phase::{ParsePhase, Phase, Record};
use super::jinja::relation::Relation;
use super::nodes::fqn;
use super::project_file::{PROJECT_FILE, ProjectFile};
use super::run::LoadOptions;
use super::schema_yml::{EXTERNAL, SchemaFiles, SourceTable};
use super::yaml::Yaml;
use super::{exposures, unused_paths, yaml_jinja};
use crate::runner::{RunnerError, Vars};

/// dbt's built-in macros.
const BUILT_IN: &str = include_str!("builtin.sql");

/// A project while it is loaded: everything except its nodes.
#[derive(Debug)]
pub(crate) struct Loader {
    pub(crate) file: ProjectFile,
    pub(crate) env: Environment<'static>,
    pub(crate) world: Arc<World>,
    pub(crate) vars: Arc<VarValues>,
    pub(crate) schema: SchemaFiles,
    pub(crate) models: Vec<ProjectPath>,
    /// Models in Python.
    pub(crate) python: Vec<ProjectPath>,
    pub(crate) seeds: Vec<ProjectPath>,
    pub(crate) tests: Vec<ProjectPath>,
    /// Project, folders, and names of all tests, also disabled ones.
    pub(crate) test_fqns: Vec<Vec<String>>,
    /// Variables that the properties depend on; they can't change between runs.
    pub(crate) fixed_vars: BTreeSet<String>,
    /// Whether nodes may fail in a run instead of the load, as in dbt.
    pub(crate) defers_errors: bool,
}

/// Template values of the project's default variables and the caller's.
pub(crate) fn var_values(defaults: &Vars, given: &Vars) -> VarValues {
    let mut values = HashMap::with_capacity(defaults.len() + given.len());
    for (name, value) in defaults.iter().filter(|(name, _)| !given.contains_key(*name)).chain(given) {
        values.insert(name.clone(), from_json(value));
    }
    values
}

impl Loader {
    /// Reads all files and compiles all macros.
    pub(crate) fn read(
        directory: &Path,
        target: Target,
        options: &LoadOptions,
        vars: &Vars,
    ) -> Result<Self, RunnerError> {
        let mut file = ProjectFile::load(directory)?;
        refuse_packages(directory)?;
        let mut env = environment();
        let mut macros = Macros::default();
        add_macros(&mut env, &mut macros, BUILT_IN, None)?;
        let added = add_template(&mut env, NAME_TEMPLATE, "{{ _macro_(_custom_, node) }}", 1);
        added.map_err(|bad| Place { kind: "project", node: &file.name, file: PROJECT_FILE }.bad_template(bad))?;
        let test_files = files::find(directory, &file.test_paths)?;
        let is_generic = |f: &ProjectPath| f.folders.first().is_some_and(|d| d == "generic");
        let (generic, mut singular): (Vec<_>, Vec<_>) = sql(&test_files).into_iter().partition(is_generic);
        // Data for unit tests.
        singular.retain(|f| f.folders.first().is_none_or(|d| d != "fixtures"));
        for path in sql(&files::find(directory, &file.macro_paths)?).iter().chain(&generic) {
            add_macros(&mut env, &mut macros, &path.read()?, Some(&path.relative))?;
        }
        let given = vars;
        let vars = Arc::new(var_values(&file.vars, given));
        let world =
            Arc::new(World { project: file.name.clone(), target, environment: options.environment.clone(), macros });
        let model_files = files::find(directory, &file.model_paths)?;
        let seed_files = files::find(directory, &file.seed_paths)?;
        let subject = Arc::new(project_subject(&file, &world));
        let of_file =
            Context::new(world.clone(), subject.clone(), Arc::new(var_values(&Vars::new(), given)), early_phase());
        file.render(&env, &of_file)?;
        let context = Context::new(world.clone(), subject, vars.clone(), parse_phase());
        let mut schema = SchemaFiles::default();
        refuse_resources(directory, &file)?;
        for path in files::properties(directory, &file)? {
            let yaml = Yaml::parse(&path.relative, &path.read()?)?;
            schema.read(&path.relative, &yaml_jinja::render_file(&yaml, &path.relative, &env, &context)?)?;
            schema.exposures.extend(exposures::read(&path.relative, &yaml, &file.exposures, &env, &context));
        }
        let fqns: Vec<_> = schema.sources.iter().map(|source| fqn_of_source(&file.name, source)).collect();
        unused_paths::warn("sources", &file.sources, &fqns);
        schema.sources.retain(|source| source.enabled.unwrap_or_else(|| is_enabled(&file, source)));
        for source in &mut schema.sources {
            source.is_external |= is_external(&file, source);
            let mut config: Vars =
                tree_levels(&file.sources, &fqn_of_source(&file.name, source)).into_iter().flatten().collect();
            config.extend(std::mem::take(&mut source.config));
            source.config = config;
        }
        let warn = |section: &str, tree: &Yaml, files: &[ProjectPath], extensions: &[&str]| {
            let files = files.iter().filter(|path| path.has_extension(extensions));
            unused_paths::warn(section, tree, &files.map(|path| fqn(&file.name, path)).collect::<Vec<_>>());
        };
        warn("models", &file.models, &model_files, &["sql", "py"]);
        warn("seeds", &file.seeds, &seed_files, &["csv"]);
        let seeds = seed_files.into_iter().filter(|f| f.has_extension(&["csv"])).collect();
        let fixed_vars = [of_file, context].iter().flat_map(|context| record_of(context).vars).collect();
        let python = model_files.iter().filter(|f| f.has_extension(&["py"])).cloned().collect();
        let (models, tests) = (filled(sql(&model_files))?, filled(singular)?);
        let defers_errors = options.defers_errors;
        Ok(Self {
            file,
            env,
            world,
            vars,
            schema,
            models,
            python,
            seeds,
            tests,
            test_fqns: Vec::new(),
            fixed_vars,
            defers_errors,
        })
    }

    /// Renders a template to find its references. As in dbt, functions that don't exist return nothing if the load is lenient; the
    /// run fails.
    pub(crate) fn parse(&self, template: &str, subject: &Arc<Subject>) -> Result<Record, RunnerError> {
        let mut unknown: BTreeSet<String> = BTreeSet::new();
        loop {
            let context = self.context(subject);
            for name in &unknown {
                context.set_extra(name, Value::from_function(|_: Rest<Value>| Value::UNDEFINED));
            }
            let Err(error) = render(&self.env, template, &Value::from_dyn_object(context.clone())) else {
                return Ok(record_of(&context));
            };
            let name = unknown_function(&error, template).filter(|_| self.defers_errors);
            if !name.is_some_and(|name| unknown.insert(name)) {
                let place = Place::of(subject);
                return Err(place.rendering(&error, &self.world.macros));
            }
        }
    }

    /// Creates a context for parsing.
    pub(crate) fn context(&self, subject: &Arc<Subject>) -> Arc<Context> {
        let phase = Phase::Parse(ParsePhase { defers_errors: self.defers_errors, ..ParsePhase::default() });
        Context::new(self.world.clone(), subject.clone(), self.vars.clone(), phase)
    }

    pub(crate) fn render_in(
        &self,
        context: &Arc<Context>,
        template: &str,
        place: Place<'_>,
    ) -> Result<String, RunnerError> {
        let rendered = render(&self.env, template, &Value::from_dyn_object(context.clone()));
        rendered.map_err(|e| place.rendering(&e, &self.world.macros))
    }

    /// The relation of a node, as named by the naming macros.
    pub(crate) fn relation(&self, subject: &Arc<Subject>, config: &NodeConfig) -> Result<Relation, RunnerError> {
        let named = Arc::new(Subject { config: Arc::new(config.clone()), ..(**subject).clone() });
        let context = self.context(&named);
        let call = |name: &str, key: &str| -> Result<String, RunnerError> {
            let custom = config.get(key).map_or_else(|| Value::from(()), from_json);
            let proxy = self.world.macros.proxy(name).cloned().unwrap_or_default();
            let root = Value::from_dyn_object(context.clone());
            let called = self.env.get_template(NAME_TEMPLATE).and_then(|template| {
                context.set_extra("_macro_", proxy);
                context.set_extra("_custom_", custom);
                template.render(root)
            });
            let text = called.map_err(|e| Place::of(subject).rendering(&e, &self.world.macros))?;
            Ok(text.trim().to_owned())
        };
        let schema = call("generate_schema_name", "schema")?;
        let alias = call("generate_alias_name", "alias")?;
        Ok(Relation::new(&self.world.target.database, &schema, &alias))
    }
}

/// A template that calls a naming macro.
pub(crate) const NAME_TEMPLATE: &str = "name of a relation";

pub(crate) fn parse_phase() -> Phase {
    Phase::Parse(ParsePhase::default())
}

/// The phase in which the project's file and profiles are rendered.
pub(crate) fn early_phase() -> Phase {
    Phase::Parse(ParsePhase { lacks_defaults: true, ..ParsePhase::default() })
}

pub(crate) fn record_of(context: &Context) -> Record {
    context.parse().map(|phase| lock(&phase.record).clone()).unwrap_or_default()
}

fn sql(files: &[ProjectPath]) -> Vec<ProjectPath> {
    files.iter().filter(|f| f.has_extension(&["sql"])).cloned().collect()
}

/// The files with any text; dbt ignores others.
fn filled(files: Vec<ProjectPath>) -> Result<Vec<ProjectPath>, RunnerError> {
    let mut filled = Vec::with_capacity(files.len());
    for file in files {
        if !file.read()?.trim().is_empty() {
            filled.push(file);
        }
    }
    Ok(filled)
}

/// Whether `dbt_project.yml` enables a source.
fn is_enabled(file: &ProjectFile, source: &SourceTable) -> bool {
    let levels = tree_levels(&file.sources, &fqn_of_source(&file.name, source));
    levels.iter().rev().find_map(|level| level.get("enabled")).and_then(serde_json::Value::as_bool).unwrap_or(true)
}

/// Whether `dbt_project.yml` has dbt-duckdb read a source from elsewhere.
fn is_external(file: &ProjectFile, source: &SourceTable) -> bool {
    let has_key = |level: &Vars| EXTERNAL.iter().any(|key| level.contains_key(*key));
    let has_meta = |level: &Vars| level.get("meta").and_then(|meta| meta.as_object()).is_some_and(has_key);
    tree_levels(&file.sources, &fqn_of_source(&file.name, source)).iter().any(|level| has_key(level) || has_meta(level))
}

/// The project, the directories of its properties file, and the names of a source and its table.
pub(crate) fn fqn_of_source(project: &str, source: &SourceTable) -> Vec<String> {
    let mut fqn = fqn_of_properties(project, &source.file, &source.source);
    fqn.push(source.table.clone());
    fqn
}

/// The project, the directories of a properties file below the first, and the name of something in it.
pub(crate) fn fqn_of_properties(project: &str, file: &str, name: &str) -> Vec<String> {
    let mut folders = file.split('/').skip(1).collect::<Vec<_>>();
    folders.pop();
    [project].into_iter().chain(folders).chain([name]).map(str::to_owned).collect()
}

/// Represents the project itself when its files are rendered.
pub(crate) fn project_subject(file: &ProjectFile, world: &World) -> Subject {
    Subject {
        unique_id: file.name.clone(),
        name: file.name.clone(),
        resource_type: "project",
        file: PROJECT_FILE.to_owned(),
        fqn: vec![file.name.clone()],
        properties: None,
        description: String::new(),
        columns: serde_json::Map::new(),
        this: Relation::new(&world.target.database, &world.target.schema, &file.name),
        config: Arc::new(NodeConfig::default()),
    }
}

fn refuse_packages(directory: &Path) -> Result<(), RunnerError> {
    for name in ["packages.yml", "dependencies.yml"] {
        let Some(text) = files::read_if_any(&directory.join(name), name)? else { continue };
        let yaml = Yaml::parse(name, &text)?;
        if ["packages", "projects"].iter().any(|key| yaml.get(key).is_some_and(|list| !list.items().is_empty())) {
            return Err(Place { kind: "file", node: name, file: name }
                .unsupported("packages", "copy the macros that are needed into the project"));
        }
    }
    Ok(())
}

/// Names files that dbt doesn't read.
const IGNORE_FILE: &str = ".dbtignore";

/// Selections by name, one of which dbt uses by default.
const SELECTORS_FILE: &str = "selectors.yml";

/// Refuses resources that the runner can't build and that a run would otherwise leave out.
fn refuse_resources(directory: &Path, file: &ProjectFile) -> Result<(), RunnerError> {
    let ignored = files::read_if_any(&directory.join(IGNORE_FILE), IGNORE_FILE)?.unwrap_or_default();
    if ignored.lines().map(str::trim).any(|line| !line.is_empty() && !line.starts_with('#')) {
        let place = Place { kind: "project", node: "the project", file: IGNORE_FILE };
        return Err(place.unsupported(IGNORE_FILE, "move the files out of the project"));
    }
    let selectors = files::read_if_any(&directory.join(SELECTORS_FILE), SELECTORS_FILE)?.unwrap_or_default();
    let selectors = Yaml::parse(SELECTORS_FILE, &selectors)?;
    // Also a text, which may be a template.
    let is_default = |selector: &Yaml| {
        selector.get("default").is_some_and(|default| !default.is_null() && default.to_json() != false)
    };
    if selectors.get("selectors").is_some_and(|list| list.items().iter().any(is_default)) {
        let place = Place { kind: "project", node: "the project", file: SELECTORS_FILE };
        return Err(place
            .unsupported(format!("a default selector in {SELECTORS_FILE}"), "remove `default`, and pass `--select`"));
    }
    for path in sql(&files::find(directory, &file.snapshot_paths)?) {
        let found = definitions(&path.read()?).map_err(|u| RunnerError::Project {
            file: path.relative.clone(),
            line: Some(u.line),
            message: u.message,
        })?;
        if let Some(snapshot) = found.iter().find(|definition| definition.kind == "snapshot") {
            let place = Place { kind: "snapshot", node: macro_name(&snapshot.signature), file: &path.relative };
            return Err(place.unsupported("snapshots", "keep history in an incremental model"));
        }
    }
    let functions = files::find(directory, &file.function_paths)?;
    match functions.iter().find(|f| f.has_extension(&["sql", "py"])) {
        Some(function) => {
            let place = Place { kind: "function", node: &function.stem(), file: &function.relative };
            Err(place.unsupported("user-defined functions", "write a macro"))
        }
        None => Ok(()),
    }
}

/// Adds the macros and generic tests defined in a file.
fn add_macros(
    env: &mut Environment<'static>,
    macros: &mut Macros,
    text: &str,
    file: Option<&str>,
) -> Result<(), RunnerError> {
    let shown = file.unwrap_or("dbt");
    let problem =
        |line: usize, message: String| RunnerError::Project { file: shown.to_owned(), line: Some(line), message };
    for definition in definitions(text).map_err(|u| problem(u.line, u.message))? {
        let name = match definition.kind.as_str() {
            "macro" => macro_name(&definition.signature).to_owned(),
            "test" | "data_test" => format!("test_{}", macro_name(&definition.signature)),
            "docs" => continue,
            kind => {
                let name = macro_name(&definition.signature).to_owned();
                let place = Place { kind: "macro", node: &name, file: shown };
                return Err(place.unsupported(format!("{{% {kind} %}}"), "use the materializations that come with dbt"));
            }
        };
        if let Some(known) = macros.source(&name)
            && known.file.is_some()
        {
            let other = known.file.clone().unwrap_or_default();
            return Err(problem(definition.line, format!("macro {name} is also defined in {other}:{}", known.line)));
        }
        refuse_override(macros, &name, shown)?;
        let template = template_name(&name, file.is_none());
        let uses = add_template(env, &template, &as_body(&definition), definition.line)
            .map_err(|bad| Place { kind: "macro", node: &name, file: shown }.bad_template(bad))?;
        if let Some(special) = uses.iter().find(|u| ["varargs", "kwargs"].contains(&u.as_str())) {
            let place = Place { kind: "macro", node: &name, file: shown };
            return Err(
                place.unsupported(format!("{special} in macros"), "name the parameters, or pass a list or dict")
            );
        }
        macros.add(MacroSource {
            name,
            file: file.map(str::to_owned),
            line: definition.line,
            text: definition.text,
            uses,
        });
    }
    Ok(())
}

/// In dbt, `duckdb__x` replaces the built-in macro `x` everywhere; here, `x` itself must be defined.
fn refuse_override(macros: &Macros, name: &str, file: &str) -> Result<(), RunnerError> {
    let overridden = ["duckdb__", "default__"].iter().find_map(|prefix| name.strip_prefix(prefix));
    match overridden.and_then(|plain| macros.source(plain)).filter(|source| source.file.is_none()) {
        Some(source) => Err(Place { kind: "macro", node: name, file }
            .unsupported(format!("overriding dbt's {}", source.name), "define a macro without the prefix")),
        None => Ok(()),
    }
}

fn macro_name(signature: &str) -> &str {
    let end = signature.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(signature.len());
    &signature[..end]
}

/// Renames the macro to the fixed name that its template is called by. Its own name then resolves to the call that catches
/// `return()`, even in recursion.
fn as_body(definition: &Definition) -> String {
    let text = &definition.text;
    let kind_at = text.find(&definition.kind).unwrap_or(0);
    let after_kind = kind_at + definition.kind.len();
    let name_at = text.len() - text[after_kind..].trim_start().len();
    let parameters_at = name_at + macro_name(&text[name_at..]).len();
    let closing = format!("end{}", definition.kind);
    let close_at = text.rfind(&closing).unwrap_or(text.len());
    let (open, body) = (&text[..kind_at], &text[parameters_at..close_at]);
    let close = &text[(close_at + closing.len()).min(text.len())..];
    format!("{open}macro {MACRO_BODY}{body}endmacro{close}")
}
