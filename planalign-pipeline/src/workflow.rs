//! The stages of a run, checked before anything runs.

mod changes;
mod project;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use planalign_config::{counted, did_you_mean, listed, topological_order};
use planalign_dbt::{ModelGraph, ModelRunner};
use serde::{Deserialize, Serialize};

use crate::stage::{StageDefinition, WorkflowStage};
use project::Builders;
pub use project::WorkflowWarning;

/// The stages of a run, in no particular order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workflow {
    /// The stages.
    pub stages: Vec<StageDefinition>,
    /// Names of the project's data tests to run.
    #[serde(skip)]
    tests: Vec<String>,
    /// Changes that failed; [`Workflow::check`] reports them with other problems.
    #[serde(skip)]
    problems: Vec<String>,
}

impl Default for Workflow {
    fn default() -> Self {
        // The text is embedded, and a test parses it.
        serde_json::from_str(include_str!("default_workflow.json")).unwrap_or(Self::new(Vec::new()))
    }
}

/// A valid workflow, with stages and their models in order.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckedWorkflow {
    pub(crate) stages: Vec<CheckedStage>,
    pub(crate) graph: ModelGraph,
    warnings: Vec<WorkflowWarning>,
}

impl CheckedWorkflow {
    /// What a run leaves out of the project although nobody said so.
    #[must_use]
    pub fn warnings(&self) -> &[WorkflowWarning] {
        &self.warnings
    }

    /// The data tests of each stage, by its name.
    pub fn tests(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.stages.iter().map(|stage| (stage.definition.name.as_str(), stage.tests.as_slice()))
    }
}

/// A stage with the models that its selections resolve to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CheckedStage {
    pub(crate) definition: StageDefinition,
    pub(crate) models: Vec<String>,
    pub(crate) tests: Vec<String>,
}

/// All problems of a workflow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct WorkflowValidationError {
    /// One entry for each problem.
    pub problems: Vec<String>,
}

impl fmt::Display for WorkflowValidationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&listed(&format!("the workflow has {}", counted(self.problems.len(), "problem")), &self.problems))
    }
}

impl Workflow {
    /// Creates a workflow of these stages.
    #[must_use]
    pub fn new(stages: Vec<StageDefinition>) -> Self {
        Self { stages, tests: Vec::new(), problems: Vec::new() }
    }

    /// Removes rules from every stage.
    pub fn drop_rules(&mut self, dropped: &[String]) {
        for stage in &mut self.stages {
            stage.rules.retain(|rule| !dropped.contains(rule));
        }
    }

    /// Appends the rules that no stage has to `stage`.
    pub fn add_rules(&mut self, stage: &WorkflowStage, added: &[String]) {
        let named: BTreeSet<&String> = self.stages.iter().flat_map(|s| &s.rules).collect();
        let new: Vec<String> = added.iter().filter(|rule| !named.contains(rule)).cloned().collect();
        match self.stages.iter_mut().find(|s| s.stage() == *stage) {
            Some(stage) => stage.rules.extend(new),
            None if new.is_empty() => {}
            None => {
                self.problems.push(format!("stage {stage} not found; it would check rules {}", new.join(", ")));
            }
        }
    }

    /// Appends a rule to the stage that it names.
    pub fn add_rule_of_stage(&mut self, stage: &str, rule: &str) {
        let other = self.stages.iter().find(|other| other.name != stage && other.rules.iter().any(|name| name == rule));
        if let Some(other) = other {
            self.problems.push(format!("rule {rule} names stage {stage}, but stage {} adds it", other.name));
            return;
        }
        let hint = did_you_mean(stage, self.stages.iter().map(|known| known.name.as_str()));
        match self.stages.iter_mut().find(|known| known.name == stage) {
            Some(known) if known.rules.iter().any(|name| name == rule) => {}
            Some(known) => known.rules.push(rule.to_owned()),
            None => self.problems.push(format!("rule {rule} names stage {stage}, which does not exist{hint}")),
        }
    }

    /// Sets the data tests of the project to run, by name. Each runs in the stage that completes the relations it reads; the others
    /// don't run.
    pub fn set_tests(&mut self, names: Vec<String>) {
        self.tests = names;
    }

    /// Checks the stages against the project and the known rules.
    pub fn check(
        &self,
        runner: &dyn ModelRunner,
        rules: &[String],
    ) -> Result<CheckedWorkflow, WorkflowValidationError> {
        let (all, ordered, mut problems) = self.ordered(rules);
        let mut dropped = BTreeSet::new();
        let mut stages: Vec<_> = all.into_iter().map(|d| resolve(d, runner, &mut dropped, &mut problems)).collect();
        check_models(&stages, ordered, runner.graph(), &mut problems);
        if !problems.is_empty() {
            return Err(WorkflowValidationError { problems });
        }
        let graph = runner.graph().clone();
        let builders = Builders::new(&stages, &graph);
        let mut warnings = builders.left_out(&dropped);
        let wanted = runner.data_tests().into_iter().filter(|test| self.tests.contains(&test.name));
        let (tests, untested) = builders.tests(wanted.collect());
        warnings.extend(untested);
        for (stage, tests) in stages.iter_mut().zip(tests) {
            stage.tests = tests;
        }
        Ok(CheckedWorkflow { stages, graph, warnings })
    }

    /// Returns the rules of each stage by its name, checked against the known rules only: that needs no project.
    pub fn rules_by_stage(&self, rules: &[String]) -> Result<BTreeMap<String, Vec<String>>, WorkflowValidationError> {
        let (_, _, problems) = self.ordered(rules);
        if problems.is_empty() {
            Ok(self.stages.iter().map(|stage| (stage.name.clone(), stage.rules.clone())).collect())
        } else {
            Err(WorkflowValidationError { problems })
        }
    }

    /// Returns the stages in order, followed by those in a cycle; the number of those in order; and the problems that need no
    /// project to be seen.
    fn ordered(&self, rules: &[String]) -> (Vec<&StageDefinition>, usize, Vec<String>) {
        let mut problems = self.problems.clone();
        self.check_names(&mut problems);
        self.check_named_rules(rules, &mut problems);
        let (order, circle) = topological_order(&self.stages, |stage| &stage.name, |stage| &stage.depends_on);
        if !circle.is_empty() {
            let names: Vec<_> = circle.iter().map(|s| s.name.as_str()).collect();
            problems.push(match names.as_slice() {
                [only] => format!("stage {only} depends on itself"),
                names => format!("stages {} form a cycle", names.join(", ")),
            });
        }
        let ordered = order.len();
        // Stages in a cycle are resolved too, so that their models aren't reported as missing.
        (order.into_iter().chain(circle).collect(), ordered, problems)
    }

    fn check_names(&self, problems: &mut Vec<String>) {
        if self.stages.is_empty() {
            problems.push("no stages".to_owned());
        }
        let mut seen = BTreeSet::new();
        for stage in &self.stages {
            if !seen.insert(&stage.name) {
                problems.push(format!("stage {} is defined twice", stage.name));
            }
        }
        let names: Vec<_> = self.stages.iter().map(|s| s.name.as_str()).collect();
        for stage in &self.stages {
            for missing in stage.depends_on.iter().filter(|d| !names.contains(&d.as_str())) {
                let hint = did_you_mean(missing, names.iter().copied());
                problems.push(format!("stage {} depends on {missing}, which is not a stage{hint}", stage.name));
            }
        }
    }

    fn check_named_rules(&self, rules: &[String], problems: &mut Vec<String>) {
        for stage in &self.stages {
            for missing in stage.rules.iter().filter(|r| !rules.contains(r)) {
                let hint = did_you_mean(missing, rules.iter().map(String::as_str));
                problems.push(format!("stage {} names rule {missing}, which does not exist{hint}", stage.name));
            }
        }
    }
}

/// Resolves the selections of a stage. Adds what they drop and what is wrong with them.
fn resolve(
    definition: &StageDefinition,
    runner: &dyn ModelRunner,
    all_dropped: &mut BTreeSet<String>,
    problems: &mut Vec<String>,
) -> CheckedStage {
    let mut sound = Vec::new();
    for selection in &definition.models {
        match runner.select(selection) {
            Ok(selected) if selected.is_empty() => {
                problems.push(format!("stage {}: {selection} selects nothing", definition.name));
            }
            Ok(_) => sound.push(selection.as_str()),
            Err(error) => problems.push(format!("stage {}: {error}", definition.name)),
        }
    }
    let mut models: Vec<String> = Vec::new();
    if !sound.is_empty() {
        // A single selection, so that the runner orders all models together.
        match runner.select(&sound.join(" ")) {
            Ok(selected) => models = selected,
            Err(error) => problems.push(format!("stage {}: {error}", definition.name)),
        }
    }
    for selection in &definition.exclude {
        let stage = &definition.name;
        match runner.select(selection) {
            Ok(dropped) if models.iter().any(|model| dropped.contains(model)) => {
                models.retain(|model| !dropped.contains(model));
                all_dropped.extend(dropped);
            }
            Ok(_) => problems.push(format!("stage {stage} drops {selection}, which it does not build")),
            Err(error) => problems.push(format!("stage {stage}: {error}")),
        }
    }
    CheckedStage { definition: definition.clone(), models, tests: Vec::new() }
}

/// Checks that every model is in exactly one stage, and none before a model that it refs. Only the first `ordered` stages are
/// in order.
fn check_models(stages: &[CheckedStage], ordered: usize, graph: &ModelGraph, problems: &mut Vec<String>) {
    let mut place: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (s, stage) in stages.iter().enumerate() {
        for (m, model) in stage.models.iter().enumerate() {
            if let Some((other, _)) = place.insert(model, (s, m)) {
                let (first, second) = (&stages[other].definition.name, &stage.definition.name);
                problems.push(format!("model {model} belongs to stages {first} and {second}"));
            }
        }
    }
    for (model, at) in &place {
        let Some(node) = graph.get(model) else { continue };
        for dependency in &node.depends_on {
            let stage = &stages[at.0].definition.name;
            match place.get(dependency.as_str()) {
                Some(before) if before > at && before.0 < ordered => {
                    let later = &stages[before.0].definition.name;
                    problems.push(format!(
                        "model {model} of stage {stage} refs {dependency}, which is built later, in {later}"
                    ));
                }
                Some(_) => {}
                None => {
                    problems.push(format!("model {model} of stage {stage} refs {dependency}, which no stage builds"));
                }
            }
        }
    }
}
