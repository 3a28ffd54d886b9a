//! Projects written for a test, and the contents of the database after a run.

#![allow(dead_code, reason = "each test binary uses only part of it")]

use std::path::{Path, PathBuf};

use planalign_config::{Database, DatabaseOptions};
use planalign_dbt::{
    AfterFailure, EmbeddedRunner, Flow, ModelRunner, NodeResult, Outcome, ResourceType, RunnerError, Selection,
    TestResult, Vars,
};
use serde_json::Value as Json;

/// The files of a folder below `tests`, sorted.
pub(crate) fn paths(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).expect("folder").map(|entry| entry.expect("entry").path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths
}

/// The files of a project in one text, where `-- file: path` starts a file, and the lines before the first.
pub(crate) fn project_files(text: &str) -> (&str, Vec<(&str, &str)>) {
    let mut parts = text.split("-- file: ");
    let head = parts.next().unwrap_or_default();
    (head, parts.filter_map(|part| part.split_once('\n')).map(|(path, content)| (path.trim(), content)).collect())
}

/// A project in a temporary folder with an in-memory database.
pub(crate) struct Fixture {
    folder: tempfile::TempDir,
    pub(crate) database: Database,
}

impl Fixture {
    /// A project with these files, given as pairs of path and content; `dbt_project.yml` may be left out.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("temp dir");
        let database = Database::in_memory(&DatabaseOptions::default()).expect("database");
        let fixture = Self { folder, database };
        fixture.write("dbt_project.yml", "name: p\n");
        for (path, content) in files {
            fixture.write(path, content);
        }
        fixture
    }

    pub(crate) fn write(&self, path: &str, content: &str) {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("parent")).expect("create dir");
        std::fs::write(path, content).expect("write");
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn load(&self) -> Result<EmbeddedRunner, RunnerError> {
        self.load_with(&vars("{}"))
    }

    pub(crate) fn load_with(&self, vars: &Vars) -> Result<EmbeddedRunner, RunnerError> {
        EmbeddedRunner::load(self.path(), self.database.clone(), vars)
    }

    /// Loads and builds everything.
    pub(crate) fn build(&self) -> Result<Vec<NodeResult>, RunnerError> {
        run(&mut self.load()?, "", &vars("{}"))
    }

    /// All rows of a query, one per line.
    pub(crate) fn rows(&self, sql: &str) -> String {
        rows(&self.database, sql)
    }
}

pub(crate) fn vars(json: &str) -> Vars {
    match serde_json::from_str(json).expect("JSON") {
        Json::Object(map) => map,
        other => panic!("{other} is not an object"),
    }
}

pub(crate) fn run(runner: &mut EmbeddedRunner, selection: &str, vars: &Vars) -> Result<Vec<NodeResult>, RunnerError> {
    let names = runner.select(selection)?;
    runner.run(&names, vars, 1, &mut |_| Flow::Continue)
}

pub(crate) fn run_tests(
    runner: &mut EmbeddedRunner,
    selection: &str,
    vars: &Vars,
) -> Result<Vec<TestResult>, RunnerError> {
    let tests = Selection::of(selection).only([ResourceType::Test]);
    let outcomes = runner.build(&tests, vars, AfterFailure::Continue, &mut |_| Flow::Continue)?;
    let result = |outcome| match outcome {
        Outcome::Tested(result) => Ok(result),
        Outcome::Failed(failure) => Err(failure.error),
        other => panic!("{other:?} is not the outcome of a test"),
    };
    outcomes.into_iter().map(result).collect()
}

pub(crate) fn rows(database: &Database, sql: &str) -> String {
    let table = database.query(sql, &[]).expect("query");
    let line = |row: &planalign_config::Row| row.values().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    table.rows.iter().map(line).collect::<Vec<_>>().join("\n")
}
