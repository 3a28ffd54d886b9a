//! Runs and maintains simulations, for the command line and for other front ends.
//!
//! [`InputOptions`] say where the configuration, the census and the dbt project are, and [`Inputs`] are what is found there. A
//! [`Session`] holds a database for writing: it prepares a run, which then executes, and it restores and prunes. [`OpenRun`]
//! reads what a database holds. Nothing here prints, reads the environment, starts a process or knows of exit codes: the
//! [`Caller`] passes in what that takes.

mod caller;
mod census_check;
mod data_check;
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
mod point;
mod reports;
mod resources;
mod run_log;
mod session;
mod start_mode;
mod status;

pub use caller::{Caller, Probe};
pub use census_check::{InputCheck, check_inputs};
pub use data_check::{DataCheck, check_data};
pub use error::Error;
pub use input_options::{InputOptions, Unused};
pub use input_source::InputSource;
pub use inputs::{Inputs, Project};
pub use maintenance::{Restored, Verification, prune, restore};
pub use open_run::OpenRun;
pub use orchestrator::{Orchestrator, OrchestratorBuilder, orchestrator};
pub use plan::dry_run;
pub use point::Point;
pub use reports::{Reported, report};
pub use run_log::{RunLogReader, path as run_log_path};
pub use session::{Finished, PreparedRun, RunOptions, Session};
pub use start_mode::StartMode;
pub use status::{RunInFile, RunningElsewhere, Status, status};

pub use planalign_config::{DatabaseError, InMemoryTables, Row, Rows, SimulationConfig, Tables, Value};
pub use planalign_config::{Fault, Rate, load_simulation_config, rate};
pub use planalign_pipeline::{ExecutionProgress, PipelineError, StopSignal};
pub use planalign_registries::{RunEvent, RunEventKind};
pub use planalign_reporting::{GrowthAnalysis, MultiYearSummary, ReportError, ReportSource, YearAuditor};
pub use planalign_validation::{CheckError, Finding, Rule, Severity};

/// The modules that the library is made of, for everything else that they hold.
pub use {
    planalign_config, planalign_dbt, planalign_pipeline, planalign_registries, planalign_reporting,
    planalign_validation,
};
