//! The first call: what dbt it is, what engine it uses, whether the project parses, and the manifest.

use std::ffi::OsStr;
use std::path::PathBuf;

use planalign_config::{Database, DatabaseOptions};
use serde::Deserialize;

use super::command::{Dbt, DbtOptions};
use super::log_line::Event;
use super::manifest::Manifest;
use super::messages::Messages;
use super::process::{End, Line};
use super::redactor::Redactor;
use crate::dbt_error::DbtError;
use crate::runner::{RunnerError, Vars};

/// Oldest dbt.
const OLDEST_DBT: [u32; 2] = [1, 11];
/// Older engines can lose committed rows on a full disk.
const OLDEST_ENGINE: [u32; 3] = [1, 5, 5];
/// What we say about it.
const REQUIRED_ENGINE: &str = "1.5.5 or later";

/// The versions in use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DbtVersions {
    /// dbt's, such as `1.11.16`.
    pub dbt: String,
    /// The DuckDB adapter's, if dbt says so; 2.0 has it built in.
    pub adapter: Option<String>,
    /// DuckDB's, such as `v1.5.6`.
    pub engine: String,
}

/// The row of the query that asks dbt's engine.
#[derive(Debug, Deserialize)]
struct Engine {
    version: String,
    /// What the user's profile says, without opening it.
    path: Option<PathBuf>,
}

/// What the check found.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) versions: DbtVersions,
    pub(crate) manifest: Manifest,
    /// The database of the user's own profile, if that is used.
    pub(crate) database: Option<PathBuf>,
}

/// Calls dbt on a scratch database of this name, because what is only checked must not change.
pub(crate) fn check(dbt: &mut Dbt, name: &OsStr, options: &DbtOptions, vars: &Vars) -> Result<Checked, RunnerError> {
    let database = dbt.use_scratch_database(name, options)?;
    let call = dbt.call()?;
    let mut output = Output::default();
    let query = format!("select version() as version, {} as path", dbt.path_in_profile());
    let subcommand = ["show", "--inline", &query, "--output", "json", "--limit", "1"];
    let redactor = Redactor::of(vars);
    let end = dbt.run(&call, &subcommand, vars, &redactor, &mut |line| output.read(line), &mut || false)?;
    let Some(version) = output.version.clone() else {
        return Err(match end {
            End::NotStarted => DbtError::NotStarted { executable: dbt.executable.clone(), cause: None },
            End::TimedOut => DbtError::TimedOut { after: options.timeout },
            // Killed by a signal.
            End::Exited(129..160) => DbtError::Killed,
            _ => DbtError::NotDbt { executable: dbt.executable.clone(), output: output.messages.text(&redactor) },
        }
        .into());
    };
    if numbers::<2>(&version) < OLDEST_DBT {
        return Err(DbtError::TooOld { executable: dbt.executable.clone(), found: version }.into());
    }
    match end {
        End::Exited(0) => {}
        End::Exited(code) => return Err(output.messages.failure(code, &redactor).into()),
        End::TimedOut => return Err(DbtError::TimedOut { after: options.timeout }.into()),
        End::NotStarted | End::Stopped | End::Killed => return Err(DbtError::Killed.into()),
    }
    let manifest = Manifest::read(&call.target().join("manifest.json"))?;
    if let Some(found) = manifest.adapter.clone().filter(|adapter| adapter != "duckdb") {
        return Err(DbtError::Adapter { found }.into());
    }
    let engine = output.engine.ok_or(DbtError::NoResults { stale: false })?;
    let unusable = || DbtError::Engine {
        executable: dbt.executable.clone(),
        found: engine.version.clone(),
        required: REQUIRED_ENGINE,
    };
    if numbers::<3>(&engine.version) < OLDEST_ENGINE {
        return Err(unusable().into());
    }
    // Our engine must be able to read what dbt's writes.
    let read_only = DatabaseOptions { read_only: true, ..DatabaseOptions::default() };
    if Database::open(&database, &read_only).is_err() {
        return Err(unusable().into());
    }
    if options.profile.is_some() && engine.path.is_none() {
        log::warn!(
            "not checked: whether dbt's profile opens the database of the run, because its path is a secret variable"
        );
    }
    let versions = DbtVersions { dbt: version, adapter: output.adapter, engine: engine.version };
    Ok(Checked { versions, manifest, database: engine.path })
}

/// The output of the first call.
#[derive(Debug, Default)]
struct Output {
    version: Option<String>,
    adapter: Option<String>,
    engine: Option<Engine>,
    messages: Messages,
}

impl Output {
    fn read(&mut self, line: Line) {
        let (Line::Out(text) | Line::Err(text)) = line else { return };
        let Some(event) = Event::parse(&text) else {
            self.messages.add_text(text);
            return;
        };
        if let Some((_, error)) = event.error() {
            self.messages.add_error(error);
        }
        let plain = |version: &str| version.trim_start_matches('=').to_owned();
        if event.name() == "MainReportVersion" {
            self.version = event.data("version").map(plain);
        } else if let Some(version) = event.data("adapter_version") {
            self.adapter = Some(plain(version));
        } else if let Some(rows) = event.data("preview") {
            self.engine = serde_json::from_str::<Vec<Engine>>(rows).ok().and_then(|mut rows| rows.pop());
        }
    }
}

/// The first numbers of a version; missing ones are 0.
fn numbers<const N: usize>(version: &str) -> [u32; N] {
    let mut parts = version.trim_start_matches(['v', '=']).split(['.', '-', '+']);
    [0; N].map(|_: u32| parts.next().and_then(|part| part.parse().ok()).unwrap_or(0))
}
