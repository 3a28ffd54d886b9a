//! Checks a custom workflow against a project, and prints the plan for three years. Needs neither a database nor dbt.

use std::error::Error;

use planalign_dbt::{InMemoryRunner, Materialization};
use planalign_pipeline::{RunPlan, Workflow};

const WORKFLOW: &str = r#"{ "stages": [
    { "name": "FOUNDATION", "models": ["path:models/foundation"] },
    { "name": "EVENTS", "depends_on": ["FOUNDATION"], "models": ["path:models/events"], "rules": ["headcount"] }
] }"#;

fn main() -> Result<(), Box<dyn Error>> {
    let project = InMemoryRunner::new().with_node("models/foundation", "staff", Materialization::Table, &[]).with_node(
        "models/events",
        "hires",
        Materialization::Incremental,
        &["staff"],
    );
    let workflow: Workflow = serde_json::from_str(WORKFLOW)?;

    // All problems of a workflow are reported at once: here, a rule that isn't registered.
    let error = workflow.check(&project, &["head_count".to_owned()]).expect_err("unknown rule");
    println!("{error}");
    assert_eq!(error.problems.len(), 1);

    let checked = workflow.check(&project, &["headcount".to_owned()])?;
    let plan = RunPlan::new(&checked, 2025, 2027, None);
    println!("{plan}");
    let stages: Vec<_> = plan.remaining().map(|(year, stage, models)| format!("{year} {stage} {models}")).collect();
    assert_eq!(stages.len(), 6);
    assert_eq!(stages[1], "2025 EVENTS 1");
    Ok(())
}
