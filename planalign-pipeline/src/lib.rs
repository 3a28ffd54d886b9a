//! Runs a simulation as stages per year: plans, executes, checkpoints, resumes.
//!
//! [`Workflow::check`] makes a [`CheckedWorkflow`], [`RunPlan::new`] lays it over the years, and [`start`] or [`resume`]
//! execute the plan with [`Modules`], reporting every step as a `RunEvent`.

pub mod error;
mod findings;
mod journal;
pub mod orchestrator;
mod order;
pub mod plan;
pub mod progress;
pub mod recovery;
pub mod stage;
mod stage_run;
pub mod stop;
pub mod workflow;

pub use error::{PipelineError, StageFailure};
pub use orchestrator::{ExecuteOptions, Modules, Outcome, refuse_present_data, resume, start};
pub use plan::RunPlan;
pub use progress::{Progress, ProgressTracker};
pub use recovery::RecoveryPolicy;
pub use stage::StageDefinition;
pub use stop::StopSignal;
pub use workflow::{CheckedWorkflow, Workflow, WorkflowValidationError};
