//! Installs dbt and builds a year with it.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use serde_json::{Map, Value};

use crate::workspace::{self, CommandError, output_of};

/// dbt Core 1.11 with its adapter, and the program's version of the engine.
const CORE_1: [&str; 3] = ["dbt-core==1.11.16", "dbt-duckdb==1.10.1", "duckdb==1.5.6"];

/// dbt Core 2.0, whose driver for the engine is the engine's own library.
const CORE_2: [&str; 2] = ["--no-deps", "dbt-core==2.0.0a4"];

/// Why dbt can't be installed or run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DbtError {
    /// A command failed.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// dbt 2.0 needs the engine's library.
    #[error("run ./setup first: dbt 2.0 uses the library that it downloads")]
    NoEngine,
    /// A file or folder can't be accessed.
    #[error("can't {what}: {cause}")]
    System {
        /// What failed.
        what: &'static str,
        /// The system's error.
        cause: io::Error,
    },
}

impl DbtError {
    fn system(what: &'static str) -> impl Fn(io::Error) -> Self {
        move |cause| Self::System { what, cause }
    }
}

/// A dbt executable.
#[derive(Clone, Debug)]
pub(crate) struct Dbt(pub(crate) PathBuf);

impl Dbt {
    /// Installs dbt Core 1.11 in the cache of developer tools, unless it exists. Takes a minute and needs Python.
    pub(crate) fn core_1() -> Result<Self, DbtError> {
        Ok(Self(installed("dbt", &CORE_1)?.join("bin/dbt")))
    }

    /// Installs dbt Core 2.0 in the cache of developer tools, unless it exists, with the engine that `./setup` downloaded.
    pub(crate) fn core_2() -> Result<Self, DbtError> {
        let folder = installed("dbt2", &CORE_2)?;
        let library = engine_library()?;
        let driver = format!(
            "manifest_version = 1\nname = \"DuckDB\"\n[ADBC]\nversion = \"1.1.0\"\n[Driver]\nentrypoint = \"duckdb_adbc_init\"\n\
             shared = {:?}\n",
            library.display().to_string()
        );
        let drivers = folder.join("drivers");
        let write = || {
            fs::create_dir_all(&drivers)?;
            fs::write(drivers.join("duckdb.toml"), driver)?;
            let script = format!(
                "#!/bin/sh\nADBC_DRIVER_PATH={} exec {} \"$@\"\n",
                shell(&drivers),
                shell(&folder.join("bin/dbt"))
            );
            executable(&folder.join("dbt-with-driver"), &script)
        };
        Ok(Self(write().map_err(DbtError::system("install dbt's driver"))?))
    }

    /// A script that calls dbt and appends the nanoseconds that it took to a file.
    pub(crate) fn timed(&self, folder: &Path, times: &Path) -> Result<Self, DbtError> {
        let script = format!(
            "#!/bin/sh\nbegan=$(date +%s%N)\n{} \"$@\"\ncode=$?\necho $(($(date +%s%N) - began)) >> {}\nexit $code\n",
            shell(&self.0),
            shell(times)
        );
        Ok(Self(executable(&folder.join("timed-dbt"), &script).map_err(DbtError::system("write a script"))?))
    }

    /// What differs in the project, with this database, from the manifest in a folder, by name.
    pub(crate) fn changed_since(&self, state: &Path, database: &Path) -> Result<Vec<String>, DbtError> {
        let project = workspace::root().join("dbt");
        let mut command = Command::new(&self.0);
        command.args(["--quiet", "ls", "--select", "state:new", "state:modified.body", "state:modified.configs"]);
        command.args(["state:modified.relation", "state:modified.contract", "--state"]).arg(state);
        command.arg("--project-dir").arg(&project).arg("--profiles-dir").arg(&project);
        command.arg("--target-path").arg(state.join("dbt")).arg("--log-path").arg(state.join("logs"));
        command.env("PLANALIGN_DATABASE", database).env("DBT_SEND_ANONYMOUS_USAGE_STATS", "false");
        Ok(output_of(&mut command)?.lines().map(str::to_owned).collect())
    }

    /// Builds and tests everything for the year in the variables, like `dbt build` in the project folder.
    pub(crate) fn build(&self, vars: &Map<String, Value>, database: &Path) -> Result<(), DbtError> {
        let project = workspace::root().join("dbt");
        let mut command = Command::new(&self.0);
        command.arg("build").arg("--vars").arg(Value::from(vars.clone()).to_string());
        command.arg("--project-dir").arg(&project).arg("--profiles-dir").arg(&project);
        command.arg("--target-path").arg(database.with_extension("target"));
        command.arg("--log-path").arg(database.with_extension("logs"));
        command.env("PLANALIGN_DATABASE", database).env("DBT_SEND_ANONYMOUS_USAGE_STATS", "false");
        output_of(&mut command)?;
        Ok(())
    }
}

fn executable(path: &Path, script: &str) -> io::Result<PathBuf> {
    fs::write(path, script)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    Ok(path.to_owned())
}

/// The cache of downloads and developer tools.
fn cache() -> PathBuf {
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(env::home_dir()?.join(".cache"))).unwrap_or_else(env::temp_dir);
    cache.join("planalign")
}

/// A virtual environment with these packages.
fn installed(name: &str, packages: &[&str]) -> Result<PathBuf, DbtError> {
    let folder = cache().join("tools").join(name);
    // Written last, so that an incomplete installation is repeated.
    let complete = folder.join("complete");
    if fs::read_to_string(&complete).ok() != Some(packages.concat()) {
        output_of(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
        output_of(Command::new(folder.join("bin/pip")).args(["install", "--quiet"]).args(packages))?;
        fs::write(&complete, packages.concat()).map_err(DbtError::system("keep dbt installed"))?;
    }
    Ok(folder)
}

/// The library that `./setup` keeps.
fn engine_library() -> Result<PathBuf, DbtError> {
    let found = fs::read_dir(cache().join("engine")).into_iter().flatten().flatten();
    let mut libraries: Vec<PathBuf> =
        found.map(|folder| folder.path().join("libduckdb.so")).filter(|library| library.exists()).collect();
    libraries.sort();
    libraries.pop().ok_or(DbtError::NoEngine)
}

/// A path as a word of a shell script.
fn shell(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', "'\\''"))
}
