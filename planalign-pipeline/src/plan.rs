//! The plan of a run: pure data, created without side effects. Only a plan can be executed.

use std::collections::BTreeSet;
use std::fmt;

use planalign_config::settings::StageYears;
use planalign_dbt::ModelGraph;
use planalign_registries::CheckpointKey;

use crate::stage::StageDefinition;
use crate::workflow::CheckedWorkflow;

/// The stages of a run, in order.
#[derive(Clone, Debug, PartialEq)]
pub struct RunPlan {
    pub(crate) start_year: i32,
    pub(crate) end_year: i32,
    pub(crate) stages: Vec<PlannedStage>,
    /// Number of leading stages that an earlier execution committed.
    pub(crate) done: usize,
}

/// A stage of a year.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PlannedStage {
    pub(crate) year: i32,
    pub(crate) definition: StageDefinition,
    pub(crate) models: Vec<String>,
    pub(crate) tests: Vec<String>,
    pub(crate) opens_year: bool,
    pub(crate) closes_year: bool,
}

/// What a stage builds and checks.
#[derive(Clone, Copy, Debug)]
pub struct StageContents<'p> {
    /// Year.
    pub year: i32,
    /// Name of the stage.
    pub stage: &'p str,
    /// Its models and seeds, in order.
    pub models: &'p [String],
    /// Its rules.
    pub rules: &'p [String],
    /// Its data tests.
    pub tests: &'p [String],
}

impl PlannedStage {
    pub(crate) fn key(&self) -> CheckpointKey {
        CheckpointKey { year: self.year, stage: self.definition.name.clone() }
    }
}

impl RunPlan {
    /// Plans the stages of the workflow for each year, both years included. `shuffle` is a seed that reorders the models of
    /// parallel-safe stages as the graph allows.
    #[must_use]
    pub fn new(workflow: &CheckedWorkflow, start_year: i32, end_year: i32, shuffle: Option<u64>) -> Self {
        let mut stages = Vec::new();
        for year in start_year..=end_year {
            let of_year: Vec<_> =
                workflow.stages.iter().filter(|s| s.definition.years.includes(year, start_year, end_year)).collect();
            let last = of_year.len().saturating_sub(1);
            for (i, stage) in of_year.into_iter().enumerate() {
                let models = match shuffle {
                    Some(seed) if stage.definition.parallel_safe => {
                        crate::order::shuffled(&stage.models, &workflow.graph, seed ^ u64::from(year.unsigned_abs()))
                    }
                    _ => stage.models.clone(),
                };
                let (definition, tests) = (stage.definition.clone(), stage.tests.clone());
                stages.push(PlannedStage {
                    year,
                    definition,
                    models,
                    tests,
                    opens_year: i == 0,
                    closes_year: i == last,
                });
            }
        }
        Self { start_year, end_year, stages, done: 0 }
    }

    /// The plan to resume after the last of these checkpoints.
    #[must_use]
    pub(crate) fn after(mut self, committed: &[CheckpointKey]) -> Self {
        let is_committed = |s: &PlannedStage| !s.definition.checkpoint || committed.contains(&s.key());
        let done = self.stages.iter().take_while(|s| is_committed(s)).count();
        // A stage without a checkpoint right after the last committed one leaves no trace, so it reruns.
        let trailing = self.stages[..done].iter().rev().take_while(|s| !s.definition.checkpoint).count();
        self.done = done - trailing;
        self
    }

    /// Models built only in the first year that are in `changed` or depend on it, in build order.
    pub(crate) fn built_once(&self, graph: &ModelGraph, changed: &[&str]) -> Vec<String> {
        let mut outdated: Vec<String> = Vec::new();
        let once = self.stages.iter().filter(|stage| stage.definition.years == StageYears::First);
        for model in once.flat_map(|stage| &stage.models) {
            let depends_on = graph.get(model).map(|node| node.depends_on.as_slice()).unwrap_or_default();
            if changed.contains(&model.as_str()) || depends_on.iter().any(|parent| outdated.contains(parent)) {
                outdated.push(model.clone());
            }
        }
        outdated
    }

    /// First year.
    #[must_use]
    pub fn start_year(&self) -> i32 {
        self.start_year
    }

    /// Last year.
    #[must_use]
    pub fn end_year(&self) -> i32 {
        self.end_year
    }

    /// The models of each parallel-safe stage, in the order of the first year with that stage.
    pub fn parallel_safe(&self) -> impl Iterator<Item = &[String]> {
        let mut seen = BTreeSet::new();
        let stages = self.stages.iter().filter(|stage| stage.definition.parallel_safe);
        stages.filter(move |stage| seen.insert(&stage.definition.name)).map(|stage| stage.models.as_slice())
    }

    /// The names of the project's data tests that the plan runs.
    #[must_use]
    pub fn tests(&self) -> BTreeSet<&str> {
        self.stages.iter().flat_map(|stage| &stage.tests).map(String::as_str).collect()
    }

    /// The number of stages still to execute that run data tests.
    #[must_use]
    pub fn stages_with_tests(&self) -> usize {
        self.stages[self.done..].iter().filter(|stage| !stage.tests.is_empty()).count()
    }

    /// What the stages of the first two years build and check; later years repeat the second.
    pub fn first_years(&self) -> impl Iterator<Item = StageContents<'_>> {
        let early = self.stages.iter().take_while(|stage| stage.year <= self.start_year + 1);
        early.map(|stage| StageContents {
            year: stage.year,
            stage: &stage.definition.name,
            models: &stage.models,
            rules: &stage.definition.rules,
            tests: &stage.tests,
        })
    }

    /// The stages still to execute, as year, stage, and number of models.
    pub fn remaining(&self) -> impl Iterator<Item = (i32, &str, usize)> {
        self.stages[self.done..].iter().map(|s| (s.year, s.definition.name.as_str(), s.models.len()))
    }
}

impl fmt::Display for RunPlan {
    /// One block for each group of consecutive years with the same stages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} to {}, {} stages", self.start_year, self.end_year, self.stages.len())?;
        let blocks: Vec<(i32, String)> =
            (self.start_year..=self.end_year).map(|year| (year, self.block(year))).collect();
        for group in blocks.chunk_by(|a, b| a.1 == b.1) {
            match group {
                [(year, block)] => write!(f, "\n{year}\n{block}")?,
                [(first, block), .., (last, _)] => write!(f, "\n{first} to {last}, each\n{block}")?,
                [] => {}
            }
        }
        Ok(())
    }
}

impl RunPlan {
    fn block(&self, year: i32) -> String {
        use fmt::Write;
        let mut out = String::new();
        for stage in self.stages.iter().filter(|s| s.year == year) {
            let d = &stage.definition;
            let mut notes = Vec::new();
            if d.parallel_safe {
                notes.push("parallel-safe");
            }
            if d.updates_registries {
                notes.push("updates registries");
            }
            if d.writes_reports {
                notes.push("writes the year's report");
            }
            if d.finishes {
                notes.push("writes the summary");
            }
            if d.checkpoint {
                notes.push("checkpoint");
            }
            let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join(", ")) };
            let _ = writeln!(out, "  {}{notes}", d.name);
            if !stage.models.is_empty() {
                let _ = writeln!(out, "    models: {}", stage.models.join(", "));
            }
            if !d.rules.is_empty() {
                let _ = writeln!(out, "    rules: {}", d.rules.join(", "));
            }
            if !stage.tests.is_empty() {
                let _ = writeln!(out, "    dbt tests: {}", stage.tests.join(", "));
            }
        }
        out
    }
}
