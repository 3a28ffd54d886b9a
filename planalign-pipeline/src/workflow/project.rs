//! What the stages leave out of the project, and which of them runs each data test.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use planalign_config::counted;
use planalign_config::settings::StageYears;
use planalign_dbt::{DataTest, Materialization, ModelGraph};

use super::CheckedStage;

/// Part of the project that a run leaves out although nobody said so.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WorkflowWarning {
    /// No stage builds these models.
    ModelsWithoutStage {
        /// Their names.
        models: Vec<String>,
        /// The first stage that could build them.
        stage: String,
    },
    /// A data test reads a model that no stage builds.
    TestWithoutModel {
        /// Name of the test.
        test: String,
        /// Its file, relative to the project.
        file: String,
        /// Name of the model.
        model: String,
    },
}

impl fmt::Display for WorkflowWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ModelsWithoutStage { models, stage } => {
                let (is, them) = if models.len() == 1 { ("is", "it") } else { ("are", "them") };
                let names = models.join(", ");
                write!(
                    f,
                    "{} {is} in no stage, so no run builds {them}: {names}; move {them} to the folder of a stage, or add \
                     `workflow: {{stages: [{{name: {stage}, models: {{add: [{names}]}}}}]}}` to the configuration",
                    counted(models.len(), "model"),
                )
            }
            Self::TestWithoutModel { test, file, model } => {
                write!(
                    f,
                    "dbt test `{test}` ({file}) doesn't run, because no stage builds the model {model} that it reads"
                )
            }
        }
    }
}

/// The stages that build the nodes of a project.
pub(super) struct Builders<'w> {
    stages: &'w [CheckedStage],
    graph: &'w ModelGraph,
    /// The place of each node's stage.
    places: BTreeMap<&'w str, usize>,
}

impl<'w> Builders<'w> {
    pub(super) fn new(stages: &'w [CheckedStage], graph: &'w ModelGraph) -> Self {
        let places = stages.iter().enumerate();
        let places = places.flat_map(|(place, stage)| stage.models.iter().map(move |model| (model.as_str(), place)));
        Self { stages, graph, places: places.collect() }
    }

    /// The models that no stage builds and nobody `dropped`, by the first stage that could.
    pub(super) fn left_out(&self, dropped: &BTreeSet<String>) -> Vec<WorkflowWarning> {
        let mut left_out: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for node in self.graph.nodes() {
            let is_stored = node.materialization != Materialization::Ephemeral;
            if is_stored && !self.places.contains_key(node.name.as_str()) && !dropped.contains(&node.name) {
                let after = self.complete(&node.depends_on).ok().flatten().or(self.last());
                left_out.entry(after.unwrap_or_default()).or_default().push(node.name.clone());
            }
        }
        let stage =
            |place: usize| self.stages.get(place).map(|stage| stage.definition.name.clone()).unwrap_or_default();
        let warning = |(place, models)| WorkflowWarning::ModelsWithoutStage { models, stage: stage(place) };
        left_out.into_iter().map(warning).collect()
    }

    /// The tests that each stage runs: those whose relations it completes. One that reads none runs at the end of the year.
    pub(super) fn tests(&self, tests: Vec<DataTest>) -> (Vec<Vec<String>>, Vec<WorkflowWarning>) {
        let (mut by_stage, mut warnings) = (vec![Vec::new(); self.stages.len()], Vec::new());
        for DataTest { name: test, file, depends_on } in tests {
            match self.complete(&depends_on) {
                Ok(place) => by_stage[place.or(self.last()).unwrap_or_default()].push(test),
                Err(model) => warnings.push(WorkflowWarning::TestWithoutModel { test, file, model }),
            }
        }
        (by_stage, warnings)
    }

    /// The place of the stage that builds the last of these nodes; an ephemeral one is part of what reads it. Fails with a node
    /// that no stage builds.
    fn complete(&self, nodes: &[String]) -> Result<Option<usize>, String> {
        let (mut last, mut open) = (None, nodes.iter().collect::<Vec<_>>());
        while let Some(name) = open.pop() {
            match (self.places.get(name.as_str()), self.graph.get(name)) {
                (Some(place), _) => last = last.max(Some(*place)),
                (None, Some(node)) if node.materialization == Materialization::Ephemeral => {
                    open.extend(&node.depends_on);
                }
                (None, _) => return Err(name.clone()),
            }
        }
        Ok(last)
    }

    /// The place of the stage that builds the last models of every year.
    fn last(&self) -> Option<usize> {
        let builds = |stage: &CheckedStage| !stage.models.is_empty() && stage.definition.years == StageYears::Every;
        self.stages.iter().rposition(builds)
    }
}
