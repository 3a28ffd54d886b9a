//! Schedules of random graphs. Builds wait for each other, never for time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex};

use proptest::prelude::*;

use super::*;

/// Records the calls that the scheduler makes on the caller's thread; fails or stops where a test wants it to.
#[derive(Debug, Default)]
struct Recorder {
    started: Vec<usize>,
    built: Vec<usize>,
    published: Vec<usize>,
    failed: Vec<usize>,
    stops_before: Option<usize>,
    /// 1 by default.
    weights: Vec<usize>,
    /// What isn't for workers.
    declined: BTreeSet<usize>,
    /// When built by the caller.
    build_fails_at: BTreeSet<usize>,
    /// When published, or built by the caller.
    fails_at: BTreeSet<usize>,
}

impl Recorder {
    /// Tasks that started, whichever was first.
    fn started(&self) -> Vec<usize> {
        let mut started = self.started.clone();
        started.sort_unstable();
        started
    }

    /// Tasks whose results the caller has, in order.
    fn done(&self) -> Vec<usize> {
        let mut done = [self.built.clone(), self.published.clone()].concat();
        done.sort_unstable();
        done
    }
}

impl Stage for Recorder {
    type Built = usize;
    type Error = usize;

    fn is_for_workers(&self, task: usize) -> bool {
        !self.declined.contains(&task)
    }

    fn weight(&self, task: usize) -> usize {
        self.weights.get(task).copied().unwrap_or(1)
    }

    fn start(&mut self, task: usize) -> Flow {
        if self.stops_before == Some(task) {
            return Flow::Stop;
        }
        self.started.push(task);
        Flow::Continue
    }

    fn build(&mut self, task: usize) -> Result<(), usize> {
        assert_eq!(self.done().len(), task, "the caller builds {task} out of order");
        if self.fails_at.contains(&task) || self.build_fails_at.contains(&task) {
            return Err(task);
        }
        self.built.push(task);
        Ok(())
    }

    fn publish(&mut self, task: usize, built: usize) -> Result<(), usize> {
        assert_eq!((task, self.done().len()), (built, task), "published out of order");
        if self.fails_at.contains(&task) {
            return Err(task);
        }
        self.published.push(task);
        Ok(())
    }

    fn fail(&mut self, task: usize, error: &usize) {
        assert_eq!(task, *error);
        self.failed.push(task);
    }
}

impl<B: Fn(usize, usize) -> Outcome<Recorder> + Sync> Workers<Recorder> for B {
    fn build(&self, task: usize, worker: usize) -> Outcome<Recorder> {
        self(task, worker)
    }

    fn cancel(&self, _worker: usize) {}
}

/// Builds, and can be told to end early.
struct Cancelable<B, C>(B, C);

impl<B, C> Workers<Recorder> for Cancelable<B, C>
where
    B: Fn(usize, usize) -> Outcome<Recorder> + Sync,
    C: Fn(usize) + Sync,
{
    fn build(&self, task: usize, worker: usize) -> Outcome<Recorder> {
        self.0(task, worker)
    }

    fn cancel(&self, worker: usize) {
        self.1(worker);
    }
}

#[test]
fn independent_tasks_overlap_within_the_limit() {
    // Two builds wait for each other, so this would hang if they didn't overlap.
    let pair = Barrier::new(2);
    let builders = Mutex::new(BTreeSet::new());
    let mut recorder = Recorder::default();
    let result = run(&vec![vec![]; 100], 2, &mut recorder, &|task, worker| {
        builders.lock().expect("lock").insert(worker);
        pair.wait();
        Ok(Some(task))
    });
    assert_eq!((result, builders.lock().expect("lock").len()), (Ok(()), 2));
    assert_eq!(recorder.published, (0..100).collect::<Vec<_>>());
}

#[test]
fn one_worker_is_the_caller() {
    let mut recorder = Recorder::default();
    let never = |_, _| panic!("no worker");
    assert_eq!(run(&[vec![], vec![0], vec![]], 1, &mut recorder, &never), Ok(()));
    assert_eq!((recorder.started, recorder.built), (vec![0, 1, 2], vec![0, 1, 2]));
}

#[test]
fn the_caller_builds_what_a_worker_declines_and_what_depends_on_it() {
    let mut recorder = Recorder::default();
    let dependencies = [vec![], vec![0], vec![0], vec![1, 2], vec![3]];
    let build = |task, _| Ok(if task == 1 { None } else { Some(task) });
    assert_eq!(run(&dependencies, 2, &mut recorder, &build), Ok(()));
    assert_eq!((recorder.built, recorder.published), (vec![1, 3, 4], vec![0, 2]));
}

#[test]
fn the_caller_builds_the_last_task_if_no_worker_is_busy() {
    // Views at the end don't make it less of a last task, because workers can't build them.
    let mut recorder = Recorder { declined: [4].into(), ..Recorder::default() };
    let dependencies = [vec![], vec![], vec![0, 1], vec![2], vec![3]];
    assert_eq!(run(&dependencies, 2, &mut recorder, &|task, _| Ok(Some(task))), Ok(()));
    assert_eq!((recorder.built, recorder.published), (vec![3, 4], vec![0, 1, 2]));
}

#[test]
fn a_thread_starts_with_the_longest_chain_and_the_caller_does_the_rest() {
    let pair = Barrier::new(2);
    let builds = Mutex::new(BTreeMap::new());
    let mut recorder = Recorder { weights: vec![2, 1, 2], ..Recorder::default() };
    let result = run(&[vec![], vec![], vec![1]], 2, &mut recorder, &|task, worker| {
        builds.lock().expect("lock").insert(task, worker);
        if task < 2 {
            pair.wait();
        }
        Ok(Some(task))
    });
    let builds = builds.lock().expect("lock");
    assert_eq!((result, builds[&0], builds[&1]), (Ok(()), CALLER, 1));
}

#[test]
fn the_first_failure_in_order_is_reported_whichever_comes_first() {
    // Both tasks fail, at a moment when both are running.
    let pair = Barrier::new(2);
    let mut recorder = Recorder::default();
    let result = run(&[vec![], vec![0], vec![], vec![2]], 2, &mut recorder, &|task, _| {
        pair.wait();
        Err(task)
    });
    assert_eq!(result, Err(Unfinished::Failed { task: 0, error: 0 }));
    assert_eq!((recorder.failed.last(), recorder.published), (Some(&0), vec![]));
}

#[test]
fn a_failure_cancels_running_tasks_after_it() {
    let (running, canceled) = (Barrier::new(2), Barrier::new(2));
    let build = |task, _| {
        running.wait();
        if task == 1 {
            canceled.wait();
        }
        Err(task)
    };
    let count = AtomicUsize::new(0);
    let cancel = |_| {
        if count.fetch_add(1, Ordering::Relaxed) == 0 {
            canceled.wait();
        }
    };
    let mut recorder = Recorder::default();
    let result = run(&[vec![], vec![], vec![]], 2, &mut recorder, &Cancelable(build, cancel));
    assert_eq!(result, Err(Unfinished::Failed { task: 0, error: 0 }));
    assert_eq!((recorder.failed, count.into_inner() > 0), (vec![0], true));
}

#[test]
fn after_a_stop_running_tasks_end_and_no_other_starts() {
    let pair = Barrier::new(2);
    let mut recorder = Recorder { stops_before: Some(2), ..Recorder::default() };
    let result = run(&vec![vec![]; 4], 2, &mut recorder, &|task, _| {
        // Others may have started on a worker before the caller stops.
        if task < 2 {
            pair.wait();
        }
        Ok(Some(task))
    });
    assert!(matches!(result, Err(Unfinished::Stopped { .. })), "{result:?}");
    assert_eq!((&recorder.started()[..2], recorder.failed), (&[0, 1][..], vec![]));
    assert!(!recorder.started.contains(&2));
}

#[test]
fn a_panic_of_a_worker_reaches_the_caller() {
    let panicked = std::panic::catch_unwind(AssertUnwindSafe(|| {
        run(&[vec![], vec![]], 2, &mut Recorder::default(), &|task, _| {
            if task == 0 { panic!("in a worker") } else { Ok(Some(task)) }
        })
    }));
    assert!(panicked.is_err());
}

fn graphs() -> impl Strategy<Value = Vec<Vec<usize>>> {
    let edges = prop::collection::vec(any::<u16>(), 1..12);
    edges.prop_map(|edges| {
        let parents = |(task, edges): (usize, u16)| (0..task).filter(|other| edges & (1 << other) != 0).collect();
        edges.into_iter().enumerate().map(parents).collect()
    })
}

proptest! {
    #[test]
    fn every_schedule_respects_the_graph_and_ends(
        dependencies in graphs(),
        workers in 1..5_usize,
        declined in prop::collection::btree_set(0..12_usize, 0..4),
        declined_in_advance in prop::collection::btree_set(0..12_usize, 0..3),
        failing in prop::collection::btree_set(0..12_usize, 0..3),
        failing_at_caller in prop::collection::btree_set(0..12_usize, 0..2),
        stops_before in prop::option::of(0..12_usize),
        turns in prop::collection::vec(0..3_u8, 12),
    ) {
        let finished = Mutex::new(BTreeSet::new());
        let mut recorder = Recorder {
            stops_before,
            declined: declined_in_advance.clone(),
            build_fails_at: failing.clone(),
            fails_at: failing_at_caller.clone(),
            ..Recorder::default()
        };
        let result = run(&dependencies, workers, &mut recorder, &|task: usize, _| {
            let before = finished.lock().expect("lock").clone();
            assert!(dependencies[task].iter().all(|parent| before.contains(parent)), "{task} started too early");
            assert!(!declined_in_advance.contains(&task), "{task} isn't for workers");
            // Other tasks get a turn, so that they end in other orders.
            (0..turns[task]).for_each(|_| thread::yield_now());
            if failing.contains(&task) {
                return Err(task);
            }
            if declined.contains(&task) {
                return Ok(None);
            }
            finished.lock().expect("lock").insert(task);
            Ok(Some(task))
        });
        let first = failing.union(&failing_at_caller).copied().min().filter(|task| *task < dependencies.len());
        match result {
            Ok(()) => {
                prop_assert!(first.is_none() && stops_before.is_none_or(|task| task >= dependencies.len()));
                prop_assert_eq!(recorder.done(), (0..dependencies.len()).collect::<Vec<_>>());
            }
            Err(Unfinished::Failed { task, .. }) => {
                if stops_before.is_none() {
                    prop_assert_eq!(Some(task), first);
                }
                prop_assert!(recorder.failed.contains(&task));
            }
            Err(Unfinished::Stopped { before }) => {
                prop_assert!(stops_before.is_some() && before < dependencies.len());
            }
        }
        let started: BTreeSet<usize> = recorder.started.iter().copied().collect();
        prop_assert_eq!(started.len(), recorder.started.len(), "something started twice");
    }
}
