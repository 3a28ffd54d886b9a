//! Creates nodes from project files: configuration, relation, and references of each model, seed, and test.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, OnceLock};

use planalign_config::did_you_mean;
use serde_json::{Map, Value as Json};

use super::config::{NodeConfig, tree_levels};
use super::ephemerals::chain_ephemerals;
use super::failures::Place;
use super::files::ProjectPath;
use super::jinja::context::Subject;
use super::jinja::environment::{add_template, for_running};
use super::jinja::functions::INSTEAD_OF_EXTERNAL;
use super::jinja::lexer::definitions;
use super::jinja::phase::{Declared, Record, Relations};
use super::jinja::relation::Relation;
use super::loader::Loader;
use super::project::{Body, Node, Project};
use super::schema_yml::Patch;
use super::supported;
use super::{test_nodes, unique_id, yaml::Yaml};
use crate::graph;
use crate::runner::{GraphNode, Materialization, ModelGraph, RunnerError};

/// Names of disabled nodes, which can't be referenced.
type Disabled = BTreeSet<String>;

/// Parses all nodes of a loaded project.
pub(crate) fn build(mut loader: Loader, defaults: Map<String, Json>) -> Result<Project, RunnerError> {
    let mut nodes = BTreeMap::new();
    let mut disabled = Disabled::new();
    for path in &loader.python {
        refuse_python(&loader, path)?;
        disabled.insert(path.stem());
    }
    for path in loader.models.clone() {
        let node = model(&mut loader, &path)?;
        add(node, &mut nodes, &mut disabled)?;
    }
    for path in loader.seeds.clone() {
        let node = seed(&loader, &path)?;
        add(node, &mut nodes, &mut disabled)?;
    }
    warn_of_unknown(&loader, &nodes, &disabled);
    check_relations(&nodes)?;
    let mut relations = relations(&loader, &nodes);
    for node in nodes.values() {
        check_references(node.subject.as_ref(), &node.declared.record, &nodes, &disabled, &relations)?;
    }
    let tests = test_nodes::build(&mut loader, &nodes)?;
    for test in &tests {
        check_references(test.subject.as_ref(), &test.declared.record, &nodes, &disabled, &relations)?;
    }
    check_names(nodes.values().map(|node| &node.subject).chain(tests.iter().map(|test| &test.subject)))?;
    let graph = ModelGraph::new(nodes.iter().map(|(name, node)| GraphNode {
        name: name.clone(),
        materialization: node.materialization,
        depends_on: node.declared.record.refs.iter().cloned().collect(),
    }));
    let order = graph::order(&graph)?;
    chain_ephemerals(&mut nodes, &order);
    relations.positions = order.iter().enumerate().map(|(place, name)| (name.clone(), place)).collect();
    let relations = Arc::new(relations);
    Ok(Project {
        sources: loader.schema.sources,
        exposures: loader.schema.exposures,
        target_path: loader.file.target_path,
        world: loader.world,
        env: for_running(loader.env),
        vars: defaults,
        nodes,
        tests,
        relations,
        graph,
        order,
    })
}

fn add(node: Node, nodes: &mut BTreeMap<String, Node>, disabled: &mut Disabled) -> Result<(), RunnerError> {
    let subject = &node.subject;
    if !subject.config.enabled() {
        disabled.insert(subject.name.clone());
        return Ok(());
    }
    if let Some(other) = nodes.get(&subject.name) {
        return Err(RunnerError::Project {
            file: subject.file.clone(),
            line: None,
            message: format!(
                "{} is also defined by {}; models and seeds need unique names",
                subject.name, other.subject.file
            ),
        });
    }
    nodes.insert(subject.name.clone(), node);
    Ok(())
}

/// Checks that names have no spaces, as dbt does.
fn check_names<'s>(mut subjects: impl Iterator<Item = &'s Arc<Subject>>) -> Result<(), RunnerError> {
    match subjects.find(|subject| subject.name.contains(' ')) {
        Some(subject) => Err(RunnerError::Project {
            file: subject.file.clone(),
            line: None,
            message: format!("`{}` has a space in its name; rename it", subject.name),
        }),
        None => Ok(()),
    }
}

/// Checks that no two nodes build the same relation. To the database, names that differ only in case are the same.
fn check_relations(nodes: &BTreeMap<String, Node>) -> Result<(), RunnerError> {
    let mut seen = BTreeMap::new();
    for node in nodes.values() {
        if let Some(other) = seen.insert(node.relation().key(), node) {
            return Err(RunnerError::Project {
                file: node.subject.file.clone(),
                line: None,
                message: format!(
                    "{} is also built by {}; give one of them another name, alias, or schema",
                    node.relation(),
                    other.subject.file
                ),
            });
        }
    }
    Ok(())
}

/// The subject of a file, based only on its properties.
fn subject(
    loader: &Loader,
    path: &ProjectPath,
    described: Option<&Patch>,
    config: NodeConfig,
    resource_type: &'static str,
) -> Subject {
    let name = path.stem();
    let target = &loader.world.target;
    Subject {
        unique_id: unique_id::plain(resource_type, &loader.world.project, &name),
        resource_type,
        file: path.relative.clone(),
        fqn: fqn(&loader.world.project, path),
        properties: described.map(|p| p.file.clone()),
        description: described.map(|p| p.description.clone()).unwrap_or_default(),
        columns: described.map(|p| p.columns.clone()).unwrap_or_default(),
        this: Relation::new(&target.database, &target.schema, &name),
        config: Arc::new(config),
        name,
    }
}

/// Project, directories, and name.
pub(crate) fn fqn(project: &str, path: &ProjectPath) -> Vec<String> {
    let mut fqn = vec![project.to_owned()];
    fqn.extend(path.folders.iter().cloned());
    fqn.push(path.stem());
    fqn
}

/// Configuration from `dbt_project.yml` and `schema.yml`.
fn base_config(tree: &Yaml, fqn: &[String], patch: Option<&Patch>) -> NodeConfig {
    let mut config = NodeConfig::default();
    for level in tree_levels(tree, fqn) {
        config.merge(&level);
    }
    if let Some(patch) = patch {
        config.merge(&patch.config);
    }
    config
}

fn find_patch<'a>(loader: &'a Loader, name: &str, is_seed: bool) -> Result<Option<&'a Patch>, RunnerError> {
    let mut found = loader.schema.patches.iter().filter(|p| p.name == name && p.is_seed == is_seed);
    let first = found.next();
    match (first, found.next()) {
        (Some(first), Some(second)) => Err(RunnerError::Project {
            file: second.file.clone(),
            line: Some(second.line),
            message: format!("{name} is also described in {}:{}", first.file, first.line),
        }),
        _ => Ok(first),
    }
}

/// Refuses macros in a model: dbt gives them other names, so that calls don't find them.
pub(crate) fn refuse_macros(template: &str, place: Place<'_>) -> Result<(), RunnerError> {
    let found = definitions(template).unwrap_or_default();
    match found.iter().find(|definition| definition.kind == "macro") {
        Some(_) => Err(place.unsupported("a macro outside `macro-paths`", "move it into a file there")),
        None => Ok(()),
    }
}

/// Refuses a model in Python, unless the project disables it.
fn refuse_python(loader: &Loader, path: &ProjectPath) -> Result<(), RunnerError> {
    let name = path.stem();
    let described = find_patch(loader, &name, false)?;
    if !base_config(&loader.file.models, &fqn(&loader.world.project, path), described).enabled() {
        return Ok(());
    }
    let place = Place { kind: "model", node: &name, file: &path.relative };
    Err(place.unsupported("Python models", "write the model in SQL, or disable it in a properties file"))
}

fn model(loader: &mut Loader, path: &ProjectPath) -> Result<Node, RunnerError> {
    let raw = path.read()?.trim().to_owned();
    let name = path.stem();
    let place = Place { kind: "model", node: &name, file: &path.relative };
    refuse_macros(&raw, place)?;
    let template = format!("model {name}");
    let uses = add_template(&mut loader.env, &template, &raw, 1).map_err(|bad| place.bad_template(bad))?;
    let described = find_patch(loader, &name, false)?;
    let base = base_config(&loader.file.models, &fqn(&loader.world.project, path), described);
    let mut subject = Arc::new(subject(loader, path, described, base.clone(), "model"));
    let mut body = Body::Sql { template: template.clone(), raw, uses, hook_uses: BTreeSet::new() };
    let mut record = loader.parse(&template, &subject)?;
    let config = merged(&base, &record);
    supported::check_enabled(&config, place)?;
    if !config.enabled() {
        subject = Arc::new(Subject { config: Arc::new(config), ..(*subject).clone() });
        return Ok(node(subject, Materialization::View, Record::default(), base, body));
    }
    supported::check(&config, &loader.world.target.database, place)?;
    let materialization = supported::materialization(&config, place)?;
    let this = loader.relation(&subject, &config)?;
    subject = Arc::new(Subject { this, config: Arc::new(config), ..(*subject).clone() });
    parse_hooks(loader, &subject, &mut record, &mut body, place)?;
    Ok(node(subject, materialization, record, base, body))
}

/// The configuration including `config()` calls.
pub(crate) fn merged(base: &NodeConfig, record: &Record) -> NodeConfig {
    let mut config = base.clone();
    record.config_calls.iter().for_each(|call| config.merge(call));
    config
}

/// Compiles the hooks and adds their references.
fn parse_hooks(
    loader: &mut Loader,
    subject: &Arc<Subject>,
    record: &mut Record,
    body: &mut Body,
    place: Place<'_>,
) -> Result<(), RunnerError> {
    for key in ["pre_hook", "post_hook"] {
        let hooks = subject.config.get(key).and_then(Json::as_array).cloned().unwrap_or_default();
        for hook in hooks {
            let sql = supported::hook_sql(&hook, place)?;
            let template = hook_template(sql);
            let names = add_template(&mut loader.env, &template, sql, 1).map_err(|bad| place.bad_template(bad))?;
            let found = loader.parse(&template, subject)?;
            record.refs.extend(found.refs);
            record.sources.extend(found.sources);
            if let Body::Sql { hook_uses, .. } = body {
                hook_uses.extend(names);
            }
        }
    }
    Ok(())
}

/// The template name of a hook; hooks with the same text share it.
pub(crate) fn hook_template(sql: &str) -> String {
    format!("hook {sql}")
}

fn seed(loader: &Loader, path: &ProjectPath) -> Result<Node, RunnerError> {
    let name = path.stem();
    let described = find_patch(loader, &name, true)?;
    let config = base_config(&loader.file.seeds, &fqn(&loader.world.project, path), described);
    let place = Place { kind: "seed", node: &name, file: &path.relative };
    supported::check_enabled(&config, place)?;
    if config.enabled() {
        supported::check(&config, &loader.world.target.database, place)?;
    }
    let early = Arc::new(subject(loader, path, described, config.clone(), "seed"));
    let this = loader.relation(&early, &config)?;
    let subject = Arc::new(Subject { this, ..(*early).clone() });
    let body = Body::Csv { path: path.absolute.clone(), content: path.read()? };
    Ok(node(subject, Materialization::Seed, Record::default(), config, body))
}

fn node(
    subject: Arc<Subject>,
    materialization: Materialization,
    record: Record,
    base_config: NodeConfig,
    body: Body,
) -> Node {
    let hooks = ["pre_hook", "post_hook"]
        .into_iter()
        .filter_map(|key| subject.config.get(key))
        .filter_map(Json::as_array)
        .flatten();
    let hooks =
        hooks.filter_map(|hook| hook.as_str().or_else(|| hook.get("sql").and_then(Json::as_str))).map(hook_template);
    let own = match &body {
        Body::Sql { template, .. } => Some(template.clone()),
        Body::Csv { .. } => None,
    };
    let templates = own.into_iter().chain(hooks).collect();
    let declared = Arc::new(Declared { record, base_config, templates, later: Mutex::default() });
    Node { subject, materialization, declared, ephemerals: Vec::new(), body, stage_name: OnceLock::new() }
}

fn relations(loader: &Loader, nodes: &BTreeMap<String, Node>) -> Relations {
    let relation = |node: &Node| match node.materialization {
        Materialization::Ephemeral => Relation::ephemeral(node.relation().identifier()),
        _ => node.relation().clone(),
    };
    let target = &loader.world.target;
    Relations {
        nodes: nodes.iter().map(|(name, node)| (name.clone(), relation(node))).collect(),
        sources: loader
            .schema
            .sources
            .iter()
            .map(|s| {
                let database = s.database.as_deref().unwrap_or(&target.database);
                let relation = Relation::new(database, &s.schema, &s.identifier);
                ((s.source.clone(), s.table.clone()), (!s.is_external).then_some(relation))
            })
            .collect(),
        positions: HashMap::new(),
    }
}

/// Checks that every ref and source exists.
fn check_references(
    subject: &Subject,
    record: &Record,
    nodes: &BTreeMap<String, Node>,
    disabled: &Disabled,
    relations: &Relations,
) -> Result<(), RunnerError> {
    let place = Place::of(subject);
    for name in &record.refs {
        if disabled.contains(name) {
            return Err(place.compilation(format!("ref('{name}') names a model that is disabled")));
        }
        if !nodes.contains_key(name) {
            let hint = did_you_mean(name, nodes.keys().map(String::as_str));
            return Err(place.compilation(format!("ref('{name}') names no model or seed{hint}")));
        }
    }
    for (source, table) in &record.sources {
        match relations.sources.get(&(source.clone(), table.clone())) {
            Some(Some(_)) => {}
            Some(None) => {
                let feature = format!("the external source {source}.{table}");
                return Err(place.unsupported(feature, INSTEAD_OF_EXTERNAL));
            }
            None => {
                let known: Vec<_> = relations.sources.keys().map(|(s, t)| format!("{s}.{t}")).collect();
                let hint = did_you_mean(&format!("{source}.{table}"), known.iter().map(String::as_str));
                return Err(place.compilation(format!("source('{source}', '{table}') names no source{hint}")));
            }
        }
    }
    Ok(())
}

fn warn_of_unknown(loader: &Loader, nodes: &BTreeMap<String, Node>, disabled: &Disabled) {
    for patch in &loader.schema.patches {
        let known =
            nodes.get(&patch.name).is_some_and(|n| n.is_seed() == patch.is_seed) || disabled.contains(&patch.name);
        if !known {
            log::warn!("{}:{} describes {}, which does not exist", patch.file, patch.line, patch.name);
        }
    }
}
