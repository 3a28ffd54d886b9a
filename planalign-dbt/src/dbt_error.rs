//! Why a `dbt` executable can't be used, or didn't do what it was asked to.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use planalign_config::{Action, DatabaseError, Diagnostic, Fault, Hint, counted};

/// A `dbt` executable can't be used, or a call of it failed for no reason of a model's. Others are a
/// [`RunnerError`](crate::RunnerError) of their own.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DbtError {
    /// There is no such program.
    #[error("found no dbt executable `{}`", executable.display())]
    NotFound {
        /// The program, as configured.
        executable: PathBuf,
    },
    /// The system doesn't start the program.
    #[error("cannot start `{}`", executable.display())]
    NotStarted {
        /// The program.
        executable: PathBuf,
        /// Why.
        #[source]
        cause: Option<Arc<io::Error>>,
    },
    /// The runner needs process groups and pipes of a Unix system.
    #[error("a dbt executable can only be driven on Linux and macOS")]
    NotUnix,
    /// The program's output isn't dbt's.
    #[error("`{}` is not dbt Core 1.11 or later", executable.display())]
    NotDbt {
        /// The program.
        executable: PathBuf,
        /// The start of its output.
        output: String,
    },
    /// The program is an older dbt.
    #[error("`{}` is dbt {found}, but 1.11 or later is required", executable.display())]
    TooOld {
        /// The program.
        executable: PathBuf,
        /// Its version.
        found: String,
    },
    /// dbt's database engine and ours can't share a file.
    #[error("`{}` uses DuckDB {found}, but {required} is required", executable.display())]
    Engine {
        /// The program.
        executable: PathBuf,
        /// The engine's version.
        found: String,
        /// The accepted versions.
        required: &'static str,
    },
    /// The file with the profile can't be used.
    #[error("dbt's profiles file `{}` {problem}", file.display())]
    Profile {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The profile is for another adapter.
    #[error("dbt's profile uses the adapter {found}, but duckdb is required")]
    Adapter {
        /// The adapter.
        found: String,
    },
    /// The profile opens another database.
    #[error("dbt's profile opens `{}`, not the database of the run", found.display())]
    OtherDatabase {
        /// The profile's database.
        found: PathBuf,
        /// The database of the run.
        expected: PathBuf,
    },
    /// dbt failed before or apart from any model.
    #[error("dbt failed with exit code {code}")]
    Failed {
        /// Exit code, or 128 and the number of the signal that ended dbt.
        code: i32,
        /// Class of the cause.
        fault: Fault,
        /// What dbt says, redacted.
        message: String,
    },
    /// The operating system kept dbt from building a node.
    #[error("{kind} {node} ({file}) failed")]
    System {
        /// What the node is, such as `model`.
        kind: &'static str,
        /// Name of the node.
        node: String,
        /// File, relative to the project.
        file: String,
        /// Class of the cause.
        fault: Fault,
        /// What dbt says, redacted.
        message: String,
    },
    /// dbt took too long and was ended.
    #[error("dbt did not finish within {} s", after.as_secs())]
    TimedOut {
        /// The time limit.
        after: Duration,
    },
    /// dbt was killed from outside.
    #[error("dbt was killed")]
    Killed,
    /// dbt reported success, but not for every node.
    #[error("dbt reported success but did not build {}: {}", counted(nodes.len(), "model"), nodes.join(", "))]
    Incomplete {
        /// The nodes that it skipped or left out.
        nodes: Vec<String>,
    },
    /// dbt reported success but left no results of this call.
    #[error("dbt reported success but wrote no `run_results.json`{}", if *stale { " of this call" } else { "" })]
    NoResults {
        /// Whether there is a file of another call.
        stale: bool,
    },
    /// The private folder for dbt's output can't be used.
    #[error("cannot use the folder of dbt's output")]
    Scratch {
        /// Why.
        #[source]
        cause: Arc<io::Error>,
    },
    /// The database that dbt built can't be opened.
    #[error("cannot open the database that dbt built")]
    Database {
        /// Why.
        #[source]
        cause: Box<DatabaseError>,
    },
    /// The manifest isn't dbt's.
    #[error("cannot read dbt's manifest")]
    Manifest {
        /// Why.
        #[source]
        cause: Arc<io::Error>,
    },
}

#[cfg(feature = "duckdb")]
impl DbtError {
    pub(crate) fn scratch(cause: io::Error) -> Self {
        Self::Scratch { cause: Arc::new(cause) }
    }

    pub(crate) fn manifest(cause: impl Into<io::Error>) -> Self {
        Self::Manifest { cause: Arc::new(cause.into()) }
    }
}

impl DbtError {
    /// Classifies the error by what can be done about it.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Failed { fault, .. } | Self::System { fault, .. } => *fault,
            Self::Database { cause } => cause.fault(),
            Self::Scratch { cause } | Self::NotStarted { cause: Some(cause), .. } => cause.kind().into(),
            _ => Fault::Deterministic,
        }
    }
}

impl Diagnostic for DbtError {
    fn details(&self) -> Vec<String> {
        match self {
            Self::Failed { message, .. } | Self::System { message, .. } | Self::NotDbt { output: message, .. }
                if !message.is_empty() =>
            {
                vec![message.clone()]
            }
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<Hint> {
        let text = |text: &str| vec![Hint::text(text)];
        let retry = |text: &str| vec![Hint::run(format!("{text}, then run {{}}"), [Action::Retry])];
        match self {
            Self::NotFound { .. } | Self::NotStarted { .. } | Self::NotDbt { .. } => {
                text("install dbt Core 1.11 or later with dbt-duckdb, or name its path with `--dbt-executable`")
            }
            Self::Killed => {
                retry("if the system ran out of memory, lower `--threads` or `optimization.memory_limit_gb`")
            }
            Self::Manifest { .. } | Self::NoResults { .. } => {
                retry("check the dbt installation and its output with `-v`")
            }
            Self::NotUnix => text("leave out `--runner dbt` to use the embedded runner"),
            Self::TooOld { .. } => text("upgrade dbt Core, or name another one with `--dbt-executable`"),
            Self::Engine { .. } => text("install that version of DuckDB where dbt is installed"),
            Self::Profile { .. } => text("check `dbt.profile`, `dbt.target`, and `dbt.profiles_dir`"),
            Self::Adapter { .. } => text("name a DuckDB profile in `dbt.profile`, or remove the setting"),
            Self::OtherDatabase { expected, .. } => {
                vec![Hint::text(format!(
                    "set the profile's `path` to `{}`, or remove `dbt.profile`",
                    expected.display()
                ))]
            }
            Self::TimedOut { .. } => retry("raise `dbt.timeout_seconds`"),
            Self::Incomplete { .. } => retry("run dbt with `-v` to see why they were left out"),
            Self::Failed { fault: Fault::Deterministic, .. } => retry("fix the project"),
            other => other.fault().hints(),
        }
    }
}
