//! The progress of a run and the time left, from its events alone.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use planalign_registries::{RunEvent, RunEventKind};

use crate::plan::RunPlan;

/// Follows the events of one execution of a plan.
#[derive(Clone, Debug)]
pub struct ProgressReporter {
    /// Name and units of work (models plus one for the stage) of each stage to execute.
    stages: Vec<(String, usize)>,
    /// Stages that a resumed run found committed.
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
    running: Vec<String>,
    elapsed: Duration,
    ended: bool,
}

/// The progress of a run at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExecutionProgress {
    /// The current year; `None` before the first stage.
    pub current_year: Option<i32>,
    /// Number of years in the run.
    pub total_years: usize,
    /// The current or last stage.
    pub current_stage: Option<String>,
    /// The models that are being built, in the order in which they started.
    pub running_models: Vec<String>,
    /// Number of stages that this execution has finished.
    pub stages_completed: usize,
    /// Number of stages that this execution must run.
    pub total_stages: usize,
    /// When the execution started; `None` before its first event.
    pub start_time: Option<Timestamp>,
    /// Fraction of the work done, 0 to 1; never decreases and is 1 only at the end.
    pub fraction: f64,
    /// Time since the execution started.
    pub elapsed: Duration,
    /// Estimated time left; `None` until a stage has finished.
    pub remaining: Option<Duration>,
}

impl ExecutionProgress {
    /// Estimated end of the run; `None` until a stage has finished.
    #[must_use]
    pub fn estimated_completion(&self) -> Option<Timestamp> {
        self.start_time?.checked_add(self.elapsed + self.remaining?).ok()
    }
}

impl ProgressReporter {
    /// Creates a reporter for a plan; the first event of a resumed run reports what is left of it.
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
            running: Vec::new(),
            elapsed: Duration::ZERO,
            ended: false,
        }
    }

    /// Updates the progress with an event.
    pub fn observe(&mut self, event: &RunEvent) -> ExecutionProgress {
        self.start_time.get_or_insert(event.timestamp);
        self.elapsed = self.elapsed.max(event.since_start);
        match &event.kind {
            RunEventKind::RunResumed { stages, .. } => {
                // The plan covers the whole run; committed stages count neither as done nor as left.
                self.committed = self.stages.drain(..self.stages.len().saturating_sub(*stages)).collect();
            }
            // The last committed stage failed validation and is rebuilt.
            RunEventKind::StageRetried { .. } if !self.has_begun => {
                self.stages.splice(..0, self.committed.pop()).for_each(drop);
            }
            RunEventKind::StageStarted { year, stage, .. } => {
                (self.year, self.stage) = (Some(*year), Some(stage.clone()));
                self.has_begun = true;
                self.models = 0;
                self.running.clear();
            }
            RunEventKind::ModelStarted { model, .. } => self.running.push(model.clone()),
            RunEventKind::ModelFinished { model, .. } => {
                self.models += 1;
                self.running.retain(|running| running != model);
            }
            RunEventKind::StageRolledBack { .. } => self.running.clear(),
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
            running_models: self.running.clone(),
            stages_completed: self.finished,
            total_stages: self.stages.len(),
            start_time: self.start_time,
            fraction: self.reached,
            elapsed: self.elapsed,
            remaining: self.remaining(),
        }
    }

    /// Estimates each remaining stage by the average of finished stages with its name, or of all.
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
