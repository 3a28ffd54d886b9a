//! Every item that `docs/EPIC.md` names exists, and the code in the story compiles and works.

use planalign_config::InMemoryTables;
use planalign_validation::rules::{EventSequenceRule, HireTerminationRatioRule};
use planalign_validation::{CheckError, DataValidator};

/// Lists items by full path; a renamed or removed item doesn't compile.
macro_rules! items {
    ($($item:path),* $(,)?) => {{
        #[expect(unused_imports, reason = "importing them is the test")]
        mod imported {
            $(pub(super) use $item as _;)*
        }
        [$(stringify!($item)),*]
    }};
}

/// Lists functions and methods by full path.
macro_rules! functions {
    ($($function:path),* $(,)?) => {{
        $(let _ = $function;)*
        [$(stringify!($function)),*]
    }};
}

/// The item paths in the second column of the table.
fn named() -> Vec<String> {
    let rows = include_str!("../../docs/EPIC.md").lines().filter(|line| line.starts_with("| `"));
    let columns = rows.flat_map(|row| row.split('|').skip(2));
    let quoted = columns.flat_map(|column| column.split('`').skip(1).step_by(2));
    let path = |text: &str| text.split('(').next().unwrap_or_default().to_owned();
    quoted.map(path).filter(|path| path.starts_with("planalign") && path.contains("::")).collect()
}

#[test]
fn every_item_exists() {
    use planalign_config::{Database, SimulationConfig};
    use planalign_pipeline::PipelineOrchestrator;
    use planalign_registries::{Checkpoints, InMemoryRunStore, RegistryManager};

    let items = items![
        planalign::orchestrator,
        planalign_config::Database,
        planalign_config::SimulationConfig,
        planalign_config::load_simulation_config,
        planalign_config::settings::load,
        planalign_dbt::DbtRunner,
        planalign_dbt::EmbeddedRunner,
        planalign_dbt::ModelRunner,
        planalign_pipeline::CheckpointCorruptionError,
        planalign_pipeline::ExecutionProgress,
        planalign_pipeline::PipelineError,
        planalign_pipeline::PipelineOrchestrator,
        planalign_pipeline::PipelineStageError,
        planalign_pipeline::ProgressReporter,
        planalign_pipeline::RecoveryPolicy,
        planalign_pipeline::StageDefinition,
        planalign_pipeline::StateInconsistencyError,
        planalign_pipeline::Workflow,
        planalign_pipeline::WorkflowStage,
        planalign_pipeline::WorkflowValidationError,
        planalign_pipeline::restore,
        planalign_registries::RegistryManager,
        planalign_registries::RunEventKind::RunFailed,
        planalign_registries::WorkflowCheckpoint,
        planalign_reporting::FileReports,
        planalign_reporting::MultiYearReporter,
        planalign_reporting::MultiYearSummary,
        planalign_validation::DataValidator,
        planalign_validation::Rule,
        planalign_validation::rules::EventSequenceRule,
        planalign_validation::rules::HireTerminationRatioRule,
    ];
    let functions = functions![
        planalign_pipeline::PipelineOrchestrator::execute_multi_year_simulation,
        planalign_registries::RegistryManager::get,
        planalign_registries::RegistryManager::restore_from_snapshot,
        planalign_registries::RegistryManager::state_snapshot,
        planalign_reporting::MultiYearSummary::growth_analysis,
    ];
    // Methods of traits; the other test calls `register_rule`.
    let _ = <InMemoryRunStore as Checkpoints>::save_checkpoint;
    let _ = <InMemoryRunStore as Checkpoints>::checkpoints;
    let _ = <InMemoryRunStore as Checkpoints>::state;
    let _ = <planalign_reporting::InMemoryReports as planalign_reporting::MultiYearReporter>::summary;
    let _: Option<(Database, SimulationConfig, PipelineOrchestrator<'_>, RegistryManager<'_>)> = None;
    let generic = [
        "planalign_registries::Checkpoints::checkpoints",
        "planalign_registries::Checkpoints::save_checkpoint",
        "planalign_registries::Checkpoints::state",
        "planalign_reporting::MultiYearReporter::summary",
        "planalign_validation::DataValidator::register_rule",
    ];
    let mut known: Vec<String> = items.iter().chain(&functions).chain(&generic).map(ToString::to_string).collect();
    let mut named = named();
    known.sort();
    named.sort();
    named.dedup();
    assert_eq!(named, known);
}

/// The story's validator, which has two rules.
#[test]
fn a_validator_with_two_rules_checks_a_year() {
    let mut validator = DataValidator::default();
    validator.register_rule(HireTerminationRatioRule::default());
    validator.register_rule(EventSequenceRule);
    assert_eq!(validator.names().collect::<Vec<_>>(), ["hire_termination_ratio", "event_sequence"]);
    let error = validator.validate(2025, &InMemoryTables::default()).expect_err("no tables");
    assert!(matches!(error.cause, CheckError::Database(_)), "{error}");
}
