//! Runs a project with a `dbt` executable.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use planalign_config::{Database, DatabaseOptions, did_you_mean};

use super::build::Build;
use super::check::{Checked, DbtVersions, check};
use super::command::{Dbt, DbtOptions};
use super::manifest::{Manifest, Node, Test};
use super::process::{End, Line};
use super::redactor::Redactor;
use super::scratch::{Call, Scratch};
use super::test_call::TestCall;
use crate::dbt_error::DbtError;
use crate::embedded::EmbeddedRunner;
use crate::outcome::{NodeResult, TestResult};
use crate::runner::{DataTest, Flow, Materialization, ModelGraph, ModelRunner, NodeEvent, RunnerError, Vars};
use crate::selection::select;

/// Runs a project on a database file with a `dbt` executable, which has the file to itself meanwhile.
#[derive(Debug)]
pub struct DbtRunner {
    dbt: Dbt,
    options: DbtOptions,
    versions: DbtVersions,
    manifest: Manifest,
    /// The database of the run; `None` if there is no run.
    database: Option<PathBuf>,
    /// The file name of the scratch database.
    scratch_name: OsString,
    /// The same project in this program, if it can be loaded: what the results depend on must not depend on the runner.
    embedded: Option<Embedded>,
}

/// A project that the embedded runner has loaded, and its database in memory.
#[derive(Debug)]
struct Embedded {
    runner: EmbeddedRunner,
    database: Database,
}

/// Follows the output of a call, and passes on what the observer returns.
type Reader<'r> = dyn FnMut(Line, &mut dyn FnMut(NodeEvent<'_>) -> Flow) -> Flow + 'r;

impl DbtRunner {
    /// Asks dbt for its versions and the project's manifest. The caller has the database, which need not exist yet, locked but
    /// not open.
    pub fn open(project: &Path, database: &Path, vars: &Vars, options: DbtOptions) -> Result<Self, RunnerError> {
        let scratch = Scratch::create(database).map_err(DbtError::scratch)?;
        let mut this = Self::checked(project, scratch, Some(database), vars, options)?;
        this.dbt.use_database(database, &this.options)?;
        this.database = Some(database.to_owned());
        Ok(this)
    }

    /// Asks the same for a project that isn't run but only looked at. Nodes are built in a scratch database. `folder` is an empty
    /// folder that only the user can read; `database` is that of a run, to compare the profile with.
    pub fn open_without_database(
        project: &Path,
        folder: &Path,
        database: Option<&Path>,
        vars: &Vars,
        options: DbtOptions,
    ) -> Result<Self, RunnerError> {
        let scratch = Scratch::within(folder.to_owned()).map_err(DbtError::scratch)?;
        Self::checked(project, scratch, database, vars, options)
    }

    fn checked(
        project: &Path,
        scratch: Scratch,
        database: Option<&Path>,
        vars: &Vars,
        options: DbtOptions,
    ) -> Result<Self, RunnerError> {
        if cfg!(not(unix)) {
            return Err(DbtError::NotUnix.into());
        }
        let mut dbt = Dbt::new(project, scratch, &options)?;
        // The name of a DuckDB file is that of its catalog, which models may name.
        let name = database.and_then(Path::file_name).unwrap_or("planalign.duckdb".as_ref()).to_owned();
        let Checked { versions, manifest, database: found } = check(&mut dbt, &name, &options, vars)?;
        if let (Some(found), Some(expected)) = (found, database)
            && !is_same(&found, expected, &options.caller_environment)
        {
            return Err(DbtError::OtherDatabase { found, expected: expected.to_owned() }.into());
        }
        let embedded = Embedded::load(project, vars);
        Ok(Self { dbt, options, versions, manifest, database: None, scratch_name: name, embedded })
    }

    /// Builds nodes in a database of their own, which exists as long as the runner: in this program if it can, else with dbt.
    pub fn build_in_scratch_database(&mut self, nodes: &[String], vars: &Vars) -> Result<Database, RunnerError> {
        if let Some(Embedded { runner, database }) = &mut self.embedded {
            match runner.run(nodes, vars, 1, &mut |_| Flow::Continue) {
                Ok(_) => return Ok(database.clone()),
                Err(error @ (RunnerError::Compilation { .. } | RunnerError::Unsupported { .. })) => {
                    log::debug!("only dbt can build these models: {error}");
                }
                Err(error) => return Err(error),
            }
        }
        let scratch = self.dbt.use_scratch_database(&self.scratch_name, &self.options)?;
        let built = self.run(nodes, vars, 1, &mut |_| Flow::Continue);
        if let Some(database) = &self.database {
            self.dbt.use_database(database, &self.options)?;
        }
        built?;
        let built = Database::open(&scratch, &DatabaseOptions::default());
        Ok(built.map_err(|cause| DbtError::Database { cause: Box::new(cause) })?)
    }

    /// The versions of dbt, its adapter, and its engine.
    #[must_use]
    pub fn dbt_versions(&self) -> &DbtVersions {
        &self.versions
    }

    /// Sets the number of threads of dbt's engine for all models together; not with a profile of the user's own.
    pub fn set_engine_threads(&mut self, threads: usize) -> Result<(), RunnerError> {
        self.options.threads = threads;
        if let Some(database) = &self.database {
            self.dbt.use_database(database, &self.options)?;
        }
        Ok(())
    }

    /// The executable.
    #[must_use]
    pub fn executable(&self) -> PathBuf {
        self.dbt.executable.clone()
    }

    /// Runs a subcommand and has `read` follow its output.
    fn call(
        &mut self,
        call: &Call,
        subcommand: &[&str],
        vars: &Vars,
        redactor: &Redactor,
        read: &mut Reader<'_>,
        observer: &mut dyn FnMut(NodeEvent<'_>) -> Flow,
    ) -> Result<End, RunnerError> {
        let stops = Cell::new(false);
        let observer = RefCell::new(observer);
        let mut on_line = |line| {
            if read(line, &mut *observer.borrow_mut()) == Flow::Stop {
                stops.set(true);
            }
        };
        let mut should_stop = || stops.get() || (observer.borrow_mut())(NodeEvent::Waiting) == Flow::Stop;
        Ok(self.dbt.run(call, subcommand, vars, redactor, &mut on_line, &mut should_stop)?)
    }

    fn data_test(&self, name: &str) -> Result<&Test, RunnerError> {
        self.manifest.tests.iter().find(|test| test.name == name).ok_or_else(|| {
            let hint = did_you_mean(name, self.manifest.tests.iter().map(|test| test.name.as_str()));
            RunnerError::Selection { message: format!("no test is named {name}{hint}") }
        })
    }

    fn node(&self, name: &str) -> Result<&Node, RunnerError> {
        self.manifest.nodes.get(name).ok_or_else(|| {
            let hint = did_you_mean(name, self.manifest.nodes.keys().map(String::as_str));
            RunnerError::Selection { message: format!("no model or seed is named {name}{hint}") }
        })
    }
}

impl Embedded {
    fn load(project: &Path, vars: &Vars) -> Option<Self> {
        let database = Database::in_memory(&DatabaseOptions::default()).ok()?;
        match EmbeddedRunner::load(project, database.clone(), vars) {
            Ok(runner) => Some(Self { runner, database }),
            Err(error) => {
                log::debug!("only dbt can run this project: {error}");
                None
            }
        }
    }
}

/// Whether two paths are those of the same file, which need not exist. A tilde is the home directory, as for the engine.
fn is_same(a: &Path, b: &Path, environment: &[(OsString, OsString)]) -> bool {
    let home = environment.iter().find(|(name, _)| name == "HOME").map(|(_, home)| Path::new(home));
    let resolved = |path: &Path| {
        let path = match (path.strip_prefix("~"), home) {
            (Ok(rest), Some(home)) => home.join(rest),
            _ => std::path::absolute(path).ok()?,
        };
        let in_folder = || Some(fs::canonicalize(path.parent()?).ok()?.join(path.file_name()?));
        fs::canonicalize(&path).ok().or_else(in_folder).or(Some(path))
    };
    resolved(a) == resolved(b)
}

impl ModelRunner for DbtRunner {
    fn graph(&self) -> &ModelGraph {
        &self.manifest.graph
    }

    fn joins_unit(&self) -> bool {
        false
    }

    fn versions(&self) -> BTreeMap<String, String> {
        let DbtVersions { dbt, adapter, engine } = self.versions.clone();
        let named =
            [("runner", Some("dbt".to_owned())), ("dbt", Some(dbt)), ("adapter", adapter), ("engine", Some(engine))];
        named.into_iter().filter_map(|(name, version)| Some((name.to_owned(), version?))).collect()
    }

    fn select(&self, selection: &str) -> Result<Vec<String>, RunnerError> {
        let Manifest { selectables, nodes, order, .. } = &self.manifest;
        let selected = select(selection, selectables)?;
        let is_selected = |name: &&String| nodes.get(*name).is_some_and(|node| selected.contains(&node.id));
        Ok(order.iter().filter(is_selected).cloned().collect())
    }

    fn run(
        &mut self,
        nodes: &[String],
        vars: &Vars,
        workers: usize,
        observer: &mut dyn FnMut(NodeEvent<'_>) -> Flow,
    ) -> Result<Vec<NodeResult>, RunnerError> {
        let nodes = nodes.iter().map(|name| self.node(name)).collect::<Result<Vec<_>, _>>()?;
        // dbt builds no ephemeral models.
        let stored = nodes.into_iter().filter(|node| node.materialization != Materialization::Ephemeral);
        let nodes: Vec<Node> = stored.cloned().collect();
        if nodes.is_empty() {
            return Ok(Vec::new());
        }
        let call = self.dbt.call()?;
        let workers = workers.to_string();
        let mut subcommand =
            vec!["build", "--exclude-resource-type", "test", "unit_test", "--threads", &workers, "--select"];
        subcommand.extend(nodes.iter().map(|node| node.selector.as_str()));
        let redactor = Redactor::of(vars);
        let mut progress = Build::new(&nodes, &redactor);
        let mut read = |line, observer: &mut dyn FnMut(NodeEvent<'_>) -> Flow| progress.read(line, observer);
        let end = self.call(&call, &subcommand, vars, &redactor, &mut read, observer)?;
        progress.finish(end, &call.target(), &self.dbt.executable, self.options.timeout, observer)
    }

    fn data_tests(&self) -> Vec<DataTest> {
        self.manifest.tests.iter().map(Test::described).collect()
    }

    fn test(
        &mut self,
        tests: &[String],
        vars: &Vars,
        observer: &mut dyn FnMut(NodeEvent<'_>) -> Flow,
    ) -> Result<Vec<TestResult>, RunnerError> {
        let tests = tests.iter().map(|name| self.data_test(name).cloned()).collect::<Result<Vec<_>, _>>()?;
        if tests.is_empty() {
            return Ok(Vec::new());
        }
        let call = self.dbt.call()?;
        let mut subcommand = vec!["test", "--threads", "1", "--select"];
        subcommand.extend(tests.iter().map(|test| test.selector.as_str()));
        let redactor = Redactor::of(vars);
        let mut progress = TestCall::new(&tests, &redactor);
        let mut read = |line, observer: &mut dyn FnMut(NodeEvent<'_>) -> Flow| progress.read(line, observer);
        let end = self.call(&call, &subcommand, vars, &redactor, &mut read, observer)?;
        progress.finish(end, &call.target(), &self.dbt.executable, self.options.timeout, observer)
    }

    fn sources(&self) -> BTreeMap<String, String> {
        self.embedded.as_ref().map_or_else(|| self.manifest.sources.clone(), |embedded| embedded.runner.sources())
    }

    fn first_year_touched(&self, seed: &str, before: &str, now: &str) -> Option<i32> {
        self.embedded.as_ref()?.runner.first_year_touched(seed, before, now)
    }
}
