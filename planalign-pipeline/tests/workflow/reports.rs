//! The files for people: written once, and again where they are gone.

use planalign_config::Fault;
use planalign_pipeline::PipelineError;

use crate::harness::{Cut, World, render};

#[test]
fn each_year_has_its_audit_and_the_run_its_summary() {
    let mut world = World::new(2027);
    world.start().expect("it finishes");
    let expected = ["audit-2025.json", "audit-2026.json", "audit-2027.json", "summary-2025-2027.csv"];
    assert_eq!(world.reports.written, expected);
}

#[test]
fn resume_writes_the_audits_that_are_gone_and_no_others() {
    let mut world = World::new(2028);
    world.start_cut(Cut::StopAfterStages(16)).expect("not killed").expect_err("interrupted");
    assert_eq!(world.reports.years.len(), 3);
    world.reports.years.remove(&2026);
    world.reports.written.clear();
    world.resume().expect("it finishes");
    assert_eq!(world.reports.written, ["audit-2026.json", "audit-2028.json", "summary-2025-2028.csv"]);
    let first: Vec<_> = world.last_told()[..3].to_vec();
    let text = render(&first);
    assert!(text.contains("report_written year=2026 path=audit-2026.json"), "{text}");
}

#[test]
fn a_report_that_cannot_be_written_again_ends_the_resumed_run_which_can_be_resumed() {
    let mut world = World::new(2026);
    world.start_cut(Cut::StopAfterStages(6)).expect("not killed").expect_err("interrupted");
    world.reports.years.clear();
    world.reports.failures = vec![Fault::Permission];
    let error = world.resume().expect_err("it fails");
    assert!(matches!(&error, PipelineError::Report(_)), "{error}");
    assert_eq!(error.fault(), Fault::Permission);
    insta::assert_snapshot!(render(world.last_told()));
    world.resume().expect("it finishes");
}
