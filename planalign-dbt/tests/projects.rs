//! Small projects that the embedded runner must build as real dbt does: relations, columns, types, rows, and statuses.
//!
//! Each is one file in `projects`. Lines before the first `-- file: path` say what it shows, and what happens in turn in one
//! database: `-- env: NAME=value` sets a variable for `env_var`, `-- sql: statement` changes the database, and
//! `-- build: arguments` calls `dbt build` (`--select`, `--exclude`, `--vars`, and `--full-refresh`). Without a `-- build:` line, it is
//! called once without arguments.
//!
//! `NAME.expected` next to a project is what dbt left, recorded by `cargo xtask projects`. It names the text that it was
//! recorded for, so that the test fails for a project edited since.

mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use planalign_config::{Database, DatabaseOptions, UnitOfWork, Value, full_message};
use planalign_dbt::{
    AfterFailure, EmbeddedRunner, Flow, LoadOptions, ModelRunner, Outcome, RunnerError, Selection, TestStatus, Vars,
};
use serde_json::{Value as Json, json};
use support::{Fixture, paths, project_files, vars};

/// A project of the folder.
struct Project {
    name: String,
    text: String,
    environment: BTreeMap<String, String>,
    steps: Vec<Step>,
}

enum Step {
    Sql(String),
    Build(Vec<String>),
}

/// What happened in a call of `dbt build`: the status of each node, or why it failed as a whole.
type Called = Result<BTreeMap<String, String>, String>;

impl Project {
    fn read(path: &Path) -> Self {
        let name = path.file_stem().expect("name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(path).expect("project");
        let (mut environment, mut steps) = (BTreeMap::new(), Vec::new());
        for line in project_files(&text).0.lines() {
            if let Some(sql) = line.strip_prefix("-- sql: ") {
                steps.push(Step::Sql(sql.to_owned()));
            } else if let Some(arguments) = line.strip_prefix("-- build:") {
                steps.push(Step::Build(words(arguments)));
            } else if let Some((name, value)) = line.strip_prefix("-- env: ").and_then(|pair| pair.split_once('=')) {
                environment.insert(name.to_owned(), value.to_owned());
            }
        }
        if !steps.iter().any(|step| matches!(step, Step::Build(_))) {
            steps.push(Step::Build(Vec::new()));
        }
        Self { name, text, environment, steps }
    }

    fn fixture(&self) -> Fixture {
        Fixture::new(&project_files(&self.text).1)
    }

    fn record(&self, outcomes: &[Called], database: &Database) -> String {
        let mut out = recorded_for(self);
        let builds = self.steps.iter().filter_map(|step| match step {
            Step::Build(arguments) => Some(arguments.join(" ")),
            Step::Sql(_) => None,
        });
        for (arguments, outcome) in builds.zip(outcomes) {
            _ = writeln!(out, "\n{}", format!("build {arguments}").trim());
            match outcome {
                Ok(statuses) if statuses.is_empty() => out.push_str("  nothing\n"),
                Ok(statuses) => statuses.iter().for_each(|(node, status)| _ = writeln!(out, "  {status:<7} {node}")),
                Err(message) => {
                    _ = writeln!(out, "  failed: {}", message.split_whitespace().collect::<Vec<_>>().join(" "));
                }
            }
        }
        out + &state(database)
    }
}

/// The first line of a record, which identifies the project's text.
fn recorded_for(project: &Project) -> String {
    let database = Database::in_memory(&DatabaseOptions::default()).expect("database");
    let hash = database.query_value("select md5($1)", &[Value::Text(project.text.clone())]).expect("hash");
    format!("recorded for {}\n", hash.text().expect("text"))
}

/// The words of a command line, where single quotes hold a word together.
fn words(line: &str) -> Vec<String> {
    let parts = line.split('\'').enumerate();
    let words = parts.flat_map(|(at, part)| match at % 2 {
        0 => part.split_whitespace().map(str::to_owned).collect(),
        _ => vec![part.to_owned()],
    });
    words.collect()
}

/// All relations with their columns and rows, without the old ones that dbt leaves behind after a full refresh.
fn state(database: &Database) -> String {
    let mut out = String::new();
    let relations = "select schema_name, table_name, 'table' from duckdb_tables() where not internal and not temporary \
                     union all select schema_name, view_name, 'view' from duckdb_views() where not internal and not temporary order by all";
    for relation in texts(database, relations).iter().filter(|relation| !relation[1].ends_with("__dbt_backup")) {
        let (schema, name, kind) = (&relation[0], &relation[1], &relation[2]);
        let columns = format!(
            "select column_name, data_type from duckdb_columns() where schema_name = '{schema}' and table_name = '{name}' order by column_index"
        );
        let columns = texts(database, &columns);
        let shown: Vec<_> = columns.iter().map(|column| format!("{} {}", column[0], column[1])).collect();
        _ = writeln!(out, "\n{kind} {schema}.{name} ({})", shown.join(", "));
        let cells: Vec<_> = columns.iter().map(|column| cell(column)).collect();
        let rows = format!("select concat_ws(', ', {}) from \"{schema}\".\"{name}\" order by 1", cells.join(", "));
        match database.query(&rows, &[]) {
            Ok(found) => found.rows.iter().for_each(|row| _ = writeln!(out, "  {}", row.values()[0])),
            Err(error) => _ = writeln!(out, "  {}", full_message(&error)),
        }
    }
    out
}

/// The text of a column's values: text is quoted, and its line breaks are escaped.
fn cell(column: &[String]) -> String {
    let name = format!("\"{}\"", column[0].replace('"', "\"\""));
    match column[1].as_str() {
        "VARCHAR" => format!("coalesce('''' || replace({name}, chr(10), '\\n') || '''', 'NULL')"),
        _ => format!("coalesce({name}::varchar, 'NULL')"),
    }
}

fn texts(database: &Database, sql: &str) -> Vec<Vec<String>> {
    let table = database.query(sql, &[]).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    table.rows.iter().map(|row| row.values().iter().map(ToString::to_string).collect()).collect()
}

/// A call of `dbt build` for the embedded runner.
struct Call {
    runner: EmbeddedRunner,
    selection: Selection,
    vars: Vars,
}

type Outcomes = Result<Vec<Outcome>, RunnerError>;

/// Builds the project with the embedded runner, which `run` calls.
fn embedded(project: &Project, run: &dyn Fn(Call, &Database) -> Outcomes) -> String {
    let fixture = project.fixture();
    let mut outcomes = Vec::new();
    for step in &project.steps {
        match step {
            Step::Sql(sql) => fixture.database.execute_batch(sql).expect("statement"),
            Step::Build(arguments) => {
                let built = call(project, &fixture, arguments).and_then(|call| run(call, &fixture.database));
                outcomes.push(called(built));
            }
        }
    }
    project.record(&outcomes, &fixture.database)
}

fn call(project: &Project, fixture: &Fixture, arguments: &[String]) -> Result<Call, RunnerError> {
    let (mut selection, mut given) = (Selection::default(), vars("{}"));
    let mut options =
        LoadOptions { environment: project.environment.clone(), defers_errors: true, ..LoadOptions::default() };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().expect("value").clone();
        match argument.as_str() {
            "--full-refresh" => options.full_refresh = true,
            "--select" => selection.select = value(),
            "--exclude" => selection.exclude = value(),
            "--vars" => given = vars(&value()),
            other => panic!("{other} is not known to the test"),
        }
    }
    let runner = EmbeddedRunner::load_with(fixture.path(), fixture.database.clone(), &given, options)?;
    Ok(Call { runner, selection, vars: given })
}

fn called(built: Outcomes) -> Called {
    let named = |outcome: &Outcome| format!("{} {}", outcome.resource_type().as_str(), outcome.name());
    let outcomes = built.map_err(|error| full_message(&error))?;
    Ok(outcomes.iter().map(|outcome| (named(outcome), status(outcome).to_owned())).collect())
}

fn build(mut call: Call, _: &Database) -> Result<Vec<Outcome>, RunnerError> {
    call.runner.build(&call.selection, &call.vars, AfterFailure::Continue, &mut |_| Flow::Continue)
}

/// Builds seeds and models as a stage of a simulation does, in one transaction.
fn build_stage(mut call: Call, database: &Database, workers: usize) -> Result<Vec<Outcome>, RunnerError> {
    let mut unit = database.clone();
    let nodes = call.runner.select(&call.selection.select)?;
    unit.begin().expect("begin");
    let built = call.runner.run(&nodes, &call.vars, workers, &mut |_| Flow::Continue);
    if built.is_ok() { unit.commit() } else { unit.rollback() }.expect("end");
    Ok(built?.into_iter().map(Outcome::Built).collect())
}

/// dbt's word for what became of a node.
fn status(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Built(_) => "success",
        Outcome::Failed(_) => "error",
        Outcome::Skipped(_) => "skipped",
        Outcome::Tested(test) => match test.status {
            TestStatus::Pass => "pass",
            TestStatus::Warn => "warn",
            TestStatus::Fail => "fail",
        },
    }
}

/// The Python of the dbt that records; see `cargo xtask projects`.
const ORACLE: &str = "PLANALIGN_DBT_PYTHON";

/// Whether it records all projects, and not only those that are new or were edited.
const ALL: &str = "PLANALIGN_DBT_ALL";

/// Has dbt build the projects, and records what it leaves.
fn record(projects: &[&Project], python: &str) {
    let work = tempfile::tempdir().expect("folder");
    let fixtures: Vec<_> = projects.iter().map(|project| project.fixture()).collect();
    let database = |project: &Project| work.path().join(&project.name).join("memory.duckdb");
    let jobs = projects.iter().zip(&fixtures).map(|(project, fixture)| {
        let folder = work.path().join(&project.name);
        let output = json!({ "type": "duckdb", "path": database(project), "threads": 1 });
        let profiles = json!({ "oracle": { "target": "dev", "outputs": { "dev": output } } });
        std::fs::create_dir_all(&folder).expect("folder");
        std::fs::write(folder.join("profiles.yml"), profiles.to_string()).expect("profiles");
        let steps = project.steps.iter().map(|step| match step {
            Step::Sql(sql) => json!({ "sql": sql }),
            Step::Build(arguments) => json!({ "build": arguments }),
        });
        json!({
            "name": project.name, "project": fixture.path(), "profiles": folder, "environment": project.environment,
            "database": database(project), "steps": steps.collect::<Vec<_>>(),
        })
    });
    let jobs = Json::Array(jobs.collect()).to_string();
    std::fs::write(work.path().join("jobs.json"), jobs).expect("jobs");
    let ended = Command::new(python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/oracle.py"))
        .envs([("DBT_SEND_ANONYMOUS_USAGE_STATS", "false"), ("PYTHONWARNINGS", "ignore")])
        .stdin(std::fs::File::open(work.path().join("jobs.json")).expect("jobs"))
        .stderr(Stdio::inherit())
        .output()
        .expect("Python");
    assert!(ended.status.success(), "the oracle failed");
    let outcomes: Vec<Vec<Json>> = serde_json::from_slice(&ended.stdout).expect("outcomes");
    for (project, outcomes) in projects.iter().zip(outcomes) {
        let outcomes: Vec<Called> = outcomes
            .into_iter()
            .map(|outcome| match outcome {
                Json::String(message) => Err(message),
                statuses => Ok(serde_json::from_value(statuses).expect("statuses")),
            })
            .collect();
        // Copied into memory, where views find their tables under the same names as with the embedded runner.
        let copy = Database::in_memory(&DatabaseOptions::default()).expect("database");
        let file = database(project);
        let statements =
            format!("attach '{}' as built; copy from database built to memory; detach built", file.display());
        copy.execute_batch(&statements).expect("copy");
        std::fs::write(expected(project), project.record(&outcomes, &copy)).expect("write");
    }
}

fn expected(project: &Project) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/projects").join(format!("{}.expected", project.name))
}

fn projects(paths: &[PathBuf]) -> Vec<Project> {
    let texts = paths.iter().filter(|path| path.extension().is_some_and(|e| e == "txt"));
    texts.map(|path| Project::read(path)).collect()
}

#[test]
fn projects_are_built_the_same_by_any_number_of_workers() {
    for project in projects(&paths("projects")) {
        let built = |workers| embedded(&project, &|call, database| build_stage(call, database, workers));
        let one = built(1);
        for workers in [2, 5] {
            assert_eq!(built(workers), one, "{} with {workers} workers", project.name);
        }
    }
}

#[test]
fn projects_are_built_as_dbt_builds_them() {
    let paths = paths("projects");
    let projects = projects(&paths);
    let read = |project: &Project| std::fs::read_to_string(expected(project)).unwrap_or_default();
    if let Ok(python) = std::env::var(ORACLE) {
        let all = std::env::var_os(ALL).is_some();
        let is_old = |project: &Project| all || !read(project).starts_with(&recorded_for(project));
        record(&projects.iter().filter(|project| is_old(project)).collect::<Vec<_>>(), &python);
    }
    let mut differences = Vec::new();
    for record in paths.iter().filter(|path| path.extension().is_some_and(|e| e == "expected")) {
        if !record.with_extension("txt").exists() {
            differences.push(format!("{} has no project: remove it", record.display()));
        }
    }
    for project in &projects {
        let (expected, found) = (read(project), embedded(project, &build));
        if expected.is_empty() {
            differences.push(format!("{} has no record: run `cargo xtask projects`", project.name));
        } else if !expected.starts_with(&recorded_for(project)) {
            differences.push(format!("{} was edited since dbt built it: run `cargo xtask projects`", project.name));
        } else if expected != found {
            differences.push(format!("== {}\n-- dbt\n{expected}\n-- embedded\n{found}", project.name));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
