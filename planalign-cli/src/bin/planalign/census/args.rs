//! Command-line arguments of `planalign census`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use planalign::InputOptions;
use planalign_config::settings::Override;

use crate::args::{CONFIG, PROJECT, Setting};

#[derive(Debug, Subcommand)]
pub(crate) enum CensusAction {
    /// Check a census file: columns, formats, rows, and what looks wrong.
    #[command(
        after_help = "Examples:\n  planalign census check staff.csv\n  planalign census check staff.xlsx --sheet Active --issues issues.csv\n  planalign census check staff.csv --set census.pay_basis=hourly"
    )]
    Check(CheckArgs),
    /// Show which column of a census file is used for what.
    #[command(after_help = "Examples:\n  planalign census map staff.csv\n  planalign census map staff.csv --write")]
    Map(MapArgs),
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) input: CensusInput,
    /// Write all problems of rows to a CSV file.
    #[arg(long, value_name = "FILE")]
    pub(crate) issues: Option<PathBuf>,
    /// Output format.
    #[arg(long, value_enum, default_value_t = CensusFormat::Table)]
    pub(crate) format: CensusFormat,
}

#[derive(Debug, Args)]
pub(crate) struct MapArgs {
    #[command(flatten)]
    pub(crate) input: CensusInput,
    /// Write the columns to `census.columns` in the configuration.
    #[arg(long)]
    pub(crate) write: bool,
    /// Output format.
    #[arg(long, value_enum, default_value_t = CensusFormat::Table)]
    pub(crate) format: CensusFormat,
}

/// A census file and what decides how it is read.
#[derive(Debug, Args)]
pub(crate) struct CensusInput {
    /// Census file (CSV, Excel, or Parquet).
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Sheet of an Excel workbook; overrides census.sheet.
    #[arg(long, value_name = "NAME")]
    sheet: Option<String>,
    /// Secret that replaces Social Security numbers, if they are the only IDs.
    #[arg(long, value_name = "FILE")]
    pseudonym_key: Option<PathBuf>,
    /// Configuration file.
    #[arg(long, value_name = "FILE", help = format!("Configuration file [default: {CONFIG}, or else the default settings]"))]
    config: Option<PathBuf>,
    /// Scenario file with settings that override the configuration.
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// Directory of the dbt project.
    #[arg(long, value_name = "DIR", help = format!("Directory of the dbt project [default: {PROJECT}]"))]
    project: Option<PathBuf>,
    /// Override one setting, such as `census.pay_basis=hourly`; repeatable.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<Setting>,
}

impl CensusInput {
    /// Converts the arguments for the library.
    pub(crate) fn options(&self, environment: BTreeMap<String, String>) -> InputOptions {
        let set = self.set.iter().map(|set| Override::new(&set.key, &set.value, "--set"));
        let sheet = self.sheet.iter().map(|sheet| Override::new("census.sheet", sheet, "--sheet"));
        InputOptions {
            config: self.config.clone(),
            scenario: self.scenario.clone(),
            census: Some(self.file.clone()),
            pseudonym_key: self.pseudonym_key.clone(),
            project: self.project.clone(),
            overrides: set.chain(sheet).collect(),
            years: None,
            untrusted_project: false,
            environment,
        }
    }
}

/// An output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CensusFormat {
    /// For people.
    Table,
    /// For programs.
    Json,
}
