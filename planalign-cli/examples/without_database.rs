//! The pipeline over modules in memory: which models would be built, in which order, and what happens when one fails once.
//!
//! `cargo run -p planalign-cli --example without_database`. Tests of one's own stages need no more than this.
#![expect(clippy::print_stdout, reason = "an example tells what it found")]

use std::error::Error;

use crossbeam_channel::unbounded;
use planalign_config::Fault;
use planalign_config::clock::{Clock, SystemClock};
use planalign_dbt::{InMemoryRunner, Materialization, RunnerError, Vars};
use planalign_pipeline::{ExecuteOptions, Modules, RunPlan, Workflow, start};
use planalign_registries::{Fingerprints, InMemoryRunStore, RunEventKind, RunRecord, RunStatus};
use planalign_reporting::InMemoryReports;

const STAGES: &str = r#"{ "stages": [
    { "name": "FOUNDATION", "models": ["path:models/foundation"] },
    { "name": "EVENTS", "depends_on": ["FOUNDATION"], "models": ["path:models/events"], "parallel_safe": true },
    { "name": "REPORTING", "depends_on": ["EVENTS"], "writes_reports": true }
] }"#;

/// Prints what happened in two years.
fn main() -> Result<(), Box<dyn Error>> {
    run()?.iter().for_each(|line| println!("{line}"));
    Ok(())
}

/// Runs two years and tells what happened.
pub(crate) fn run() -> Result<Vec<String>, Box<dyn Error>> {
    let locked = RunnerError::Database {
        node: "hires".to_owned(),
        file: "models/events/hires.sql".to_owned(),
        excerpt: String::new(),
        cause: "the file is locked".to_owned(),
        fault: Fault::Transient,
    };
    let mut runner = InMemoryRunner::new()
        .with_node("models/foundation", "staff", Materialization::Table, &[])
        .with_node("models/events", "hires", Materialization::Incremental, &["staff"])
        .with_node("models/events", "leavers", Materialization::Incremental, &["staff"])
        .with_failure("hires", 1, locked);
    let workflow: Workflow = serde_json::from_str(STAGES)?;
    let plan = RunPlan::new(&workflow.check(&runner, &[])?, 2025, 2026, None);

    let mut store = InMemoryRunStore::default();
    let run = RunRecord {
        run_id: "example".to_owned(),
        scenario_id: "baseline".to_owned(),
        plan_design_id: "standard".to_owned(),
        start_year: plan.start_year(),
        end_year: plan.end_year(),
        seed: 42,
        started_at: SystemClock.now(),
        status: RunStatus::Running,
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        engine_version: "none".to_owned(),
    };
    let (sender, events) = unbounded();
    let modules = Modules {
        unit: &mut store.clone(),
        runner: &mut runner,
        registries: Vec::new(),
        rules: Vec::new(),
        store: &mut store,
        reports: &mut InMemoryReports::default(),
    };
    start(&plan, &run, &Fingerprints::default(), modules, &ExecuteOptions::new(Vars::new(), sender))?;
    let told = events.iter().filter_map(|event| match event.kind {
        RunEventKind::ModelFinished { year, model, .. } => Some(format!("{year}: {model} is built")),
        RunEventKind::StageRetried { year, stage, cause, .. } => {
            Some(format!("{year}: {stage} is tried again: {cause}"))
        }
        RunEventKind::CheckpointSaved { year, stage } => Some(format!("{year}: {stage} is committed")),
        _ => None,
    });
    Ok(told.collect())
}
