//! `schema.yml`: configuration and tests of models, seeds, and sources.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

use planalign_config::sql;

use super::config::{one_or_many, plain_text};
use super::exposures::Exposure;
use super::source_config;
use super::yaml::{Data, Yaml};
use crate::runner::RunnerError;

/// The combined content of all files.
#[derive(Debug, Default)]
pub(crate) struct SchemaFiles {
    /// Models and seeds.
    pub(crate) patches: Vec<Patch>,
    pub(crate) sources: Vec<SourceTable>,
    pub(crate) exposures: Vec<Exposure>,
    /// Properties of singular tests, by name.
    pub(crate) singular_tests: BTreeMap<String, SingularTest>,
}

/// Properties of a singular test.
#[derive(Clone, Debug)]
pub(crate) struct SingularTest {
    pub(crate) file: String,
    pub(crate) config: Map<String, Json>,
}

/// Properties of a model or seed.
#[derive(Debug)]
pub(crate) struct Patch {
    pub(crate) name: String,
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) is_seed: bool,
    pub(crate) description: String,
    pub(crate) config: Map<String, Json>,
    pub(crate) columns: Map<String, Json>,
    pub(crate) tests: Vec<TestDefinition>,
}

/// A table that the project reads but doesn't build.
#[derive(Debug)]
pub(crate) struct SourceTable {
    pub(crate) source: String,
    pub(crate) table: String,
    pub(crate) database: Option<String>,
    pub(crate) schema: String,
    pub(crate) identifier: String,
    pub(crate) file: String,
    pub(crate) source_description: String,
    pub(crate) description: String,
    pub(crate) columns: Map<String, Json>,
    pub(crate) tags: Vec<String>,
    pub(crate) loader: String,
    /// The `meta` of the source.
    pub(crate) source_meta: Map<String, Json>,
    /// Its configuration for the manifest.
    pub(crate) config: Map<String, Json>,
    /// Whether its own properties enable it.
    pub(crate) enabled: Option<bool>,
    /// Whether dbt-duckdb reads it from a file or with a plugin.
    pub(crate) is_external: bool,
    pub(crate) tests: Vec<TestDefinition>,
}

/// A generic test on a model, column, or source.
#[derive(Clone, Debug)]
pub(crate) struct TestDefinition {
    /// Name of the `{% test %}` macro.
    pub(crate) test: String,
    /// Name given by the user.
    pub(crate) name: Option<String>,
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) column: Option<String>,
    pub(crate) arguments: Map<String, Json>,
    pub(crate) config: Map<String, Json>,
}

/// Sections that don't affect what is built.
const IGNORED: [&str; 10] = [
    "version",
    "tests",
    "macros",
    "exposures",
    "metrics",
    "groups",
    "semantic_models",
    "saved_queries",
    "analyses",
    "anchors",
];

/// Keys of a test that configure it, in the order of dbt; all others are arguments.
pub(crate) const TEST_CONFIG: [&str; 14] = [
    "severity",
    "tags",
    "enabled",
    "where",
    "limit",
    "warn_if",
    "error_if",
    "fail_calc",
    "store_failures",
    "store_failures_as",
    "meta",
    "database",
    "schema",
    "alias",
];

/// Keys of a source's `meta` and `config` by which dbt-duckdb doesn't read it from the database.
pub(crate) const EXTERNAL: [&str; 2] = ["external_location", "plugin"];

impl SchemaFiles {
    /// Adds the content of a file.
    pub(crate) fn read(&mut self, file: &str, yaml: &Yaml) -> Result<(), RunnerError> {
        for (section, content) in yaml.pairs() {
            match section.as_str() {
                "models" | "seeds" => {
                    for item in items(file, section, content)? {
                        self.patches.push(patch(file, item, section == "seeds")?);
                    }
                }
                "sources" => {
                    for item in items(file, section, content)? {
                        for table in source(file, item)? {
                            self.add_source(table, item.line)?;
                        }
                    }
                }
                "unit_tests" => log::warn!("{file}: unit tests are not supported; run them with `dbt test`"),
                "snapshots" => return Err(refuse("snapshots", file, "keep history in an incremental model")),
                "functions" => return Err(refuse("user-defined functions", file, "write a macro")),
                "data_tests" => {
                    for item in items(file, section, content)? {
                        let test = SingularTest { file: file.to_owned(), config: map_of(item, "config") };
                        self.singular_tests.insert(name_of(file, item)?, test);
                    }
                }
                _ if IGNORED.contains(&section.as_str()) => {}
                _ => {
                    return Err(problem(
                        file,
                        content.line,
                        format!("{section} is not a section of a properties file"),
                    ));
                }
            }
        }
        Ok(())
    }
}

impl SchemaFiles {
    fn add_source(&mut self, table: SourceTable, line: usize) -> Result<(), RunnerError> {
        let is_same = |known: &&SourceTable| known.source == table.source && known.table == table.table;
        if let Some(known) = self.sources.iter().find(is_same) {
            let message = format!("source {}.{} is also defined in {}", table.source, table.table, known.file);
            return Err(problem(&table.file, line, message));
        }
        self.sources.push(table);
        Ok(())
    }
}

fn problem(file: &str, line: usize, message: String) -> RunnerError {
    RunnerError::Project { file: file.to_owned(), line: Some(line), message }
}

fn refuse(feature: &str, node: &str, hint: &str) -> RunnerError {
    RunnerError::unsupported(feature, node, hint)
}

fn name_of(file: &str, item: &Yaml) -> Result<String, RunnerError> {
    item.get("name")
        .and_then(Yaml::text)
        .map(str::to_owned)
        .ok_or_else(|| problem(file, item.line, "name is missing".into()))
}

/// The items of a list; none if there is no such key.
fn list_of<'y>(file: &str, item: &'y Yaml, key: &str) -> Result<&'y [Yaml], RunnerError> {
    item.get(key).map_or(Ok(&[]), |value| items(file, key, value))
}

/// The items of the list with this key.
fn items<'y>(file: &str, key: &str, value: &'y Yaml) -> Result<&'y [Yaml], RunnerError> {
    let Data::List(items) = &value.data else {
        let message = format!("{key} is not a list; start each item with a dash, or remove the key");
        return Err(problem(file, value.line, message));
    };
    Ok(items)
}

fn text_of(item: &Yaml, key: &str) -> Option<String> {
    item.get(key).and_then(Yaml::text).map(str::to_owned)
}

fn map_of(item: &Yaml, key: &str) -> Map<String, Json> {
    item.get(key).map(|m| m.pairs().iter().map(|(k, v)| (k.clone(), v.to_json())).collect()).unwrap_or_default()
}

fn patch(file: &str, item: &Yaml, is_seed: bool) -> Result<Patch, RunnerError> {
    let name = name_of(file, item)?;
    if item.get("versions").is_some() {
        return Err(refuse("model versions", &name, "give each version of the model its own name"));
    }
    let mut config = map_of(item, "config");
    for key in ["tags", "meta"] {
        if let Some(value) = item.get(key) {
            config.entry(key).or_insert_with(|| value.to_json());
        }
    }
    let (columns, tests) = columns_and_tests(file, item)?;
    let description = text_of(item, "description").unwrap_or_default();
    Ok(Patch { name, file: file.to_owned(), line: item.line, is_seed, description, config, columns, tests })
}

/// The columns by name, and the tests of the item and its columns.
fn columns_and_tests(file: &str, item: &Yaml) -> Result<(Map<String, Json>, Vec<TestDefinition>), RunnerError> {
    let mut columns = Map::new();
    let mut tests = tests(file, item, None)?;
    for column in list_of(file, item, "columns")? {
        let name = name_of(file, column)?;
        let mut described = Map::new();
        for key in ["name", "description", "data_type", "meta", "tags"] {
            if let Some(value) = column.get(key) {
                described.insert(key.to_owned(), value.to_json());
            }
        }
        let quoted = column.get("quote").map(Yaml::to_json) == Some(Json::Bool(true));
        let tested = if quoted { sql::identifier(&name) } else { name.clone() };
        tests.append(&mut self::tests(file, column, Some(&tested))?);
        columns.insert(name, Json::Object(described));
    }
    Ok((columns, tests))
}

fn tests(file: &str, item: &Yaml, column: Option<&str>) -> Result<Vec<TestDefinition>, RunnerError> {
    let definitions = list_of(file, item, "data_tests")?.iter().chain(list_of(file, item, "tests")?);
    definitions.map(|definition| test(file, definition, column)).collect()
}

/// `unique`, `{accepted_values: {...}}`, or `{name: ..., test_name: ...}`.
fn test(file: &str, definition: &Yaml, column: Option<&str>) -> Result<TestDefinition, RunnerError> {
    let malformed = || problem(file, definition.line, "a test is a name, or a name with arguments".into());
    let empty = Yaml { line: definition.line, data: Data::Map(Vec::new()) };
    let (test, body) = match (&definition.data, definition.get("test_name").and_then(Yaml::text)) {
        (_, Some(test)) => (test, definition),
        (Data::Map(pairs), None) => match pairs.as_slice() {
            [(test, body)] => (test.as_str(), body),
            [(test, first), more @ ..] if first.is_null() || first.is_map() => {
                // Arguments at the same indentation as the name.
                let mut merged = first.pairs().to_vec();
                merged.extend(more.iter().cloned());
                return Ok(test_of(
                    file,
                    test,
                    &Yaml { line: definition.line, data: Data::Map(merged) },
                    column,
                    definition.line,
                ));
            }
            _ => return Err(malformed()),
        },
        (Data::Scalar(Json::String(test)), None) => (test.as_str(), &empty),
        _ => return Err(malformed()),
    };
    Ok(test_of(file, test, body, column, definition.line))
}

fn test_of(file: &str, test: &str, body: &Yaml, column: Option<&str>, line: usize) -> TestDefinition {
    let mut config = map_of(body, "config");
    let mut arguments = Map::new();
    let mut name = None;
    for (key, value) in body.pairs() {
        match key.as_str() {
            "arguments" if value.is_null() => {}
            "arguments" if value.is_map() => arguments.extend(map_of(body, "arguments")),
            "name" => name = value.text().map(str::to_owned),
            "config" | "description" | "test_name" => {}
            _ if TEST_CONFIG.contains(&key.as_str()) => _ = config.insert(key.clone(), value.to_json()),
            _ => _ = arguments.insert(key.clone(), value.to_json()),
        }
    }
    TestDefinition {
        test: test.to_owned(),
        name,
        file: file.to_owned(),
        line,
        column: column.map(str::to_owned),
        arguments,
        config,
    }
}

/// Whether dbt-duckdb reads a source or table from a file or with a plugin.
fn is_external(of: &Yaml) -> bool {
    let config = of.get("config");
    let places = [of.get("meta"), config, config.and_then(|config| config.get("meta"))];
    places.into_iter().flatten().any(|place| EXTERNAL.iter().any(|key| place.get(key).is_some()))
}

fn source(file: &str, item: &Yaml) -> Result<Vec<SourceTable>, RunnerError> {
    let source = name_of(file, item)?;
    let enabled = |of: &Yaml| of.get("config").and_then(|c| c.get("enabled")).and_then(|e| e.to_json().as_bool());
    let mut tables = Vec::new();
    for table in list_of(file, item, "tables")? {
        let name = name_of(file, table)?;
        let (columns, tests) = columns_and_tests(file, table)?;
        let tags =
            [item, table].into_iter().flat_map(|of| [of.get("tags"), of.get("config").and_then(|c| c.get("tags"))]);
        let tags = tags.flatten().flat_map(|tags| one_or_many(&tags.to_json())).map(|tag| plain_text(&tag));
        let tags: Vec<String> = tags.collect::<BTreeSet<_>>().into_iter().collect();
        tables.push(SourceTable {
            loader: text_of(item, "loader").unwrap_or_default(),
            source_meta: source_config::meta(item),
            config: source_config::of_table(item, table, &tags),
            source: source.clone(),
            database: text_of(item, "database"),
            schema: text_of(item, "schema").unwrap_or_else(|| source.clone()),
            identifier: text_of(table, "identifier").unwrap_or_else(|| name.clone()),
            file: file.to_owned(),
            enabled: enabled(table).or(enabled(item)),
            is_external: table.get("external").is_some() || is_external(item) || is_external(table),
            table: name,
            source_description: text_of(item, "description").unwrap_or_default(),
            description: text_of(table, "description").unwrap_or_default(),
            columns,
            tags,
            tests,
        });
    }
    Ok(tables)
}
