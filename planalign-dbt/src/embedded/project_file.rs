//! `dbt_project.yml`.

use std::path::Path;
use std::sync::Arc;

use minijinja::Environment;
use serde_json::{Map, Value as Json};

use super::dbt_version;
use super::files;
use super::jinja::context::Context;
use super::yaml::{Data, Yaml};
use super::yaml_jinja::render_properties;
use crate::runner::RunnerError;

/// The content of the file.
#[derive(Debug)]
pub(crate) struct ProjectFile {
    pub(crate) name: String,
    /// The profile that it names.
    pub(crate) profile: Option<String>,
    /// The folder for artifacts.
    pub(crate) target_path: Option<String>,
    pub(crate) model_paths: Vec<String>,
    pub(crate) seed_paths: Vec<String>,
    pub(crate) test_paths: Vec<String>,
    pub(crate) macro_paths: Vec<String>,
    /// Paths from which only properties files are read; what else they define is refused, except for analyses.
    pub(crate) snapshot_paths: Vec<String>,
    pub(crate) function_paths: Vec<String>,
    pub(crate) analysis_paths: Vec<String>,
    /// Variables for all packages, overridden by those for this project, which are also one variable with its name.
    pub(crate) vars: Map<String, Json>,
    /// Configuration trees by resource type.
    pub(crate) models: Yaml,
    pub(crate) seeds: Yaml,
    pub(crate) tests: Yaml,
    pub(crate) sources: Yaml,
    pub(crate) exposures: Yaml,
}

pub(crate) const PROJECT_FILE: &str = "dbt_project.yml";

/// Keys that don't affect what is built.
const IGNORED: [&str; 17] = [
    "version",
    "config-version",
    "log-path",
    "clean-targets",
    "packages-install-path",
    "asset-paths",
    "docs-paths",
    "docs",
    "metrics",
    "analyses",
    "unit_tests",
    "saved-queries",
    "semantic-models",
    "restrict-access",
    "dbt-cloud",
    "unit-tests",
    "query-comment",
];

/// Keys that are read.
const READ: [&str; 21] = [
    "name",
    "profile",
    "require-dbt-version",
    "target-path",
    "flags",
    "vars",
    "model-paths",
    "source-paths",
    "seed-paths",
    "data-paths",
    "test-paths",
    "macro-paths",
    "snapshot-paths",
    "function-paths",
    "analysis-paths",
    "models",
    "seeds",
    "tests",
    "data_tests",
    "sources",
    "exposures",
];

impl ProjectFile {
    /// Reads the file in a project directory.
    pub(crate) fn load(directory: &Path) -> Result<Self, RunnerError> {
        Self::parse(&read(directory)?)
    }

    /// Reads the file in a project directory without refusing what is not supported.
    pub(crate) fn load_any(directory: &Path) -> Result<Self, RunnerError> {
        Self::of(&read(directory)?)
    }

    /// Renders the Jinja in the configuration trees.
    pub(crate) fn render(&mut self, env: &Environment<'static>, context: &Arc<Context>) -> Result<(), RunnerError> {
        for tree in [&mut self.models, &mut self.seeds, &mut self.tests, &mut self.sources, &mut self.exposures] {
            *tree = render_properties(tree, PROJECT_FILE, env, context)?;
        }
        Ok(())
    }

    /// All paths in which dbt looks for properties files.
    pub(crate) fn property_paths(&self) -> Vec<String> {
        let paths = [
            &self.model_paths,
            &self.seed_paths,
            &self.test_paths,
            &self.macro_paths,
            &self.snapshot_paths,
            &self.function_paths,
            &self.analysis_paths,
        ];
        let mut all: Vec<String> = Vec::new();
        for path in paths.into_iter().flatten() {
            if !all.contains(path) {
                all.push(path.clone());
            }
        }
        all
    }

    fn parse(yaml: &Yaml) -> Result<Self, RunnerError> {
        let file = Self::of(yaml)?;
        check_name(&file.name)?;
        if let Some(required) = yaml.get("require-dbt-version") {
            dbt_version::check(required)?;
        }
        for (key, value) in yaml.pairs() {
            check_key(key, value)?;
        }
        for flag in ignored_flags(yaml) {
            log::warn!("{PROJECT_FILE}: the flag {flag} has no effect here");
        }
        Ok(file)
    }

    fn of(yaml: &Yaml) -> Result<Self, RunnerError> {
        let name = yaml.get("name").and_then(Yaml::text).ok_or_else(|| problem(Some(1), "name is missing".into()))?;
        let tree = |names: [&str; 2]| {
            names.iter().find_map(|n| yaml.get(n)).cloned().unwrap_or(Yaml { line: 0, data: Data::Map(Vec::new()) })
        };
        Ok(Self {
            name: name.to_owned(),
            profile: yaml.get("profile").and_then(Yaml::text).map(str::to_owned),
            target_path: yaml.get("target-path").and_then(Yaml::text).map(str::to_owned),
            model_paths: paths(yaml, ["model-paths", "source-paths"], &["models"]),
            seed_paths: paths(yaml, ["seed-paths", "data-paths"], &["seeds"]),
            test_paths: paths(yaml, ["test-paths", "test-paths"], &["tests"]),
            macro_paths: paths(yaml, ["macro-paths", "macro-paths"], &["macros"]),
            snapshot_paths: paths(yaml, ["snapshot-paths", "snapshot-paths"], &["snapshots"]),
            function_paths: paths(yaml, ["function-paths", "function-paths"], &["functions"]),
            analysis_paths: paths(yaml, ["analysis-paths", "analysis-paths"], &["analyses"]),
            vars: vars(yaml, name),
            models: tree(["models", "models"]),
            seeds: tree(["seeds", "seeds"]),
            tests: tree(["data_tests", "tests"]),
            sources: tree(["sources", "sources"]),
            exposures: tree(["exposures", "exposures"]),
        })
    }
}

fn read(directory: &Path) -> Result<Yaml, RunnerError> {
    let path = directory.join(PROJECT_FILE);
    std::fs::metadata(&path).map_err(|e| problem(None, format!("cannot read {}: {e}", path.display())))?;
    Yaml::parse(PROJECT_FILE, &files::read(&path, PROJECT_FILE)?)
}

fn check_name(name: &str) -> Result<(), RunnerError> {
    let starts = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    if starts && name.chars().all(|c| c.is_alphanumeric() || c == '_') {
        return Ok(());
    }
    let message = format!(
        "the project's name `{name}` must consist of letters, digits, and underscores, and not start with a digit"
    );
    Err(problem(None, message))
}

fn check_key(key: &str, value: &Yaml) -> Result<(), RunnerError> {
    let refuse = |hint: &str| Err(RunnerError::unsupported(key, PROJECT_FILE, hint));
    match key {
        _ if READ.contains(&key) || IGNORED.contains(&key) => Ok(()),
        _ if value.is_null() || value.items().is_empty() && value.pairs().is_empty() && !is_scalar(value) => Ok(()),
        "on-run-start" | "on-run-end" => refuse("use a pre_hook or post_hook of a model"),
        "snapshots" => refuse("keep history in an incremental model"),
        "dispatch" => refuse("leave it out (packages are not loaded)"),
        "quoting" => refuse("leave it out (names are always quoted, as dbt-duckdb does by default)"),
        _ => Err(problem(Some(value.line), format!("{key} is not a key of {PROJECT_FILE}"))),
    }
}

/// Flags that would change what dbt does, and aren't off.
const FLAGS: [&str; 7] =
    ["defer", "empty", "fail_fast", "full_refresh", "indirect_selection", "store_failures", "warn_error"];

/// The flags of a project that are ignored and would matter.
fn ignored_flags(yaml: &Yaml) -> Vec<&str> {
    let flags = yaml.get("flags").map(Yaml::pairs).unwrap_or_default();
    let is_off =
        |value: &Yaml| value.is_null() || value.to_json() == Json::Bool(false) || value.text() == Some("eager");
    flags
        .iter()
        .filter(|(name, value)| FLAGS.contains(&name.as_str()) && !is_off(value))
        .map(|(name, _)| name.as_str())
        .collect()
}

fn is_scalar(value: &Yaml) -> bool {
    matches!(value.data, Data::Scalar(_))
}

fn paths(yaml: &Yaml, keys: [&str; 2], default: &[&str]) -> Vec<String> {
    match keys.iter().find_map(|key| yaml.get(key)) {
        Some(list) => {
            list.items().iter().filter_map(|p| p.text().map(|p| p.trim_end_matches('/').to_owned())).collect()
        }
        None => default.iter().map(|p| (*p).to_owned()).collect(),
    }
}

fn vars(yaml: &Yaml, project: &str) -> Map<String, Json> {
    let Some(all) = yaml.get("vars") else { return Map::new() };
    let mut vars: Map<_, _> = all.pairs().iter().map(|(k, v)| (k.clone(), v.to_json())).collect();
    if let Some(Json::Object(own)) = vars.get(project).cloned() {
        vars.extend(own);
    }
    vars
}

pub(crate) fn problem(line: Option<usize>, message: String) -> RunnerError {
    RunnerError::Project { file: PROJECT_FILE.to_owned(), line, message }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(text: &str) -> Result<ProjectFile, RunnerError> {
        ProjectFile::parse(&Yaml::parse(PROJECT_FILE, text).expect("yaml"))
    }

    #[test]
    fn project_variables_override_global_ones() {
        let file = parse("name: p\nvars: {a: 1, b: 1, p: {b: 2}}\nmodel-paths: [m/]").expect("valid");
        assert_eq!(Json::Object(file.vars), json!({"a": 1, "b": 2, "p": {"b": 2}}));
        assert_eq!((file.model_paths, file.seed_paths), (vec!["m".to_owned()], vec!["seeds".to_owned()]));
    }

    #[test]
    fn flags_that_would_matter_are_named() {
        let text = "name: p\nflags: {warn_error: true, fail_fast: false, indirect_selection: eager, use_colors: true}";
        assert_eq!(ignored_flags(&Yaml::parse(PROJECT_FILE, text).expect("yaml")), ["warn_error"]);
    }

    #[test]
    fn invalid_and_unsupported_keys_are_reported() {
        for (text, expected) in [
            ("profile: p", "dbt_project.yml:1: name is missing"),
            (
                "name: my-p",
                "dbt_project.yml: the project's name `my-p` must consist of letters, digits, and underscores, and not start with a digit",
            ),
            ("name: p\nmodells: {}\nmodel: 1", "dbt_project.yml:3: model is not a key of dbt_project.yml"),
            (
                "name: p\non-run-start: select 1",
                "dbt_project.yml uses on-run-start, which is not supported: use a pre_hook or post_hook of a model; or use dbt itself (`dbt build`, or `--runner dbt` in a simulation)",
            ),
            (
                "name: p\non-run-end: []\nsnapshots: {p: {x: 1}}",
                "dbt_project.yml uses snapshots, which is not supported: keep history in an incremental model; or use dbt itself (`dbt build`, or `--runner dbt` in a simulation)",
            ),
        ] {
            assert_eq!(parse(text).expect_err("refused").to_string(), expected);
        }
    }
}
