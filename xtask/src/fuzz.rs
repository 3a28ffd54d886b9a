//! Damages small dbt projects, and checks that the embedded runner survives them.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use crate::workspace::{TestError, run_tests};

/// Options of the fuzz test of planalign-dbt.
#[derive(Args, Clone, Debug)]
pub(crate) struct FuzzArguments {
    /// Damage projects for this long, instead of a number of them
    #[arg(long, conflicts_with = "cases", value_parser = clap::value_parser!(u64).range(1..))]
    minutes: Option<u64>,
    /// Projects to damage
    #[arg(long, default_value_t = 60)]
    cases: u64,
    /// Seed of the first case; each further case has the next
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Folder for the project of the last case
    #[arg(long)]
    keep: Option<PathBuf>,
}

impl FuzzArguments {
    fn passed(&self) -> Vec<OsString> {
        let number = |name: &str, number: u64| [name.into(), number.to_string().into()];
        let extent = self.minutes.map_or_else(|| number("--cases", self.cases), |minutes| number("--minutes", minutes));
        let keep = self.keep.iter().flat_map(|folder| ["--keep".into(), folder.into()]);
        number("--seed", self.seed).into_iter().chain(extent).chain(keep).collect()
    }
}

/// Runs the test.
pub(crate) fn run(arguments: &FuzzArguments) -> Result<String, TestError> {
    run_tests("planalign-dbt", |test| test.args(["--test", "fuzz", "--"]).args(arguments.passed()))?;
    Ok("fuzz: the runner survives".to_owned())
}
