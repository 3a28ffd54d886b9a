//! Installs dbt and builds a year with it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use serde_json::{Map, Value};

use super::ParityError;
use crate::workspace::{self, output_of};

/// Packages to install: dbt, its driver, and the program's version of the engine.
const PACKAGES: [&str; 3] = ["dbt-core==1.11.16", "dbt-duckdb==1.10.1", "duckdb==1.5.6"];

/// A dbt executable.
#[derive(Debug)]
pub(super) struct Dbt(pub(super) PathBuf);

impl Dbt {
    /// Installs dbt Core in the cache of developer tools, unless it exists. Takes a minute and needs Python.
    pub(super) fn install() -> Result<Self, ParityError> {
        let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let cache = cache.or_else(|| Some(env::home_dir()?.join(".cache"))).unwrap_or_else(env::temp_dir);
        let folder = cache.join("planalign/tools/dbt");
        // Written last, so that an incomplete installation is repeated.
        let (executable, complete) = (folder.join("bin/dbt"), folder.join("complete"));
        if fs::read_to_string(&complete).ok() != Some(PACKAGES.concat()) {
            output_of(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
            output_of(Command::new(folder.join("bin/pip")).args(["install", "--quiet"]).args(PACKAGES))?;
            fs::write(&complete, PACKAGES.concat()).map_err(ParityError::system("record that dbt is installed"))?;
        }
        Ok(Self(executable))
    }

    /// Builds and tests everything for the year in the variables, like `dbt build` in the project folder.
    pub(super) fn build(&self, vars: &Map<String, Value>, database: &Path) -> Result<(), ParityError> {
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
