//! The tests of a project: generic tests from properties files, and singular tests.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use planalign_config::did_you_mean;
use serde_json::{Map, Value as Json};

use super::config::{NodeConfig, plain_text, tree_levels};
use super::failures::Place;
use super::jinja::builtins::python_text;
use super::jinja::collections::from_json;
use super::jinja::context::Subject;
use super::jinja::environment::add_template;
use super::jinja::phase::{Declared, Record};
use super::jinja::relation::Relation;
use super::loader::{Loader, fqn_of_properties, record_of};
use super::nodes::{fqn, merged, refuse_macros};
use super::project::{Node, TestKind, TestNode};
use super::schema_yml::{TEST_CONFIG, TestDefinition};
use super::yaml_jinja::evaluate_text;
use super::{supported, test_arguments, unique_id, unused_paths};
use crate::runner::RunnerError;

/// What a generic test is attached to.
enum Tested<'a> {
    Node(&'a str),
    Source(&'a str, &'a str),
}

/// Parses all tests.
pub(crate) fn build(loader: &mut Loader, nodes: &BTreeMap<String, Node>) -> Result<Vec<TestNode>, RunnerError> {
    let mut tests = Vec::new();
    for path in loader.tests.clone() {
        let name = path.stem();
        let raw = path.read()?.trim().to_owned();
        let place = Place { kind: "test", node: &name, file: &path.relative };
        refuse_macros(&raw, place)?;
        let template = format!("test {name}");
        add_template(&mut loader.env, &template, &raw, 1).map_err(|bad| place.bad_template(bad))?;
        let fqn = fqn(&loader.world.project, &path);
        loader.test_fqns.push(fqn.clone());
        let described = loader.schema.singular_tests.get(&name);
        let own = described.map(|test| test.config.clone()).unwrap_or_default();
        let properties = described.map(|test| test.file.clone());
        let id = unique_id::plain("test", &loader.world.project, &name);
        let subject = subject(loader, id, &name, &path.relative, fqn, &own);
        let subject = Arc::new(Subject { properties, ..subject });
        let record = loader.parse(&template, &subject)?;
        let config = merged(&subject.config, &record);
        supported::check_test(&config, place)?;
        if config.enabled() {
            let subject = Arc::new(Subject { config: Arc::new(config), ..(*subject).clone() });
            tests.push(node(subject, template, raw, record, TestKind::Singular));
        }
    }
    let patches = std::mem::take(&mut loader.schema.patches);
    for patch in patches.iter().filter(|p| nodes.get(&p.name).is_some_and(|n| n.is_seed() == p.is_seed)) {
        for definition in &patch.tests {
            tests.extend(generic(loader, definition, &Tested::Node(&patch.name))?);
        }
    }
    loader.schema.patches = patches;
    let sources = std::mem::take(&mut loader.schema.sources);
    for source in &sources {
        for definition in &source.tests {
            tests.extend(generic(loader, definition, &Tested::Source(&source.source, &source.table))?);
        }
    }
    loader.schema.sources = sources;
    unused_paths::warn("data_tests", &loader.file.tests, &loader.test_fqns);
    check_names(&tests)?;
    Ok(tests)
}

fn check_names(tests: &[TestNode]) -> Result<(), RunnerError> {
    let mut seen = BTreeMap::new();
    for test in tests {
        let subject = &test.subject;
        if let Some(other) = seen.insert(&subject.name, subject) {
            return Err(RunnerError::Project {
                file: subject.file.clone(),
                line: None,
                message: format!("test {} is also defined in {}; give one of them a name", subject.name, other.file),
            });
        }
    }
    Ok(())
}

fn node(subject: Arc<Subject>, template: String, raw: String, record: Record, kind: TestKind) -> TestNode {
    let templates = match kind {
        TestKind::Singular => vec![template.clone()],
        TestKind::Generic { .. } => Vec::new(),
    };
    let declared = Declared { record, base_config: (*subject.config).clone(), templates, later: Mutex::default() };
    TestNode { subject, declared: Arc::new(declared), template, raw, kind, condition: None, problem: None }
}

fn subject(
    loader: &Loader,
    unique_id: String,
    name: &str,
    file: &str,
    fqn: Vec<String>,
    own: &Map<String, Json>,
) -> Subject {
    let target = &loader.world.target;
    let mut config = NodeConfig::default();
    for level in tree_levels(&loader.file.tests, &fqn) {
        config.merge(&level);
    }
    config.merge(own);
    Subject {
        unique_id,
        name: name.to_owned(),
        resource_type: "test",
        file: file.to_owned(),
        fqn,
        properties: None,
        description: String::new(),
        columns: Map::new(),
        this: Relation::new(&target.database, &target.schema, name),
        config: Arc::new(config),
    }
}

/// Creates the test of a definition; `None` if it is disabled.
fn generic(
    loader: &mut Loader,
    definition: &TestDefinition,
    tested: &Tested<'_>,
) -> Result<Option<TestNode>, RunnerError> {
    let mut own = definition.config.clone();
    let name = if let Some(name) = &definition.name {
        name.clone()
    } else {
        let (identifier, name) = full_name(definition, tested);
        if let Some(alias) = short_name(&identifier, &name) {
            own.entry("alias").or_insert_with(|| alias.into());
        }
        name
    };
    let fqn = fqn_of_properties(&loader.world.project, &definition.file, &name);
    loader.test_fqns.push(fqn.clone());
    let mut arguments = definition.arguments.clone();
    if let Some(column) = &definition.column {
        arguments.insert("column_name".to_owned(), Json::String(column.clone()));
    }
    let reference = match tested {
        Tested::Node(name) => unique_id::ref_of(name),
        Tested::Source(source, table) => unique_id::source_of(source, table),
    };
    let metadata = unique_id::test_metadata(&definition.test, &arguments, &reference);
    let id = unique_id::generic_test(&loader.world.project, &name, &metadata);
    let subject = Arc::new(subject(loader, id, &name, &definition.file, fqn, &own));
    let place = Place { kind: "test", node: &name, file: &definition.file };
    let proxy = format!("test_{}", definition.test.rsplit('.').next().unwrap_or_default());
    let problem = unknown_test(loader, definition, &proxy);
    if let Some(problem) = &problem {
        if !subject.config.enabled() {
            return Ok(None);
        }
        if !loader.defers_errors {
            return Err(problem.clone());
        }
    }
    let template = format!("call of {proxy}");
    if loader.env.get_template(&template).is_err() {
        let source = format!("{{{{ {proxy}(**_arguments_) }}}}");
        add_template(&mut loader.env, &template, &source, 1).map_err(|bad| place.bad_template(bad))?;
    }
    let (model, source) = match tested {
        Tested::Node(name) => (Some((*name).to_owned()), None),
        Tested::Source(source, table) => (None, Some(((*source).to_owned(), (*table).to_owned()))),
    };
    let kind = TestKind::Generic {
        test: definition.test.clone(),
        model: model.clone(),
        source: source.clone(),
        arguments: arguments.clone(),
    };
    let condition = match definition.config.get("where").and_then(Json::as_str) {
        Some(text) => Some(
            evaluate_text(text, &loader.env, &loader.context(&subject))
                .map_err(|e| place.rendering(&e, &loader.world.macros))?,
        ),
        None => None,
    };
    if let Some(condition) = &condition {
        own.insert("where".to_owned(), condition.as_str().into());
    }
    let mut record = Record::default();
    record.refs.extend(model);
    record.sources.extend(source);
    if problem.is_none() {
        let context = loader.context(&subject);
        let values = test_arguments::values(&loader.env, &context, &arguments, subject.this.to_string())
            .map_err(|e| place.rendering(&e, &loader.world.macros))?;
        context.set_extra("_arguments_", values);
        loader.render_in(&context, &template, place)?;
        let found = record_of(&context);
        record.refs.extend(found.refs);
        record.sources.extend(found.sources);
        record.config_calls = found.config_calls;
    }
    let mut config = merged(&subject.config, &record);
    // A test's own configuration overrides that of its macro.
    config.merge(&definition.config);
    supported::check_test(&config, place).map_err(|error| on_line(error, definition.line))?;
    if !config.enabled() {
        return Ok(None);
    }
    let subject = Arc::new(Subject { config: Arc::new(config), ..(*subject).clone() });
    Ok(Some(TestNode { condition, problem, ..node(subject, template, call(&definition.test, &own), record, kind) }))
}

fn on_line(mut error: RunnerError, of_definition: usize) -> RunnerError {
    if let RunnerError::Compilation { line, .. } = &mut error {
        *line = Some(of_definition);
    }
    error
}

/// Why a generic test that doesn't exist can't run.
fn unknown_test(loader: &Loader, definition: &TestDefinition, proxy: &str) -> Option<RunnerError> {
    let macros = &loader.world.macros;
    let package = definition.test.rsplit_once('.').map(|(package, _)| package);
    let message = match package.filter(|package| ![DBT, loader.world.project.as_str()].contains(package)) {
        Some(package) => {
            format!(
                "{} is in package {package}, but packages are not loaded; copy the test into the project",
                definition.test
            )
        }
        None if macros.proxy(proxy).is_some() => return None,
        None => {
            let known: Vec<_> = macros.names().filter_map(|name| name.strip_prefix("test_")).collect();
            format!("no generic test is named {}{}", definition.test, did_you_mean(&definition.test, known))
        }
    };
    Some(RunnerError::Project { file: definition.file.clone(), line: Some(definition.line), message })
}

/// The package of dbt's own tests.
const DBT: &str = "dbt";

/// The call of a test with its configuration, as dbt writes it; its other tools compare it with that of other runs.
fn call(test: &str, config: &Map<String, Json>) -> String {
    let name = match test.rsplit_once('.') {
        Some((package, name)) => format!("{package}.test_{name}"),
        None => format!("test_{test}"),
    };
    let known = TEST_CONFIG.iter().filter_map(|key| config.get_key_value(*key));
    let others = config.iter().filter(|(key, _)| !TEST_CONFIG.contains(&key.as_str()));
    let value = |value: &Json| match value {
        Json::String(string) => format!("\"{}\"", string.replace('"', "\\\"")),
        other => python_text(&from_json(other)),
    };
    let given = known.chain(others).filter(|(_, of_key)| !of_key.is_null());
    let config: Vec<String> = given.map(|(key, of_key)| format!("{key}={}", value(of_key))).collect();
    let config = if config.is_empty() { String::new() } else { format!("{{{{ config({}) }}}}", config.join(",")) };
    format!("{{{{ {name}(**_dbt_generic_test_kwargs) }}}}{config}")
}

/// The name that dbt gives a test, after its start: the test and the tested item, then the arguments sorted by name.
fn full_name(definition: &TestDefinition, tested: &Tested<'_>) -> (String, String) {
    let (package, test) = definition.test.rsplit_once('.').unzip();
    let package = package.map(|package| format!("{package}_")).unwrap_or_default();
    let test = test.unwrap_or(&definition.test);
    let (kind, target) = match tested {
        Tested::Node(name) => ("", (*name).to_owned()),
        Tested::Source(source, table) => ("source_", format!("{source}_{table}")),
    };
    let mut arguments: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    if let Some(column) = &definition.column {
        arguments.insert("column_name", vec![column.clone()]);
    }
    for (key, value) in &definition.arguments {
        let texts = match value {
            Json::Array(items) => items.iter().map(plain_text).collect(),
            Json::Object(map) => map.values().map(plain_text).collect(),
            other => vec![plain_text(other)],
        };
        arguments.insert(key, texts);
    }
    let flat: Vec<String> = arguments.into_values().flatten().map(|text| cleaned(&text)).collect();
    let identifier = format!("{package}{kind}{test}_{target}");
    let name = format!("{identifier}_{}", flat.join("__"));
    (identifier, name)
}

/// The alias that dbt gives a test whose name is too long for a table.
fn short_name(identifier: &str, name: &str) -> Option<String> {
    let start: String = identifier.chars().take(30).collect();
    (name.chars().count() >= 64).then(|| format!("{start}_{}", unique_id::md5(name)))
}

/// Replaces runs of characters other than letters, digits, and underscores with one underscore.
fn cleaned(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut in_gap = false;
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || c == '_' {
            clean.push(c);
            in_gap = false;
        } else if !in_gap {
            clean.push('_');
            in_gap = true;
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tests_are_called_as_in_dbt() {
        let check = |test: &str, config: Json, expected: &str| {
            assert_eq!(call(test, config.as_object().expect("object")), expected);
        };
        check("dbt.unique", json!({}), "{{ dbt.test_unique(**_dbt_generic_test_kwargs) }}");
        check(
            "own",
            json!({
                "custom": {"a": 1}, "where": "a = \"x\"", "tags": ["a", "b'c"], "limit": 5, "severity": "warn", "enabled": null,
                "meta": {"x": 1, "y": [1.0, null, true], "z": "it's"},
            }),
            "{{ test_own(**_dbt_generic_test_kwargs) }}{{ config(severity=\"warn\",tags=['a', \"b'c\"],where=\"a = \\\"x\\\"\",\
             limit=5,meta={'x': 1, 'y': [1.0, None, True], 'z': \"it's\"},custom={'a': 1}) }}",
        );
        check(
            "p.own",
            json!({"custom": "x", "enabled": true, "alias": "al", "fail_calc": "count(*)"}),
            "{{ p.test_own(**_dbt_generic_test_kwargs) }}{{ config(enabled=True,fail_calc=\"count(*)\",alias=\"al\",custom=\"x\") }}",
        );
    }
}
