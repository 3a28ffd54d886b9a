//! How far a run is and how long it will still take, from its events alone.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use planalign_registries::{RunEvent, RunEventKind};

use crate::plan::RunPlan;

/// Follows the events of one execution of a plan.
#[derive(Clone, Debug)]
pub struct ProgressReporter {
    /// Stage and units of work of each stage still to execute: its models and its own end.
    stages: Vec<(String, usize)>,
    /// Those that a resumed run found committed.
    committed: Vec<(String, usize)>,
    has_begun: bool,
    finished: usize,
    models: usize,
    reached: f64,
    durations: BTreeMap<String, (f64, u32)>,
    start_time: Option<Timestamp>,
    total_years: usize,
    year: Option<i32>,
    stage: Option<String>,
    elapsed: Duration,
    ended: bool,
}

/// A moment of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExecutionProgress {
    /// The year that is being simulated; `None` before the first stage.
    pub current_year: Option<i32>,
    /// Years of the run.
    pub total_years: usize,
    /// The stage that is being executed, or was last.
    pub current_stage: Option<String>,
    /// Stages that this execution has finished.
    pub stages_completed: usize,
    /// Stages that this execution has to do.
    pub total_stages: usize,
    /// When the execution began; `None` before its first event.
    pub start_time: Option<Timestamp>,
    /// Share of the work that is done, 0 to 1; it never decreases and is 1 only at the end.
    pub fraction: f64,
    /// Time since the execution began.
    pub elapsed: Duration,
    /// Estimate of the time that is left; `None` until a stage has ended.
    pub remaining: Option<Duration>,
}

impl ExecutionProgress {
    /// When the run is expected to end; `None` until a stage has ended.
    #[must_use]
    pub fn estimated_completion(&self) -> Option<Timestamp> {
        self.start_time?.checked_add(self.elapsed + self.remaining?).ok()
    }
}

impl ProgressReporter {
    /// A reporter of what the plan still has to do; for a resumed run, its first event says what that is.
    #[must_use]
    pub fn new(plan: &RunPlan) -> Self {
        let stages = plan.remaining().map(|(_, stage, models)| (stage.to_owned(), models + 1)).collect();
        Self {
            stages,
            committed: Vec::new(),
            has_begun: false,
            finished: 0,
            models: 0,
            reached: 0.0,
            durations: BTreeMap::new(),
            start_time: None,
            total_years: usize::try_from(plan.end_year() - plan.start_year() + 1).unwrap_or_default(),
            year: None,
            stage: None,
            elapsed: Duration::ZERO,
            ended: false,
        }
    }

    /// Takes an event into account.
    pub fn observe(&mut self, event: &RunEvent) -> ExecutionProgress {
        self.start_time.get_or_insert(event.timestamp);
        self.elapsed = self.elapsed.max(event.since_start);
        match &event.kind {
            RunEventKind::RunResumed { stages, .. } => {
                // The plan was made for the whole run; what is committed counts neither as done nor as to be done.
                self.committed = self.stages.drain(..self.stages.len().saturating_sub(*stages)).collect();
            }
            // The last committed stage, which did not pass its rules, is built anew.
            RunEventKind::StageRetried { .. } if !self.has_begun => {
                self.stages.splice(..0, self.committed.pop()).for_each(drop);
            }
            RunEventKind::StageStarted { year, stage, .. } => {
                (self.year, self.stage) = (Some(*year), Some(stage.clone()));
                self.has_begun = true;
                self.models = 0;
            }
            RunEventKind::ModelFinished { .. } => self.models += 1,
            RunEventKind::StageFinished { stage, elapsed, .. } => {
                let (sum, count) = self.durations.entry(stage.clone()).or_default();
                *sum += elapsed.as_secs_f64();
                *count += 1;
                self.finished += 1;
                self.models = 0;
            }
            RunEventKind::RunFinished { .. } => self.ended = true,
            _ => {}
        }
        self.progress()
    }

    fn progress(&mut self) -> ExecutionProgress {
        let total: usize = self.stages.iter().map(|(_, units)| units).sum();
        let done: usize = self.stages.iter().take(self.finished).map(|(_, units)| units).sum::<usize>() + self.models;
        let share = if self.ended { 1.0 } else { (done as f64 / total.max(1) as f64).min(0.999) };
        self.reached = self.reached.max(share);
        ExecutionProgress {
            current_year: self.year,
            total_years: self.total_years,
            current_stage: self.stage.clone(),
            stages_completed: self.finished,
            total_stages: self.stages.len(),
            start_time: self.start_time,
            fraction: self.reached,
            elapsed: self.elapsed,
            remaining: self.remaining(),
        }
    }

    /// Each stage to come is expected to take what stages of its name took so far, or the average of all.
    fn remaining(&self) -> Option<Duration> {
        if self.ended {
            return Some(Duration::ZERO);
        }
        let (sum, count) = self.durations.values().fold((0.0, 0), |(s, c), (sum, count)| (s + sum, c + count));
        if count == 0 {
            return None;
        }
        let average = sum / f64::from(count);
        let expected = |stage: &String| self.durations.get(stage).map_or(average, |(s, c)| s / f64::from(*c));
        let mut seconds: f64 = self.stages.iter().skip(self.finished).map(|(stage, _)| expected(stage)).sum();
        if let Some((stage, units)) = self.stages.get(self.finished) {
            seconds -= expected(stage) * self.models as f64 / (*units).max(1) as f64;
        }
        Some(Duration::from_secs_f64(seconds.max(0.0)))
    }
}
