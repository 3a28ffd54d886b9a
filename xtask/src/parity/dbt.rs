//! Real dbt: how it is installed, and how it builds a year.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use serde_json::{Map, Value};

use super::ParityError;
use crate::workspace::{self, output_of};

/// What is installed: dbt, its driver, and the engine in the version that the program has.
const PACKAGES: [&str; 3] = ["dbt-core==1.11.16", "dbt-duckdb==1.10.1", "duckdb==1.5.6"];

/// A dbt executable.
#[derive(Debug)]
pub(super) struct Dbt(pub(super) PathBuf);

impl Dbt {
    /// Installs dbt Core, unless it is there, where the developer's tools are cached. Takes a minute, and Python.
    pub(super) fn install() -> Result<Self, ParityError> {
        let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let cache = cache.or_else(|| Some(env::home_dir()?.join(".cache"))).unwrap_or_else(env::temp_dir);
        let folder = cache.join("planalign/tools/dbt");
        // Written last: what was installed half-way is installed again.
        let (executable, complete) = (folder.join("bin/dbt"), folder.join("complete"));
        if fs::read_to_string(&complete).ok() != Some(PACKAGES.concat()) {
            output_of(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
            output_of(Command::new(folder.join("bin/pip")).args(["install", "--quiet"]).args(PACKAGES))?;
            fs::write(&complete, PACKAGES.concat()).map_err(ParityError::system("keep dbt installed"))?;
        }
        Ok(Self(executable))
    }

    /// Builds and tests everything for the year of the variables, as `dbt build` in the folder of the project does.
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
