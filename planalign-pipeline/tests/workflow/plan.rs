//! What a dry run prints.

use planalign_pipeline::{RunPlan, StageDefinition, Workflow};

use crate::harness::World;

#[test]
fn a_five_year_plan_prints_identical_years_once() {
    let plan = World::new(2029).plan();
    let text = plan.to_string();
    assert!(text.contains("\n2026 to 2028, each\n"), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn plans_of_one_year_and_of_shuffled_years() {
    insta::assert_snapshot!("one_year", World::new(2025).plan().to_string());
    let mut world = World::new(2026);
    world.shuffle = Some(3);
    insta::assert_snapshot!("shuffled", world.plan().to_string());
}

#[test]
fn a_plan_lists_what_remains_and_has_no_side_effects() {
    let world = World::new(2026);
    let plan = world.plan();
    let remaining: Vec<_> = plan.remaining().collect();
    assert_eq!((plan.start_year(), plan.end_year(), remaining.len()), (2025, 2026, 12));
    assert_eq!(remaining[0], (2025, "INITIALIZATION", 2));
    assert_eq!(remaining[11], (2026, "CLEANUP", 0));
    assert!(world.store.calls().is_empty() && world.built().is_empty() && world.registries[0].calls().is_empty());
}

#[test]
fn a_stage_without_properties_is_printed_as_its_name() {
    let mut world = World::new(2025);
    world.workflow.stages.retain(|s| s.name == "REPORTING");
    world.workflow.stages[0] = StageDefinition {
        depends_on: Vec::new(),
        writes_reports: false,
        checkpoint: false,
        ..world.workflow.stages[0].clone()
    };
    let plan: RunPlan = world.plan();
    assert_eq!(plan.to_string(), "2025 to 2025, 1 stages\n\n2025\n  REPORTING\n");
}

#[test]
fn the_default_workflow_has_the_stages_of_the_design() {
    let names: Vec<String> = Workflow::default().stages.into_iter().map(|s| s.name).collect();
    let expected = [
        "INITIALIZATION",
        "FOUNDATION",
        "EVENT_GENERATION",
        "STATE_ACCUMULATION",
        "VALIDATION",
        "REPORTING",
        "CLEANUP",
    ];
    assert_eq!(names, expected);
}
