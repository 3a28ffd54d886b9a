//! Opens any dbt project, with the database of its profile, to do what dbt would do.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;
use planalign_config::lock::RunLock;
use planalign_config::{Database, DatabaseOptions};
use planalign_dbt::{DatabaseProfile, EmbeddedRunner, LoadOptions, ProfileOptions, Vars};

use crate::caller::Caller;
use crate::error::Error;

/// A dbt project and how to open it.
#[derive(Clone, Debug, Default)]
pub struct DbtProjectOptions {
    /// Folder of the project. Paths in its SQL and its profile are relative to it, so the process must work there.
    pub project: PathBuf,
    /// Folders that may have a `profiles.yml`; the first that has one is used.
    pub profiles: Vec<PathBuf>,
    /// Target; `None`: the profile's default.
    pub target: Option<String>,
    /// Variables, as with `--vars`.
    pub vars: Vars,
    /// Whether incremental models are fully rebuilt.
    pub full_refresh: bool,
    /// Threads of the engine; `None`: the profile's, or else all cores.
    pub threads: Option<usize>,
    /// Variables available to `env_var`.
    pub environment: BTreeMap<String, String>,
}

/// What a command needs of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseUse {
    /// Nothing.
    None,
    /// To read it; it is created if missing.
    Read,
    /// To write it.
    Write,
}

/// An opened project.
#[derive(Debug)]
pub struct DbtProject {
    /// The loaded project.
    pub runner: EmbeddedRunner,
    /// Its database.
    pub database: Database,
    /// Its profile.
    pub profile: DatabaseProfile,
    /// Keeps simulations out.
    _lock: Option<RunLock>,
}

impl DbtProject {
    /// Reads the profile, opens the database, and loads the project. A database that simulations use is locked like by a
    /// simulation while it is written.
    pub fn open(options: &DbtProjectOptions, usage: DatabaseUse, caller: &Caller<'_>) -> Result<Self, Error> {
        let profile_options = ProfileOptions {
            folders: options.profiles.clone(),
            target: options.target.clone(),
            environment: options.environment.clone(),
            vars: options.vars.clone(),
        };
        let profile = DatabaseProfile::read(&options.project, &profile_options)?;
        let threads = options.threads.or(profile.threads);
        let mut database_options = DatabaseOptions { threads, tuned: false, ..DatabaseOptions::default() };
        let path = profile.path.as_ref().map(|path| options.project.join(path));
        let mut lock = None;
        let database = match path.filter(|_| usage != DatabaseUse::None) {
            Some(path) => {
                // Every simulation leaves its lock file.
                if usage == DatabaseUse::Write && RunLock::exists(&path) {
                    lock = Some(RunLock::acquire(&path, &caller.holder(Timestamp::now()))?);
                }
                database_options.read_only = usage == DatabaseUse::Read && path.exists();
                caller.probe(&path)?;
                Database::open(&path, &database_options)?
            }
            None => Database::in_memory(&database_options)?,
        };
        profile.set_up(&database)?;
        let load = LoadOptions {
            profile: Some(profile.profile.clone()),
            target: profile.target.clone(),
            threads: threads.unwrap_or(1),
            schema: profile.schema.clone(),
            environment: options.environment.clone(),
            full_refresh: options.full_refresh,
        };
        let runner = EmbeddedRunner::load_with(&options.project, database.clone(), &options.vars, load)?;
        Ok(Self { runner, database, profile, _lock: lock })
    }
}
