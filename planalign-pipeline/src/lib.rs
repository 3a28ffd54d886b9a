//! Runs a simulation as stages per year: plans, executes, checkpoints, resumes.
//!
//! [`Workflow::check`] makes a [`CheckedWorkflow`], [`RunPlan::new`] lays it over the years, and a [`PipelineOrchestrator`]
//! executes that with [`Modules`], reporting every step as a `RunEvent`.
//!
//! ```
//! use planalign_dbt::{InMemoryRunner, Materialization};
//! use planalign_pipeline::{RunPlan, Workflow};
//!
//! let project = InMemoryRunner::new().with_node("models/events", "hires", Materialization::Incremental, &[]);
//! let workflow = r#"{ "stages": [{ "name": "EVENTS", "models": ["path:models/events"], "rules": ["sequence"] }] }"#;
//! let workflow: Workflow = serde_json::from_str(workflow)?;
//!
//! let problems = workflow.check(&project, &[]).expect_err("no such rule").problems;
//! assert!(problems[0].contains("sequence"));
//!
//! let plan = RunPlan::new(&workflow.check(&project, &["sequence".to_owned()])?, 2025, 2027, None);
//! assert_eq!(plan.remaining().count(), 3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod changes;
mod damage;
mod data_tests;
pub mod error;
mod journal;
pub mod modules;
pub mod orchestrator;
mod order;
pub mod plan;
pub mod progress;
pub mod recovery;
pub mod restore;
pub mod stage;
mod stage_run;
pub mod stop;
pub mod verification;
pub mod workflow;

pub use damage::{Damage, RegistryDamage, TableDamage};
pub use data_tests::{finding_of_test, rule_of_test};
pub use error::{
    CheckpointCorruptionError, NOTHING_COMMITTED, PipelineError, PipelineStageError, StageFailure,
    StateInconsistencyError,
};
pub use modules::{ExecuteOptions, Modules, Storage};
pub use orchestrator::{Outcome, PipelineOrchestrator, refuse_existing_run};
pub use plan::{RunPlan, StageContents};
pub use progress::{ExecutionProgress, ProgressReporter};
pub use recovery::RecoveryPolicy;
pub use restore::restore;
pub use stage::{StageDefinition, WorkflowStage};
pub use stop::StopSignal;
pub use verification::{VerifiedCheckpoint, verify, verify_inputs};
pub use workflow::{CheckedWorkflow, Workflow, WorkflowValidationError, WorkflowWarning};
