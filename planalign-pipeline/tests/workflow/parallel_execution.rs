//! Models of parallel-safe stages that are built at the same time. Builds wait for each other, never for time.

use std::collections::BTreeSet;
use std::sync::{Arc, Barrier, Mutex};

use planalign_config::{DatabaseError, Fault};
use planalign_dbt::RunnerError;
use planalign_pipeline::{PipelineError, ProgressReporter};
use planalign_registries::{RunEvent, RunEventKind};

use crate::harness::{Cut, World, committed_builds, render};

/// Which models were being built when each one started.
#[derive(Clone, Debug, Default)]
struct Overlaps(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    running: BTreeSet<String>,
    overlaps: BTreeSet<(String, String)>,
}

impl Overlaps {
    fn begin(&self, model: &str) {
        let Seen { running, overlaps } = &mut *self.0.lock().expect("lock");
        overlaps.extend(running.iter().map(|other| (other.clone(), model.to_owned())));
        running.insert(model.to_owned());
    }

    fn end(&self, model: &str) {
        self.0.lock().expect("lock").running.remove(model);
    }

    /// Pairs of models, each sorted, and the pairs in alphabetical order.
    fn found(&self) -> Vec<(String, String)> {
        let sorted = |(a, b): &(String, String)| (a.min(b).clone(), a.max(b).clone());
        let found: BTreeSet<_> = self.0.lock().expect("lock").overlaps.iter().map(sorted).collect();
        found.into_iter().collect()
    }
}

/// A world whose `waiting` models end only together, as many as the barrier takes.
fn world(workers: usize, waiting: &'static [&'static str]) -> (World, Overlaps) {
    let overlaps = Overlaps::default();
    let (seen, barrier) = (overlaps.clone(), Barrier::new(waiting.len()));
    let mut world = World::new(2027);
    world.workers = workers;
    world.runner = std::mem::take(&mut world.runner).on_build(move |model| {
        seen.begin(model);
        if waiting.contains(&model) {
            barrier.wait();
        }
        seen.end(model);
    });
    (world, overlaps)
}

fn sorted_builds(events: &[RunEvent]) -> Vec<(i32, String, String)> {
    let mut builds = committed_builds(events);
    builds.sort();
    builds
}

fn plain_builds() -> Vec<(i32, String, String)> {
    let mut world = World::new(2027);
    world.start().expect("run finishes");
    sorted_builds(&world.events)
}

fn database_error(fault: Fault) -> RunnerError {
    RunnerError::Database {
        kind: "model",
        node: "exits".to_owned(),
        file: "models/event_generation/exits.sql".to_owned(),
        excerpt: String::new(),
        cause: Box::new(DatabaseError::new(fault, "as the test asked")),
    }
}

#[test]
fn parallel_execution_optimization() {
    // Without two builds at the same time, each year would wait forever.
    let (mut world, overlaps) = world(2, &["hires", "exits"]);
    world.start().expect("run finishes");
    assert_eq!(sorted_builds(&world.events), plain_builds());
    let found = overlaps.found();
    assert!(found.contains(&("exits".to_owned(), "hires".to_owned())), "{found:?}");
    // `raises` may overlap with `exits`, but not with `hires`, on which it depends; other stages are not parallel-safe.
    let allowed = ["exits", "hires", "raises"].map(str::to_owned);
    for (a, b) in &found {
        assert!(allowed.contains(a) && allowed.contains(b), "{a} and {b} overlap");
        assert_ne!((a.as_str(), b.as_str()), ("hires", "raises"));
    }
}

#[test]
fn a_limit_of_one_never_lets_models_overlap() {
    let (mut world, overlaps) = world(1, &[]);
    world.start().expect("run finishes");
    assert_eq!(overlaps.found(), []);
    assert_eq!(sorted_builds(&world.events), plain_builds());
}

#[test]
fn a_stage_that_is_not_parallel_safe_builds_one_model_after_the_other() {
    let (mut world, overlaps) = world(4, &[]);
    for stage in &mut world.workflow.stages {
        stage.parallel_safe = false;
    }
    world.start().expect("run finishes");
    assert_eq!(overlaps.found(), []);
}

#[test]
fn events_of_models_in_flight_are_in_order_per_model() {
    let (mut world, _) = world(2, &["hires", "exits"]);
    world.end_year = 2025;
    world.start().expect("run finishes");
    let of_models: Vec<String> = world
        .events
        .iter()
        .filter_map(|event| match &event.kind {
            RunEventKind::ModelStarted { stage, model, .. } if stage == "EVENT_GENERATION" => Some(format!("{model}?")),
            RunEventKind::ModelFinished { stage, model, .. } if stage == "EVENT_GENERATION" => {
                Some(format!("{model}!"))
            }
            _ => None,
        })
        .collect();
    assert_eq!(of_models[..2], ["hires?", "exits?"]);
    let finished: Vec<&String> = of_models.iter().filter(|event| event.ends_with('!')).collect();
    assert_eq!(finished, ["hires!", "exits!", "raises!"]);
}

#[test]
fn parallel_execution_with_resource_constraints() {
    for fault in [Fault::OutOfMemory, Fault::Deterministic] {
        let (mut world, _) = world(2, &[]);
        world.runner = std::mem::take(&mut world.runner).with_failure("exits", 1, database_error(fault));
        world.store.can_relieve_memory(&["with more memory"]);
        world.start().expect("run finishes");
        assert_eq!(sorted_builds(&world.events), plain_builds());
        let events = render(&world.events);
        assert!(events.contains("again with one worker from now on"), "{events}");
        assert!(!events.contains("again with more memory"), "{events}");
        // The rest of the run has one worker.
        let retried = world.events.iter().position(|e| matches!(e.kind, RunEventKind::StageRetried { .. }));
        let rest = &world.events[retried.expect("retried")..];
        let mut running = 0;
        for event in rest {
            match event.kind {
                RunEventKind::ModelStarted { .. } => running += 1,
                RunEventKind::ModelFinished { .. } => running -= 1,
                _ => {}
            }
            assert!(running <= 1, "{}", render(rest));
        }
    }
}

#[test]
fn after_one_worker_memory_is_relieved_as_ever() {
    let (mut world, _) = world(2, &[]);
    for attempt in 1..=3 {
        world.runner =
            std::mem::take(&mut world.runner).with_failure("exits", attempt, database_error(Fault::OutOfMemory));
    }
    world.store.can_relieve_memory(&["with more memory", "on one thread"]);
    world.start().expect("run finishes");
    let events = render(&world.events);
    let places: Vec<Option<usize>> = ["with one worker from now on", "with more memory", "on one thread"]
        .map(|how| events.find(&format!("again {how}")))
        .into();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{events}");
}

#[test]
fn an_error_that_one_worker_repeats_is_reported_once() {
    let (mut world, _) = world(2, &[]);
    for attempt in 1..=2 {
        world.runner =
            std::mem::take(&mut world.runner).with_failure("exits", attempt, database_error(Fault::Deterministic));
    }
    let error = world.start().expect_err("must fail");
    assert!(matches!(error, PipelineError::Stage(_)), "{error}");
    let events = render(&world.events);
    assert_eq!(events.matches("stage_retried").count(), 1, "{events}");
}

#[test]
fn a_full_disk_is_not_retried_with_one_worker() {
    let (mut world, _) = world(2, &[]);
    world.runner = std::mem::take(&mut world.runner).with_failure("exits", 1, database_error(Fault::OutOfSpace));
    world.start().expect_err("must fail");
    assert!(!render(&world.events).contains("stage_retried"));
}

#[test]
fn a_run_stopped_in_a_parallel_stage_resumes_to_the_same_builds() {
    let plain = plain_builds();
    let mut stopped = 0;
    for tick in 10..60 {
        let (mut world, _) = world(2, &[]);
        stopped += usize::from(world.start_cut(Cut::StopAtTick(tick)).expect("not killed").is_err());
        world.resume().expect("run finishes");
        assert_eq!(sorted_builds(&world.events), plain, "stopped at {tick}");
    }
    assert!(stopped > 40, "{stopped}");
}

#[test]
fn progress_names_all_models_in_flight() {
    let (mut world, _) = world(2, &["hires", "exits"]);
    world.start().expect("run finishes");
    let mut tracker = ProgressReporter::new(&world.plan());
    let running: Vec<Vec<String>> = world.events.iter().map(|event| tracker.observe(event).running_models).collect();
    assert!(running.contains(&vec!["hires".to_owned(), "exits".to_owned()]));
    assert_eq!(running.last(), Some(&Vec::new()));
}
