//! Runs and maintains simulations, for the command line and other front ends.
//!
//! [`InputOptions`] name the configuration, the census, and the dbt project; [`Inputs`] are the loaded files. A [`Session`]
//! locks a database for writing and prepares a run, which then executes. [`OpenRun`] reads the run in a database; [`restore`]
//! and [`prune`] maintain it. Nothing here prints, reads the environment, starts a process, or returns exit codes: the
//! [`Caller`] passes in what that takes.

mod caller;
mod census_check;
mod census_report;
mod census_spill;
mod checkpoint_selector;
mod data_check;
mod data_tests;
mod dbt_executable;
mod dbt_project;
mod error;
mod input_options;
mod input_source;
mod inputs;
mod maintenance;
mod mirror_writer;
mod modules;
mod open_run;
mod orchestrator;
mod plan;
mod preparation;
mod reports;
mod resources;
mod run_log;
mod scratch_project;
mod session;
mod shadows;
mod start_mode;
mod status;

pub use caller::{Caller, Guard, Probe};
pub use census_check::{InputCheck, check_inputs};
pub use census_report::{CensusReport, RowCounts, RowIssue, census_report};
pub use checkpoint_selector::CheckpointSelector;
pub use data_check::{DataCheck, check_data};
pub use dbt_project::{DatabaseUse, DbtProject, DbtProjectError, DbtProjectOptions};
pub use error::Error;
pub use input_options::{IgnoredInputs, InputOptions};
pub use input_source::InputSource;
pub use inputs::{Inputs, Project};
pub use maintenance::{RestoredRun, Verification, prune, restore};
pub use open_run::OpenRun;
pub use orchestrator::{Orchestrator, OrchestratorBuilder, orchestrator};
pub use plan::{DryRun, dry_run};
pub use preparation::PreparationProblem;
pub use reports::{WrittenReports, report};
pub use resources::Resources;
pub use run_log::{RunLogReader, path as run_log_path};
pub use session::{FinishedRun, PreparedRun, RunOptions, Session};
pub use shadows::NamedObject;
pub use start_mode::StartMode;
pub use status::{ActiveRun, Status, StoredRun, status};

pub use planalign_config::{DatabaseError, InMemoryTables, Row, Rows, SimulationConfig, Tables, Value};
pub use planalign_config::{Fault, Rate, load_simulation_config, rate};
pub use planalign_pipeline::{ExecutionProgress, PipelineError, StopSignal};
pub use planalign_registries::{RunEvent, RunEventKind};
pub use planalign_reporting::{GrowthAnalysis, MultiYearSummary, ReportError, ReportSource, YearAuditor};
pub use planalign_validation::{CheckError, Finding, Rule, Severity};

/// The crates under the library, for all their other items.
pub use {
    planalign_config, planalign_dbt, planalign_pipeline, planalign_registries, planalign_reporting,
    planalign_validation,
};
