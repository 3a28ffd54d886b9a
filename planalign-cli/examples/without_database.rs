//! The pipeline with in-memory modules: the models it builds, in order, and a retry after one fails once.
//!
//! `cargo run -p planalign-cli --example without_database`. Tests of custom stages need nothing more.
#![expect(clippy::print_stdout, reason = "examples print their results")]

use std::error::Error;

use crossbeam_channel::unbounded;
use planalign_config::{DatabaseError, Fault, InMemoryTables};
use planalign_dbt::{InMemoryRunner, Materialization, RunnerError, Vars};
use planalign_pipeline::{ExecuteOptions, Modules, PipelineOrchestrator, Workflow};
use planalign_registries::{Fingerprints, InMemoryRunStore, RunEventKind, RunRecord};
use planalign_reporting::InMemoryReports;

const STAGES: &str = r#"{ "stages": [
    { "name": "FOUNDATION", "models": ["path:models/foundation"] },
    { "name": "EVENTS", "depends_on": ["FOUNDATION"], "models": ["path:models/events"], "parallel_safe": true },
    { "name": "REPORTING", "depends_on": ["EVENTS"], "writes_reports": true }
] }"#;

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let locked = RunnerError::Database {
        kind: "model",
        node: "hires".to_owned(),
        file: "models/events/hires.sql".to_owned(),
        excerpt: String::new(),
        cause: Box::new(DatabaseError::new(Fault::Transient, "the file is locked")),
    };
    let mut runner = InMemoryRunner::new()
        .with_node("models/foundation", "staff", Materialization::Table, &[])
        .with_node("models/events", "hires", Materialization::Incremental, &["staff"])
        .with_node("models/events", "terminations", Materialization::Incremental, &["staff"])
        .with_failure("hires", 1, locked);
    let workflow: Workflow = serde_json::from_str(STAGES)?;
    let workflow = workflow.check(&runner, &[])?;

    let mut store = InMemoryRunStore::default();
    let (sender, events) = unbounded();
    let modules = Modules {
        unit: &mut store.clone(),
        runner: &mut runner,
        registries: Vec::new(),
        rules: Vec::new(),
        store: &mut store,
        tables: &InMemoryTables::default(),
        reports: &mut InMemoryReports::default(),
        reporters: Vec::new(),
    };
    let options = ExecuteOptions::new(Vars::new(), sender);
    let run = RunRecord::new("example", 2025);
    let mut orchestrator = PipelineOrchestrator::new(workflow, run, Fingerprints::default(), modules, options);
    orchestrator.execute_multi_year_simulation(2025..=2026)?;
    for event in events.try_iter() {
        match event.kind {
            RunEventKind::ModelFinished { year, model, .. } => println!("{year}: {model} built"),
            RunEventKind::StageRetried { year, stage, cause, .. } => println!("{year}: {stage} retried: {cause}"),
            RunEventKind::CheckpointSaved { year, stage } => println!("{year}: {stage} committed"),
            _ => {}
        }
    }
    Ok(())
}
