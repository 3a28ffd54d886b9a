//! `planalign dbt`: dbt's commands for any project, without dbt.

pub(crate) mod args;
mod build;
mod lines;
mod query;

use std::path::{Path, PathBuf};
use std::{env, fs};

use jiff::Timestamp;
use planalign::{DatabaseUse, DbtProject, DbtProjectOptions};
use planalign_dbt::ResourceType;
use serde_json::json;

use crate::caller::{Process, environment};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::say;
use crate::signals::Received;
use args::{DbtCommand, DbtLsArgs, ListOutput, ProjectArgs};

const PROJECT_FILE: &str = "dbt_project.yml";

/// dbt's exit code for everything but failed nodes.
pub(crate) const FAILED: ExitCode = ExitCode::Usage;

/// Runs the command.
pub(crate) fn run(
    command: &DbtCommand,
    quiet: bool,
    process: &Process,
    received: &Received,
) -> Result<ExitCode, Failure> {
    use ResourceType::{Model, Seed, Test};
    let screen = Screen { quiet };
    let opened = |usage, full_refresh| open(command.project(), usage, full_refresh, process);
    match command {
        DbtCommand::Build(args) | DbtCommand::Run(args) | DbtCommand::Seed(args) => {
            let kinds: &[ResourceType] = match command {
                DbtCommand::Run(_) => &[Model],
                DbtCommand::Seed(_) => &[Seed],
                _ => &[Seed, Model, Test],
            };
            let selection = args.selection.selection(kinds);
            let call = build::Call { name: command.name(), selection, fail_fast: args.fail_fast };
            build::run(opened(DatabaseUse::Write, args.full_refresh)?, &call, &screen, received)
        }
        DbtCommand::Test(args) => {
            let selection = args.selection.selection(&[Test]);
            let call = build::Call { name: command.name(), selection, fail_fast: args.fail_fast };
            build::run(opened(DatabaseUse::Read, false)?, &call, &screen, received)
        }
        DbtCommand::Compile(args) => query::compile(&opened(DatabaseUse::Read, args.full_refresh)?, args, &screen),
        DbtCommand::Show(args) => query::show(&opened(DatabaseUse::Read, false)?, args),
        DbtCommand::Ls(args) => list(&opened(DatabaseUse::None, false)?, args),
    }
}

/// An opened project, and where its artifacts belong.
struct Opened {
    project: DbtProject,
    vars: planalign_dbt::Vars,
    target: PathBuf,
    /// `target` as the user would name it.
    shown_target: String,
}

/// Enters the project's directory, as dbt does, and opens it.
fn open(args: &ProjectArgs, usage: DatabaseUse, full_refresh: bool, process: &Process) -> Result<Opened, Failure> {
    let environment = environment();
    let here = env::current_dir().map_err(|cause| Failure::Unreadable { path: ".".into(), cause })?;
    let named = |name: &str| environment.get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let project = args.project_dir.clone().or_else(|| named("DBT_PROJECT_DIR"));
    let project = here.join(project.unwrap_or_else(|| project_around(&here)));
    let profiles = match args.profiles_dir.clone().or_else(|| named("DBT_PROFILES_DIR")) {
        Some(folder) => vec![here.join(folder)],
        None => [Some(here.clone()), Some(project.clone()), env::home_dir().map(|home| home.join(".dbt"))]
            .into_iter()
            .flatten()
            .collect(),
    };
    let (target, shown_target) = match &args.target_path {
        Some(folder) => (here.join(folder), folder.display().to_string()),
        None => (project.join("target"), "target".to_owned()),
    };
    env::set_current_dir(&project).map_err(|cause| Failure::Unreadable { path: project.clone(), cause })?;
    let vars = args.vars.clone().unwrap_or_default();
    let options = DbtProjectOptions {
        project,
        profiles,
        target: args.target.clone(),
        vars: vars.clone(),
        full_refresh,
        threads: args.threads.map(usize::from),
        environment,
    };
    let project = DbtProject::open(&options, usage, &process.caller())?;
    Ok(Opened { project, vars, target, shown_target })
}

/// The directory with the project's file: this one or the nearest above it.
fn project_around(here: &Path) -> PathBuf {
    here.ancestors().find(|folder| folder.join(PROJECT_FILE).is_file()).unwrap_or(here).to_owned()
}

impl Opened {
    /// Writes the artifacts of a call.
    fn write(&self, artifacts: &planalign_dbt::Artifacts) -> Result<(), Failure> {
        let written = artifacts.write(&self.project.runner, &self.target);
        written.map_err(|cause| Failure::Unwritable { path: self.target.clone(), cause })
    }

    /// The file with the SQL of a node or test, as the user would name it.
    fn compiled_file(&self, unique_id: &str) -> Option<String> {
        let file = self.project.runner.compiled_file(unique_id)?;
        fs::exists(self.target.join(&file)).ok()?.then(|| format!("{}/{}", self.shown_target, file.display()))
    }
}

/// Prints dbt's lines, each with the time in UTC.
struct Screen {
    quiet: bool,
}

impl Screen {
    fn line(&self, text: &str) -> Result<(), Failure> {
        if self.quiet { Ok(()) } else { self.always(text) }
    }

    /// Prints what must be seen even if only results and errors are wanted.
    #[expect(clippy::unused_self, reason = "only a screen prints dbt's lines")]
    fn always(&self, text: &str) -> Result<(), Failure> {
        for line in text.split('\n') {
            say(&format!("{}  {line}", Timestamp::now().strftime("%H:%M:%S")))?;
        }
        Ok(())
    }
}

fn list(opened: &Opened, args: &DbtLsArgs) -> Result<ExitCode, Failure> {
    let selection = args.selection.selection(&args.resource_type);
    let listed = opened.project.runner.list(&selection)?;
    let lines: Vec<String> = listed
        .iter()
        .map(|resource| match args.output {
            ListOutput::Selector if resource.resource_type == ResourceType::Source => {
                let (project, source) = (resource.fqn.first(), resource.fqn.iter().rev().nth(1));
                let parts = [project, source].into_iter().flatten().chain([&resource.name]);
                format!("source:{}", parts.cloned().collect::<Vec<_>>().join("."))
            }
            ListOutput::Selector => resource.fqn.join("."),
            ListOutput::Name => resource.name.clone(),
            ListOutput::Path => resource.file.clone(),
            ListOutput::Json => json!({
                "name": resource.name,
                "resource_type": resource.resource_type.as_str(),
                "package_name": resource.fqn.first(),
                "original_file_path": resource.file,
                "unique_id": resource.unique_id,
                "config": { "materialized": resource.materialization },
                "depends_on": { "nodes": resource.depends_on },
                "tags": resource.tags,
            })
            .to_string(),
        })
        .collect();
    say(&lines.join("\n"))?;
    Ok(ExitCode::Done)
}
