//! What dbt leaves in its target folder, for its own tools and others: `manifest.json`, `run_results.json`, and the compiled SQL.

mod manifest;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use jiff::Timestamp;
use planalign_config::{Diagnostic, full_message, ids};
use serde_json::{Map, Value as Json, json};

use super::project::TestKind;
use super::run::EmbeddedRunner;
use crate::outcome::{NodeResult, Outcome, TestStatus};
use crate::runner::RunnerError;

/// The version of dbt whose artifacts these are.
const DBT_VERSION: &str = "1.11.0";

/// A call of a command, as its artifacts describe it.
#[derive(Clone, Debug)]
pub struct Invocation {
    id: String,
    args: Map<String, Json>,
    started_at: Timestamp,
}

/// The artifacts of one call.
#[derive(Clone, Debug)]
pub struct Artifacts {
    invocation: Invocation,
    results: Vec<Json>,
    /// By ID.
    compiled: BTreeMap<String, String>,
}

impl Invocation {
    /// Describes a call that starts now, with dbt's name of the command, such as `run`, and its options by dbt's names, such as
    /// `full_refresh`; `dbt retry` repeats them.
    #[must_use]
    pub fn new(command: &str, options: Map<String, Json>) -> Self {
        let mut args = options;
        args.insert("which".to_owned(), command.into());
        Self { id: ids::new_uuid(), args, started_at: Timestamp::now() }
    }

    fn metadata(&self, schema: &str) -> Json {
        json!({
            "dbt_schema_version": format!("https://schemas.getdbt.com/dbt/{schema}.json"),
            "dbt_version": DBT_VERSION,
            "generated_at": text(Timestamp::now()),
            "invocation_id": self.id,
            "invocation_started_at": text(self.started_at),
            "env": {},
        })
    }
}

impl Artifacts {
    /// Artifacts without results.
    #[must_use]
    pub fn new(invocation: Invocation) -> Self {
        Self { invocation, results: Vec::new(), compiled: BTreeMap::new() }
    }

    /// Adds what became of a node or test of a build, and when it started.
    pub fn add(&mut self, runner: &EmbeddedRunner, outcome: &Outcome, started_at: Timestamp) {
        let id = runner.id_of(outcome);
        let (status, message, failures, rows) = match outcome {
            Outcome::Built(NodeResult { rows, .. }) => {
                ("success", rows.map_or_else(|| "OK".to_owned(), |rows| format!("OK {rows}")), None, *rows)
            }
            Outcome::Tested(test) => {
                let status = match test.status {
                    TestStatus::Pass => "pass",
                    TestStatus::Warn => "warn",
                    TestStatus::Fail => "fail",
                };
                (status, test.message().unwrap_or_default(), Some(test.failures), None)
            }
            Outcome::Failed(failure) => ("error", message(&failure.error), None, None),
            Outcome::Skipped(skip) => {
                ("skipped", skip.after.as_ref().map(|name| format!("{name} failed")).unwrap_or_default(), None, None)
            }
        };
        if let Some(sql) = runner.compiled(&id) {
            self.compiled.insert(id.clone(), sql.to_owned());
        }
        let message = if message.is_empty() { Json::Null } else { json!(message) };
        self.push(&id, status, &message, failures, rows, started_at, outcome.elapsed());
    }

    /// Adds a node or test, by ID, that was only compiled, and when that started.
    pub fn add_compiled(
        &mut self,
        id: &str,
        result: Result<&str, &RunnerError>,
        started_at: Timestamp,
        elapsed: Duration,
    ) {
        match result {
            Ok(sql) => {
                self.compiled.insert(id.to_owned(), sql.to_owned());
                self.push(id, "success", &Json::Null, None, None, started_at, elapsed);
            }
            Err(error) => self.push(id, "error", &json!(message(error)), None, None, started_at, elapsed),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of a result, in their order in the file")]
    fn push(
        &mut self,
        id: &str,
        status: &str,
        message: &Json,
        failures: Option<i64>,
        rows: Option<u64>,
        started_at: Timestamp,
        elapsed: Duration,
    ) {
        let ended_at = started_at.saturating_add(elapsed).unwrap_or(started_at);
        let step = |name: &str, from, to| json!({ "name": name, "started_at": text(from), "completed_at": text(to) });
        let timing = match status {
            "skipped" => json!([]),
            _ => json!([step("compile", started_at, started_at), step("execute", started_at, ended_at)]),
        };
        let response = rows.map_or_else(|| json!({}), |rows| json!({ "_message": "OK", "rows_affected": rows }));
        self.results.push(json!({
            "status": status,
            "timing": timing,
            "thread_id": "Thread-1",
            "execution_time": elapsed.as_secs_f64(),
            "adapter_response": response,
            "message": message,
            "failures": failures,
            "unique_id": id,
            "compiled": self.compiled.contains_key(id),
            "compiled_code": self.compiled.get(id),
            "relation_name": Json::Null,
            "batch_results": Json::Null,
        }));
    }

    /// Writes everything to a folder, which is created if missing.
    pub fn write(&self, runner: &EmbeddedRunner, target: &Path) -> io::Result<()> {
        self.write_manifest(runner, target)?;
        let Invocation { args, started_at, .. } = &self.invocation;
        let results = json!({
            "metadata": self.invocation.metadata("run-results/v6"),
            "results": self.results,
            "elapsed_time": Timestamp::now().duration_since(*started_at).as_secs_f64(),
            "args": args,
        });
        write(&target.join("run_results.json"), &results)
    }

    /// Writes the compiled SQL and the manifest, which dbt writes before it builds anything, too.
    pub fn write_manifest(&self, runner: &EmbeddedRunner, target: &Path) -> io::Result<()> {
        fs::create_dir_all(target)?;
        let mut manifest = runner.manifest(&self.invocation);
        for (id, sql) in &self.compiled {
            let Some(file) = runner.compiled_file(id) else { continue };
            let path = target.join(&file);
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(&path, sql)?;
            if let Some(Json::Object(node)) = manifest["nodes"].get_mut(id) {
                node.insert("compiled_path".to_owned(), json!(path.display().to_string()));
                node.insert("compiled".to_owned(), json!(true));
                node.insert("compiled_code".to_owned(), json!(sql));
                node.insert("extra_ctes_injected".to_owned(), json!(true));
                node.insert("extra_ctes".to_owned(), json!([]));
            }
        }
        write(&target.join("manifest.json"), &manifest)
    }
}

impl EmbeddedRunner {
    /// Returns the project's directory for artifacts, relative to the project.
    #[must_use]
    pub fn target_path(&self) -> &str {
        self.project.target_path.as_deref().unwrap_or("target")
    }

    /// Returns where the SQL of a model or test, given by its ID, belongs in a target folder.
    #[must_use]
    pub fn compiled_file(&self, id: &str) -> Option<PathBuf> {
        let project = &self.project;
        let folder = Path::new("compiled").join(&project.world.project);
        let nodes = project.nodes.values().map(|node| &node.subject);
        if let Some(subject) = nodes.into_iter().find(|subject| subject.unique_id == id) {
            return Some(folder.join(&subject.file));
        }
        let test = project.tests.iter().find(|test| test.subject.unique_id == id)?;
        let file = folder.join(&test.subject.file);
        Some(match test.kind {
            TestKind::Singular => file,
            TestKind::Generic { .. } => file.join(format!("{}.sql", test.alias())),
        })
    }
}

/// Replaces a file as a whole, so that a reader never finds half of it; if it can't be written, nothing of it is left.
fn write(path: &Path, content: &Json) -> io::Result<()> {
    let part = path.with_added_extension("part");
    let written = fs::write(&part, content.to_string()).and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        // What failed first is the error to report.
        _ = fs::remove_file(&part);
    }
    written
}

/// With microseconds, the most that Python reads.
fn text(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

fn message(error: &RunnerError) -> String {
    [vec![full_message(error)], error.details()].concat().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_replaced_leaves_no_part() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("manifest.json");
        fs::create_dir_all(path.join("in the way")).expect("folder");
        write(&path, &json!({})).expect_err("a folder");
        assert_eq!(fs::read_dir(folder.path()).expect("folder").count(), 1);
    }
}
