//! Prepares every model, data test, and user rule of a plan against empty tables, to find what the engine would reject during the
//! run.

use std::collections::BTreeSet;
use std::fmt;

use planalign_config::{Database, DatabaseOptions, Diagnostic, full_message};
use planalign_dbt::RunnerError;
use planalign_pipeline::RunPlan;
use planalign_registries::duckdb::DuckRunStore;
use planalign_validation::{DataValidator, RuleError};

use crate::error::Error;
use crate::inputs::Inputs;
use crate::modules;

/// What the engine rejects.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum PreparationProblem {
    /// A model or data test.
    Node(RunnerError),
    /// A rule of the user.
    Rule {
        /// The stage that checks it.
        stage: String,
        /// Why it can't run.
        error: RuleError,
    },
}

impl fmt::Display for PreparationProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(error) => {
                let lines = std::iter::once(full_message(error)).chain(error.details()).collect::<Vec<_>>().join("\n");
                f.write_str(&lines.replace('\n', "\n    "))
            }
            Self::Rule { stage, error } => {
                write!(f, "rule `{}` cannot run in {stage}: {}", error.rule, full_message(&error.cause))
            }
        }
    }
}

/// Prepares what a plan runs in its first two years, in a database of its own. Fails with all problems.
///
/// Returns the number of models that aren't prepared because only dbt can compile them, if a dbt executable builds them.
pub(crate) fn prepare(inputs: &Inputs, plan: &RunPlan, uses_dbt: bool) -> Result<usize, Error> {
    let database = Database::in_memory(&DatabaseOptions::default())?;
    // Rules and models may read the record of runs.
    DuckRunStore::open(database.clone())?;
    let mut runner = match inputs.runner(&database) {
        Err(_) if uses_dbt => {
            let models = plan.first_years().flat_map(|contents| contents.models);
            return Ok(models.collect::<BTreeSet<_>>().len());
        }
        runner => runner?,
    };
    let validator = DataValidator::new(modules::rules(inputs, &database)?);
    let of_user: Vec<&String> = inputs.config.settings.validation.rules.iter().map(|rule| &rule.name).collect();
    let (mut problems, mut unprepared, mut only_dbt) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    let mut known = BTreeSet::new();
    for contents in plan.first_years() {
        let mut vars = inputs.vars.clone();
        vars.insert("simulation_year".to_owned(), contents.year.into());
        vars.insert("year_is_empty".to_owned(), true.into());
        for error in runner.prepare(contents.models, contents.tests, &vars, &mut unprepared)? {
            match &error {
                RunnerError::Compilation { node, .. } | RunnerError::Unsupported { node, .. } if uses_dbt => {
                    only_dbt.insert(node.clone());
                }
                _ => problems.push(PreparationProblem::Node(error)),
            }
        }
        // A rule may read what isn't prepared.
        let rules = contents.rules.iter().filter(|rule| of_user.contains(rule) && unprepared.is_empty());
        for rule in rules {
            if let Some(Err(error)) = validator.check(rule, contents.year, &database) {
                let stage = contents.stage.to_owned();
                problems.push(PreparationProblem::Rule { stage, error });
            }
        }
    }
    // What fails in both years is one problem.
    problems.retain(|problem| known.insert(problem.key()));
    if problems.is_empty() { Ok(only_dbt.len()) } else { Err(Error::Unprepared(problems)) }
}

impl PreparationProblem {
    /// The model, test, or rule.
    fn key(&self) -> String {
        match self {
            Self::Node(error) => error.node().map_or_else(|| error.to_string(), |(name, _)| format!("node {name}")),
            Self::Rule { error, .. } => format!("rule {}", error.rule),
        }
    }
}
