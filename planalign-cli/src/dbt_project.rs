//! Opens any dbt project, with the database of its profile, to do what dbt would do.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use planalign_config::lock::{LockError, RunLock};
use planalign_config::{Database, DatabaseError, DatabaseOptions, Diagnostic, Fault, Hint};
use planalign_dbt::{DatabaseProfile, EmbeddedRunner, LoadOptions, ProfileOptions, RunnerError};

use crate::caller::Caller;
use crate::error::Error;

/// A dbt project and how to open it.
#[derive(Clone, Debug, Default)]
pub struct DbtProjectOptions {
    /// The project, with its profile and variables.
    pub profile: ProfileOptions,
    /// Whether incremental models are fully rebuilt.
    pub full_refresh: bool,
    /// Threads of the engine; `None`: the profile's, or else all cores.
    pub threads: Option<usize>,
}

/// What a command needs of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseUse {
    /// Only its name.
    Name,
    /// What queries in templates find there, if it exists.
    Look,
    /// To read it.
    Read,
    /// To write it; it is created if missing.
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

/// Why a project can't be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DbtProjectError {
    /// The project or its profile.
    #[error(transparent)]
    Project(#[from] RunnerError),
    /// The database can't be used.
    #[error("cannot use the profile's database")]
    Database {
        /// The file with the profile.
        profiles: PathBuf,
        /// Why.
        #[source]
        cause: DatabaseError,
    },
    /// The profile's settings or extensions can't be used.
    #[error("cannot apply the profile's `settings` and `extensions`")]
    SetUp {
        /// The file with the profile.
        profiles: PathBuf,
        /// Why.
        #[source]
        cause: DatabaseError,
    },
    /// Another process uses the database.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The database crashes the process that opens it.
    #[error(transparent)]
    Probe(Box<Error>),
    /// There is no database to read.
    #[error("there is no database `{}` yet", path.display())]
    Missing {
        /// The database.
        path: PathBuf,
        /// The file with the profile.
        profiles: PathBuf,
    },
    /// The database's directory doesn't exist.
    #[error("the directory of the database `{}` does not exist", path.display())]
    NoDirectory {
        /// The database.
        path: PathBuf,
        /// The file with the profile.
        profiles: PathBuf,
    },
    /// The database has the results of a simulation.
    #[error("`{}` has the results of a simulation, and its checkpoints would no longer match them", path.display())]
    HasResults {
        /// The database.
        path: PathBuf,
        /// The file with the profile.
        profiles: PathBuf,
    },
}

impl Diagnostic for DbtProjectError {
    fn details(&self) -> Vec<String> {
        match self {
            Self::Project(error) => error.details(),
            Self::Probe(error) => error.details(),
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<Hint> {
        let path = |profiles: &Path| format!("change `path` in `{}`, or name another target", profiles.display());
        match self {
            Self::Project(error) => error.hints(),
            Self::Lock(LockError::Held { .. }) => vec![Hint::text("wait for it to finish, or name another target")],
            Self::Lock(_) => {
                vec![Hint::text("check that the directory of the database is writable")]
            }
            Self::Database { cause, profiles } if cause.fault() == Fault::Busy => {
                vec![Hint::text(format!("close the other program, or {}", path(profiles)))]
            }
            Self::Database { cause, .. } if cause.fault() == Fault::Corrupt => vec![Hint::text(RESTORE)],
            Self::Database { profiles, .. } => vec![Hint::text(path(profiles))],
            Self::SetUp { profiles, .. } => {
                vec![Hint::text(format!("change them in `{}`, or name another target", profiles.display()))]
            }
            Self::Probe(_) => vec![Hint::text(RESTORE)],
            Self::Missing { path: database, profiles } => {
                let build = Hint::text(format!("build it first (`planalign dbt build`), or {}", path(profiles)));
                [build].into_iter().chain(where_it_starts(database)).collect()
            }
            Self::NoDirectory { path: database, profiles } => {
                let create = Hint::text(format!("create it, or {}", path(profiles)));
                [create].into_iter().chain(where_it_starts(database)).collect()
            }
            Self::HasResults { profiles, .. } => vec![
                Hint::text("`test`, `show`, and `compile` only read it"),
                Hint::text(format!("to build models, {}", path(profiles))),
            ],
        }
    }
}

/// Says where a relative path starts, because it isn't the profile's directory.
fn where_it_starts(path: &Path) -> Option<Hint> {
    path.is_relative().then(|| Hint::text("relative paths start in the current directory, as in dbt"))
}

const RESTORE: &str = "restore the file from a backup, or name another target";

impl DbtProject {
    /// Reads the profile, opens the database, and loads the project. A database that simulations use is locked like by a
    /// simulation while it is written, and not written if it has results.
    pub fn open(options: &DbtProjectOptions, usage: DatabaseUse, caller: &Caller<'_>) -> Result<Self, DbtProjectError> {
        let ProfileOptions { project, environment, vars, .. } = &options.profile;
        let profile = DatabaseProfile::read(&options.profile)?;
        let threads = options.threads.or(profile.threads);
        let database_options = DatabaseOptions { threads, tuned: false, ..DatabaseOptions::default() };
        let (database, lock) = open(&profile, &database_options, usage, caller)?;
        let failed = |cause| DbtProjectError::SetUp { profiles: profile.file.clone(), cause };
        profile.set_up(&database).map_err(failed)?;
        let load = LoadOptions {
            profile: Some(profile.profile.clone()),
            target: profile.target.clone(),
            threads: threads.unwrap_or(1),
            schema: profile.schema.clone(),
            environment: environment.clone(),
            full_refresh: options.full_refresh,
            defers_errors: true,
        };
        let runner = EmbeddedRunner::load_with(project, database.clone(), vars, load)?;
        Ok(Self { runner, database, profile, _lock: lock })
    }
}

fn open(
    profile: &DatabaseProfile,
    options: &DatabaseOptions,
    usage: DatabaseUse,
    caller: &Caller<'_>,
) -> Result<(Database, Option<RunLock>), DbtProjectError> {
    let profiles = profile.file.clone();
    let failed = |cause| DbtProjectError::Database { profiles: profile.file.clone(), cause };
    let Some(path) = profile.path.clone() else {
        return Ok((Database::in_memory(options).map_err(failed)?, None));
    };
    let exists = path.exists();
    match usage {
        DatabaseUse::Read if !exists => return Err(DbtProjectError::Missing { path, profiles }),
        DatabaseUse::Look if exists => {}
        DatabaseUse::Name | DatabaseUse::Look => {
            return Ok((Database::in_memory_like(&path, options).map_err(failed)?, None));
        }
        DatabaseUse::Write
            if path.parent().is_some_and(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) =>
        {
            return Err(DbtProjectError::NoDirectory { path, profiles });
        }
        _ => {}
    }
    let writes = usage == DatabaseUse::Write;
    // Every simulation leaves its lock file.
    let lock = if writes && RunLock::exists(&path) {
        Some(RunLock::acquire(&path, &caller.holder(Timestamp::now()))?)
    } else {
        None
    };
    caller.probe(&path).map_err(|error| DbtProjectError::Probe(Box::new(error)))?;
    let options = DatabaseOptions { read_only: !writes, ..options.clone() };
    let database = Database::open(&path, &options).map_err(failed)?;
    if writes && has_results(&database).map_err(failed)? {
        return Err(DbtProjectError::HasResults { path, profiles });
    }
    Ok((database, lock))
}

/// Whether a simulation committed anything.
fn has_results(database: &Database) -> Result<bool, DatabaseError> {
    let table = "select 1 from duckdb_tables() where database_name = current_database() and schema_name = 'planalign' \
                 and table_name = 'checkpoints'";
    Ok(database.query_row(table, &[])?.is_some()
        && database.query_row("select 1 from planalign.checkpoints limit 1", &[])?.is_some())
}
