//! Finished runs that continue to later years, or resume with nothing left to do.

use planalign_registries::{Checkpoints, RunStatus, Runs};

use crate::harness::{World, committed_builds, render};

#[test]
fn a_finished_run_continues_to_later_years() {
    let mut complete = World::new(2028);
    complete.start().expect("run finishes");
    let mut world = World::new(2026);
    world.start().expect("run finishes");
    world.end_year = 2028;
    world.resume().expect("run resumes");
    assert_eq!(committed_builds(&world.events), committed_builds(&complete.events));
    assert_eq!(world.status(), RunStatus::Finished);
    let summaries: Vec<_> = world.reports.calls().into_iter().filter(|c| c.starts_with("summary")).collect();
    assert_eq!(summaries, ["summary 2025-2026", "summary 2025-2028"]);
    let text = render(world.last_events());
    assert!(text.contains("after=2026/REPORTING start_year=2025 end_year=2028 stages=11"), "{text}");
    assert!(!text.contains("year=2026 stage"), "2026 is not rerun: {text}");
}

#[test]
fn a_finished_run_that_is_resumed_rewrites_its_summary() {
    let mut world = World::new(2025);
    world.start().expect("run finishes");
    world.resume().expect("run finishes");
    insta::assert_snapshot!(render(world.last_events()));
}

#[test]
fn an_interrupted_run_may_end_earlier_than_planned() {
    let mut world = World::new(2029);
    world.start_cut(crate::harness::Cut::StopAfterStages(8)).expect("not killed").expect_err("interrupted");
    world.end_year = 2026;
    world.resume().expect("run finishes");
    let mut short = World::new(2026);
    short.start().expect("run finishes");
    assert_eq!(committed_builds(&world.events), committed_builds(&short.events));
    assert_eq!(world.reports.calls(), short.reports.calls());
}

#[test]
fn a_new_run_discards_the_previous_one() {
    let mut world = World::new(2026);
    world.start().expect("run finishes");
    world.events.clear();
    // A different ID, as for every run: the journal of the first one stays.
    world.run_id = "run-2";
    world.start().expect("run finishes");
    assert!(world.registries[0].calls().contains(&"restore all years".to_owned()));
    assert!(world.store.calls().contains(&"forget_after nothing".to_owned()));
    assert_eq!(world.journal().len(), world.events.len());
}

#[test]
fn a_new_run_that_cannot_discard_the_previous_one_leaves_it_unchanged() {
    for method in ["forget_after", "commit"] {
        let mut world = World::new(2025);
        world.start().expect("run finishes");
        let before = world.store.checkpoints("run-1").expect("read");
        world.store.fail_next(method, planalign_config::Fault::OutOfSpace);
        world.start().expect_err("must fail");
        assert_eq!(world.store.checkpoints("run-1").expect("read"), before, "{method}");
        assert_eq!(world.store.runs().expect("read").len(), 1);
    }
}
