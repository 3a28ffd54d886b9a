//! Builds the nodes of a stage on several threads, each as soon as what it depends on is built.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::runner::Flow;

/// What only the caller's thread does. Tasks are numbered from 0.
pub(crate) trait Stage {
    /// What a worker builds.
    type Built: Send;
    /// Why a task can't be built.
    type Error: Send;

    /// Whether a worker may be able to build a task, as far as is known in advance.
    fn is_for_workers(&self, task: usize) -> bool;
    /// How long a task may take, compared with others.
    fn weight(&self, task: usize) -> usize;
    /// Reports that a task is being built. Doesn't if the caller wants to stop before it.
    fn start(&mut self, task: usize) -> Flow;
    /// Builds a task that workers can't build.
    fn build(&mut self, task: usize) -> Result<(), Self::Error>;
    /// Takes over what a worker built.
    fn publish(&mut self, task: usize, built: Self::Built) -> Result<(), Self::Error>;
    /// Reports that a task failed. Others may fail as well.
    fn fail(&mut self, task: usize, error: &Self::Error);
}

/// What workers do, each on a thread. Workers are numbered from 0.
pub(crate) trait Workers<S: Stage>: Sync {
    /// Builds a task; `None` if only the caller can.
    fn build(&self, task: usize, worker: usize) -> Outcome<S>;
    /// Makes a worker end its task early, because the result isn't needed anymore.
    fn cancel(&self, worker: usize);
}

/// What comes of a task on a worker.
pub(crate) type Outcome<S> = Result<Option<<S as Stage>::Built>, <S as Stage>::Error>;

/// Why not everything was built.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unfinished<E> {
    /// The first task that failed, in the order of the tasks, whichever failed first.
    Failed { task: usize, error: E },
    /// The caller stopped before this task.
    Stopped { before: usize },
}

/// Builds tasks, each after its `dependencies`, which have lower numbers. The caller's thread is the first worker, and takes over
/// results in the order of the tasks whenever the other workers can do without it. It also builds what workers can't, and the
/// last task if no worker is busy, because nothing is gained by handing it over. If it is the only worker, it builds everything.
///
/// There are no more threads than workers, and none waits for another between tasks: on as many cores, one of three threads would
/// wait for a time slice.
///
/// After a failure, tasks after the failed one are canceled. Tasks before it are still built, so that the reported failure doesn't
/// depend on which thread was faster.
pub(crate) fn run<S: Stage>(
    dependencies: &[Vec<usize>],
    count: usize,
    stage: &mut S,
    workers: &dyn Workers<S>,
) -> Result<(), Unfinished<S::Error>> {
    let for_workers = (0..dependencies.len()).map(|task| count > 1 && stage.is_for_workers(task)).collect();
    let weights: Vec<usize> = (0..dependencies.len()).map(|task| stage.weight(task)).collect();
    let shared = Shared::new(dependencies, for_workers, &weights);
    thread::scope(|scope| {
        // Threads end however this ends.
        let _end = End(&shared);
        let (sender, messages) = unbounded();
        for worker in CALLER + 1..count {
            let (shared, sender) = (&shared, sender.clone());
            scope.spawn(move || work(shared, worker, workers, &sender));
        }
        let (refused, built) = (BTreeSet::new(), BTreeMap::new());
        Caller { shared: &shared, workers, stage, refused, built, failed: None }.run(&messages)
    })
}

/// The number of the worker that is the caller's thread.
const CALLER: usize = 0;

/// What other threads tell the caller's.
enum Message<S: Stage> {
    Started { worker: usize, task: usize },
    Ended { task: usize, outcome: thread::Result<Outcome<S>> },
}

/// What a thread does.
fn work<S: Stage>(shared: &Shared<'_>, worker: usize, workers: &dyn Workers<S>, sender: &Sender<Message<S>>) {
    while let Some(task) = shared.wait_for_task(worker) {
        let _ = sender.send(Message::Started { worker, task });
        // Without a message, the caller would wait forever.
        let outcome = catch_unwind(AssertUnwindSafe(|| workers.build(task, worker)));
        match &outcome {
            Ok(outcome) => shared.end(worker, task, outcome, workers),
            Err(_) => shared.stop(),
        }
        let _ = sender.send(Message::Ended { task, outcome });
    }
}

/// What the caller and the workers know.
struct Shared<'d> {
    progress: Mutex<Progress<'d>>,
    /// Something can be started, or nothing ever again.
    changed: Condvar,
}

impl<'d> Shared<'d> {
    fn new(dependencies: &'d [Vec<usize>], for_workers: Vec<bool>, weights: &[usize]) -> Self {
        let mut urgencies = weights.to_vec();
        for (task, parents) in dependencies.iter().enumerate().rev().filter(|(task, _)| for_workers[*task]) {
            for parent in parents {
                urgencies[*parent] = urgencies[*parent].max(weights[*parent] + urgencies[task]);
            }
        }
        let progress = Progress {
            dependencies,
            urgencies,
            for_workers,
            started: BTreeSet::new(),
            ready: BTreeSet::new(),
            declined: BTreeSet::new(),
            published: 0,
            running: BTreeMap::new(),
            idle: 0,
            awaited: 0,
            failed: None,
            stopped: false,
        };
        Self { progress: Mutex::new(progress), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Progress<'d>> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a task; `None` at the end.
    fn wait_for_task(&self, worker: usize) -> Option<usize> {
        let mut progress = self.lock();
        loop {
            if progress.stopped {
                return None;
            }
            if let Some(task) = progress.for_a_thread() {
                progress.take(worker, task);
                progress.awaited += 1;
                return Some(task);
            }
            progress.idle += 1;
            progress = self.changed.wait(progress).unwrap_or_else(PoisonError::into_inner);
            progress.idle -= 1;
        }
    }

    /// Records what came of a task on a worker.
    fn end<S: Stage>(&self, worker: usize, task: usize, outcome: &Outcome<S>, workers: &dyn Workers<S>) {
        let mut progress = self.lock();
        progress.running.remove(&worker);
        match outcome {
            Ok(Some(_)) => _ = progress.ready.insert(task),
            Err(_) if progress.is_needed(task) => progress.fail(task, workers),
            Ok(None) | Err(_) => {}
        }
        if progress.idle > 0 && progress.startable().next().is_some() {
            self.changed.notify_all();
        }
    }

    /// Has no thread take another task.
    fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }
}

/// Has threads end when it is dropped.
struct End<'s, 'd>(&'s Shared<'d>);

impl Drop for End<'_, '_> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// What became of the tasks so far.
struct Progress<'d> {
    dependencies: &'d [Vec<usize>],
    /// How long each task and the longest chain of tasks of workers after it may take.
    urgencies: Vec<usize>,
    for_workers: Vec<bool>,
    started: BTreeSet<usize>,
    /// Built by workers, so that workers can read them.
    ready: BTreeSet<usize>,
    /// Workers can't build them.
    declined: BTreeSet<usize>,
    /// Number of leading tasks that are published or built by the caller, so that the caller can read them.
    published: usize,
    /// The task of each worker that has one.
    running: BTreeMap<usize, usize>,
    /// Number of threads that wait for a task.
    idle: usize,
    /// Number of tasks of threads whose end the caller hasn't heard of.
    awaited: usize,
    /// The first task that failed.
    failed: Option<usize>,
    stopped: bool,
}

impl Progress<'_> {
    /// Whether a task's result is of use.
    fn is_needed(&self, task: usize) -> bool {
        task < self.failed.unwrap_or(self.dependencies.len()) && !self.stopped
    }

    /// Whether workers can read what a task depends on.
    fn is_within_reach(&self, task: usize) -> bool {
        self.dependencies[task].iter().all(|dependency| self.ready.contains(dependency))
    }

    /// Tasks that a worker can start.
    fn startable(&self) -> impl Iterator<Item = usize> {
        let can_start = |&task: &usize| {
            self.for_workers[task]
                && self.is_needed(task)
                && !self.started.contains(&task)
                && self.is_within_reach(task)
        };
        (0..self.dependencies.len()).filter(can_start)
    }

    /// The task that a thread should start: the most urgent, or the first of equals.
    fn for_a_thread(&self) -> Option<usize> {
        self.startable()
            .max_by_key(|task| (self.urgencies[*task], Reverse(*task)))
            .filter(|task| !self.is_all_there_is(*task))
    }

    /// Whether only the publishing of earlier results remains to be done beside a task, and no worker builds anything after it.
    fn is_all_there_is(&self, task: usize) -> bool {
        let is_read_by = |reader: usize| self.for_workers[reader] && self.dependencies[reader].contains(&task);
        self.running.is_empty()
            && (self.published..task).all(|earlier| self.ready.contains(&earlier))
            && self.startable().all(|other| other == task)
            && !(task..self.dependencies.len()).any(is_read_by)
    }

    /// The task that the caller should start beside publishing: the least urgent that idle threads won't start.
    fn for_the_caller_as_a_worker(&self) -> Option<usize> {
        let least = self.startable().min_by_key(|task| (self.urgencies[*task], *task));
        least.filter(|task| !self.is_all_there_is(*task) && self.startable().count() > self.idle)
    }

    fn take(&mut self, worker: usize, task: usize) {
        self.started.insert(task);
        self.running.insert(worker, task);
    }

    /// Records that a task failed, and cancels tasks after it. Until this returns, workers can't take others.
    fn fail<S: Stage>(&mut self, task: usize, workers: &dyn Workers<S>) {
        self.failed = Some(self.failed.map_or(task, |failed| failed.min(task)));
        self.cancel(workers, |_, running| running > task);
    }

    fn cancel<S: Stage>(&self, workers: &dyn Workers<S>, is_meant: impl Fn(usize, usize) -> bool) {
        let meant = self.running.iter().filter(|(worker, task)| is_meant(**worker, **task));
        meant.for_each(|(worker, _)| workers.cancel(*worker));
    }

    /// Whether a task that is next in order isn't for workers.
    fn is_for_the_caller(&self, task: usize) -> bool {
        self.is_needed(task)
            && !self.ready.contains(&task)
            && (!self.for_workers[task]
                || self.declined.contains(&task)
                || !self.is_within_reach(task)
                || (!self.started.contains(&task) && self.is_all_there_is(task)))
    }
}

/// The caller's thread.
struct Caller<'s, 'd, S: Stage> {
    shared: &'s Shared<'d>,
    workers: &'s dyn Workers<S>,
    stage: &'s mut S,
    /// Started by a thread after the caller had stopped or another task had failed.
    refused: BTreeSet<usize>,
    /// Results of workers to publish.
    built: BTreeMap<usize, S::Built>,
    failed: Option<(usize, S::Error)>,
}

/// What the caller does next.
enum Step {
    /// Works as one of the workers.
    Work(usize),
    Publish(usize),
    Build {
        task: usize,
        is_started: bool,
    },
    Wait,
    End,
}

impl<S: Stage> Caller<'_, '_, S> {
    fn run(mut self, messages: &Receiver<Message<S>>) -> Result<(), Unfinished<S::Error>> {
        loop {
            while let Ok(message) = messages.try_recv() {
                self.receive(message);
            }
            match self.next() {
                Step::Work(task) => self.work(task),
                Step::Publish(task) => {
                    if let Some(built) = self.built.remove(&task) {
                        let result = self.stage.publish(task, built);
                        self.ended(task, result);
                    }
                }
                Step::Build { task, is_started } => {
                    if is_started || self.start(task) {
                        let result = self.stage.build(task);
                        self.ended(task, result);
                    }
                }
                Step::Wait => {
                    if let Ok(message) = messages.recv() {
                        self.receive(message);
                    }
                }
                Step::End => return self.result(),
            }
        }
    }

    fn next(&self) -> Step {
        let mut progress = self.shared.lock();
        let next = progress.published;
        if progress.is_for_the_caller(next) {
            let is_started = !progress.started.insert(next);
            return Step::Build { task: next, is_started };
        }
        if let Some(task) = progress.for_the_caller_as_a_worker() {
            progress.take(CALLER, task);
            Step::Work(task)
        } else if progress.is_needed(next) && self.built.contains_key(&next) {
            Step::Publish(next)
        } else if progress.awaited > 0 || progress.startable().next().is_some() {
            Step::Wait
        } else {
            Step::End
        }
    }

    /// Starts a task; returns false if the caller stops.
    fn start(&mut self, task: usize) -> bool {
        let goes_on = self.stage.start(task) == Flow::Continue;
        if !goes_on {
            self.shared.stop();
        }
        goes_on
    }

    fn work(&mut self, task: usize) {
        if self.start(task) {
            let outcome = self.workers.build(task, CALLER);
            self.shared.end(CALLER, task, &outcome, self.workers);
            self.receive_outcome(task, outcome);
        }
    }

    fn receive(&mut self, message: Message<S>) {
        match message {
            Message::Started { worker, task } => {
                if !self.is_of_use(task) || !self.start(task) {
                    self.refused.insert(task);
                    self.shared.lock().cancel(self.workers, |at, running| (at, running) == (worker, task));
                }
            }
            Message::Ended { task, outcome } => {
                self.shared.lock().awaited -= 1;
                let outcome = outcome.unwrap_or_else(|panic| resume_unwind(panic));
                if !self.refused.contains(&task) {
                    self.receive_outcome(task, outcome);
                }
            }
        }
    }

    fn receive_outcome(&mut self, task: usize, outcome: Outcome<S>) {
        match outcome {
            // Undone with the rest, or canceled.
            _ if !self.is_of_use(task) => {}
            Ok(Some(built)) => _ = self.built.insert(task, built),
            Ok(None) => _ = self.shared.lock().declined.insert(task),
            Err(error) => self.failed(task, error),
        }
    }

    /// Whether what comes of a task matters: it isn't after the first that failed.
    fn is_of_use(&self, task: usize) -> bool {
        let progress = self.shared.lock();
        progress.failed.is_none_or(|failed| task <= failed) && !progress.stopped
    }

    fn ended(&mut self, task: usize, result: Result<(), S::Error>) {
        match result {
            Ok(()) => self.shared.lock().published += 1,
            Err(error) => {
                self.shared.lock().fail(task, self.workers);
                self.failed(task, error);
            }
        }
    }

    fn failed(&mut self, task: usize, error: S::Error) {
        self.stage.fail(task, &error);
        self.failed = Some((task, error));
    }

    fn result(self) -> Result<(), Unfinished<S::Error>> {
        let progress = self.shared.lock();
        match self.failed {
            Some((task, error)) => Err(Unfinished::Failed { task, error }),
            None if progress.published == progress.dependencies.len() => Ok(()),
            None => Err(Unfinished::Stopped { before: progress.published }),
        }
    }
}

#[cfg(test)]
mod tests;
