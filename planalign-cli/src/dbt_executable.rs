//! Opens the user's own dbt as the runner of a project.

use std::path::Path;
use std::time::Duration;

use planalign_config::counted;
use planalign_config::settings::{Dbt, RunnerKind};
use planalign_dbt::executable::Profile;
use planalign_dbt::{DbtOptions, DbtRunner, RunnerError};
use planalign_pipeline::RunPlan;
use tempfile::TempDir;

use crate::caller::Caller;
use crate::error::Error;
use crate::inputs::{Inputs, Project};
use crate::resources::{self, Resources};
use crate::session::RunOptions;

/// What a dbt executable adds to the plan of a new run.
pub(crate) fn plan(inputs: &Inputs, plan: &RunPlan) -> String {
    let calls = plan.remaining().filter(|(_, _, models)| *models > 0).count();
    let megabytes = resources::copied_bytes(plan, inputs.census.rows).div_ceil(1_000_000);
    let tests = match plan.stages_with_tests() {
        0 => String::new(),
        calls => format!(" and runs the tests in {}", counted(calls as u64, "other call")),
    };
    format!(
        "your dbt builds the models in {}{tests}; before each stage, the database is copied, about {megabytes} MB in all \
         where the file system can't share blocks",
        counted(calls as u64, "call")
    )
}

/// Whether a dbt executable builds the models.
pub(crate) fn is_used(inputs: &Inputs, run: &RunOptions) -> bool {
    run.runner.unwrap_or(inputs.config.settings.dbt.runner) == RunnerKind::Dbt
}

/// Opens the configured dbt; `None` if the models are built in this program. The database must be locked and closed.
pub(crate) fn open(
    inputs: &Inputs,
    run: &RunOptions,
    database: &Path,
    caller: &Caller<'_>,
) -> Result<Option<DbtRunner>, Error> {
    let Some((project, dbt)) = options(inputs, run, caller)? else { return Ok(None) };
    let runner = DbtRunner::open(project, database, &inputs.vars, dbt).map_err(failed)?;
    let versions = runner.dbt_versions();
    log::info!("dbt {} with DuckDB {} builds the models", versions.dbt, versions.engine);
    Ok(Some(runner))
}

/// A dbt that only looks at the project.
pub(crate) struct ScratchDbt {
    pub(crate) runner: DbtRunner,
    // After the runner, which keeps its files here.
    _folder: TempDir,
}

/// Opens the configured dbt without opening a database; `None` if the models are built in this program. Fails if its profile is
/// for another database than that of the run, if that is known.
pub(crate) fn open_without_database(
    inputs: &Inputs,
    run: &RunOptions,
    database: Option<&Path>,
    caller: &Caller<'_>,
) -> Result<Option<ScratchDbt>, Error> {
    let Some((project, dbt)) = options(inputs, run, caller)? else { return Ok(None) };
    let folder = TempDir::new().map_err(Error::Scratch)?;
    let runner = DbtRunner::open_without_database(project, folder.path(), database, &inputs.vars, dbt);
    Ok(Some(ScratchDbt { runner: runner.map_err(failed)?, _folder: folder }))
}

/// The project and how to call dbt for it.
fn options<'i>(
    inputs: &'i Inputs,
    run: &RunOptions,
    caller: &Caller<'_>,
) -> Result<Option<(&'i Path, DbtOptions)>, Error> {
    let settings = &inputs.config.settings.dbt;
    if !is_used(inputs, run) {
        return if run.dbt_executable.is_some() { Err(Error::UnusedExecutable) } else { Ok(None) };
    }
    if inputs.is_untrusted {
        return Err(Error::UntrustedDbt);
    }
    let Project::Directory(project) = &inputs.project else { return Err(Error::ProjectNotOnDisk) };
    let Some(guard) = caller.guard else { return Err(Error::NoGuard) };
    let engine = Resources::new(run, inputs, None).database_options(inputs);
    let Dbt { executable, profile, target, profiles_dir, environment, timeout_seconds, grace_seconds, .. } =
        settings.clone();
    let dbt = DbtOptions {
        executable: run.dbt_executable.clone().unwrap_or(executable),
        profile: profile.map(|name| Profile { folder: profiles_dir, name, target }),
        threads: engine.threads.unwrap_or(1),
        memory_limit: engine.memory_limit,
        environment,
        caller_environment: caller.environment.to_vec(),
        guard: guard(Duration::from_secs(grace_seconds.into())),
        timeout: Duration::from_secs(timeout_seconds.into()),
    };
    Ok(Some((project, dbt)))
}

pub(crate) fn failed(error: RunnerError) -> Error {
    match error {
        RunnerError::Dbt(error) => Error::Dbt(error),
        error => Error::Project(error),
    }
}
