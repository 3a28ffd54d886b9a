//! Report files: written once, and rewritten if missing.

use planalign_config::Fault;
use planalign_pipeline::PipelineError;

use crate::harness::{Cut, World, render};

#[test]
fn each_year_has_its_audit_and_the_run_its_summary() {
    let mut world = World::new(2027);
    world.start().expect("run finishes");
    let expected = ["year 2025", "year 2026", "year 2027", "summary 2025-2027"];
    assert_eq!(world.reports.calls(), expected);
}

#[test]
fn resume_rewrites_only_missing_audits() {
    let mut world = World::new(2028);
    world.start_cut(Cut::StopAfterStages(16)).expect("not killed").expect_err("interrupted");
    let before = ["year 2025", "year 2026", "year 2027"];
    assert_eq!(world.reports.calls(), before);
    world.reports.delete_year(2026);
    world.resume().expect("run finishes");
    assert_eq!(world.reports.calls()[before.len()..], ["year 2026", "year 2028", "summary 2025-2028"]);
    let first: Vec<_> = world.last_events()[..3].to_vec();
    let text = render(&first);
    assert!(text.contains("report_written year=2026 path=reports/year_2026.json"), "{text}");
}

#[test]
fn a_report_that_cannot_be_rewritten_ends_the_resumed_run_which_can_be_resumed() {
    let mut world = World::new(2026);
    world.start_cut(Cut::StopAfterStages(6)).expect("not killed").expect_err("interrupted");
    world.reports.delete_year(2025);
    world.reports = world.reports.clone().failure(Some(2025), std::io::ErrorKind::PermissionDenied);
    let error = world.resume().expect_err("must fail");
    assert!(matches!(&error, PipelineError::Report(_)), "{error}");
    assert_eq!(error.fault(), Fault::Permission);
    insta::assert_snapshot!(render(world.last_events()));
    world.resume().expect("run finishes");
}
