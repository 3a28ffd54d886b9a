//! Checks the results of a run with all rules and data tests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::slice;

use planalign_config::settings::DbtTests;
use planalign_config::{Database, Tables, full_message};
use planalign_dbt::{DataTest, EmbeddedRunner, Flow, ModelRunner, RunnerError};
use planalign_pipeline::{finding_of_test, rule_of_test};
use planalign_registries::{CheckpointKey, Checkpoints, Difference, FingerprintKind, RunRecord, Runs};
use planalign_validation::{DataValidator, Finding, Rule, RuleError, Severity};

use crate::caller::Caller;
use crate::error::Error;
use crate::input_options::InputOptions;
use crate::input_source::InputSource;
use crate::inputs::Inputs;
use crate::modules;
use crate::open_run::OpenRun;
use crate::plan::{checked_workflow, rules_by_stage};

/// The result of checking a run with all rules.
#[derive(Debug)]
pub struct DataCheck {
    /// The run.
    pub run: RunRecord,
    /// Settings that differ from the run's. Thresholds and limits come from the settings, so these can change the findings.
    pub changed_settings: Vec<Difference>,
    /// The findings of each rule and data test of each checked stage, in order.
    pub checks: Vec<(CheckpointKey, Vec<Finding>)>,
    /// Why the data tests of the dbt project didn't run, if they didn't.
    pub untested: Option<Error>,
}

impl DataCheck {
    /// All findings, in order.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.checks.iter().flat_map(|(_, found)| found)
    }
}

/// Checks every committed stage of the latest run with its rules. Writes nothing. The settings come from `source`, which
/// usually calls [`InputSource::find`].
pub fn check_data(
    database: &Path,
    source: impl FnOnce() -> Result<InputSource, Error>,
    options: &InputOptions,
    caller: &Caller<'_>,
) -> Result<DataCheck, Error> {
    let OpenRun { database, store, run } = OpenRun::open(database, caller)?;
    let recorded = store.fingerprints(&run.run_id)?;
    let committed: Vec<CheckpointKey> = store.checkpoints(&run.run_id)?.into_iter().map(|c| c.key).collect();

    let mut inputs = source()?.inputs(options, || Ok((store, run.clone())))?;
    let mut changed_settings = recorded.differences(&inputs.fingerprints_of_settings());
    changed_settings.retain(|difference| difference.kind == FingerprintKind::Config);
    // The rules need the census of the run, not the current file.
    if let Some(sha256) = recorded.0.get(&FingerprintKind::Census).and_then(|census| census.get("sha256")) {
        inputs.census.sha256.clone_from(sha256);
    }
    inputs.config.settings.simulation.start_year = run.start_year;
    inputs.config.settings.simulation.end_year = run.end_year;
    if inputs.is_untrusted {
        database.confine(&[], &[])?;
    }
    let rules = modules::rules(&inputs, &database)?;
    let by_stage = rules_by_stage(&inputs, &rules, &[])?;
    inputs.config.settings.validation.dbt_tests = DbtTests::All;
    let (tested, untested) = match Tests::of(&inputs, &database, &rules) {
        Ok(tests) => (tests.run(&committed), None),
        Err(error) => (Vec::new(), Some(error)),
    };
    let mut checks = check(&by_stage, &committed, &DataValidator::new(rules), &database);
    checks.extend(tested);
    let place = |key: &CheckpointKey| committed.iter().position(|other| other == key);
    checks.sort_by_key(|(key, _)| place(key));
    Ok(DataCheck { run, changed_settings, checks, untested })
}

/// The project's data tests, on the database of a run.
struct Tests<'i> {
    runner: EmbeddedRunner,
    inputs: &'i Inputs,
    by_stage: BTreeMap<String, Vec<DataTest>>,
}

impl<'i> Tests<'i> {
    /// The tests of each stage. Fails if the embedded runner can't load the project or its models don't fit the stages.
    fn of(inputs: &'i Inputs, database: &Database, rules: &[Box<dyn Rule>]) -> Result<Self, Error> {
        let runner = inputs.runner(database)?;
        let workflow = checked_workflow(inputs, &runner, rules, &[])?;
        let described = runner.data_tests();
        let tests = |names: &[String]| described.iter().filter(|test| names.contains(&test.name)).cloned().collect();
        let by_stage = workflow.tests().map(|(stage, names)| (stage.to_owned(), tests(names))).collect();
        Ok(Self { runner, inputs, by_stage })
    }

    /// Runs the tests of every committed stage. One whose query is the same every year runs once, for the last of them.
    fn run(mut self, committed: &[CheckpointKey]) -> Vec<(CheckpointKey, Vec<Finding>)> {
        let mut checks = Vec::new();
        let mut queries = BTreeSet::new();
        for key in committed.iter().rev() {
            let mut vars = self.inputs.vars.clone();
            vars.insert("simulation_year".to_owned(), key.year.into());
            for test in self.by_stage.get(&key.stage).into_iter().flatten() {
                let is_new = |query: String| queries.insert((test.name.clone(), query));
                // A test that can't be compiled can't run either.
                if !self.runner.compile(&test.name, &vars).map_or(true, is_new) {
                    continue;
                }
                let tested = self.runner.test(slice::from_ref(&test.name), &vars, &mut |_| Flow::Continue);
                let found = match tested {
                    Ok(results) => {
                        let found = results.iter().filter_map(|result| finding_of_test(test, result, key.year));
                        // This check saves no rows.
                        found.map(|finding| finding.advice(format!("see the test in `{}`", test.file))).collect()
                    }
                    Err(error) => vec![test_cannot_run(test, &error, key.year)],
                };
                checks.push((key.clone(), found));
            }
        }
        checks.reverse();
        checks
    }
}

fn test_cannot_run(test: &DataTest, error: &RunnerError, year: i32) -> Finding {
    let message = format!("`{}` cannot run: {}", test.name, full_message(error));
    let advice = format!("fix the test in `{}`, or the models it reads", test.file);
    Finding::new(&rule_of_test(&test.name), year, Severity::Error, message).advice(advice)
}

/// Checks every rule of every committed stage. One that cannot run is an error finding.
fn check(
    by_stage: &BTreeMap<String, Vec<String>>,
    committed: &[CheckpointKey],
    validator: &DataValidator<'_>,
    tables: &dyn Tables,
) -> Vec<(CheckpointKey, Vec<Finding>)> {
    let mut checks = Vec::new();
    for key in committed {
        let names = by_stage.get(&key.stage);
        for checked in names.into_iter().flatten().filter_map(|name| validator.check(name, key.year, tables)) {
            checks.push((key.clone(), checked.unwrap_or_else(|error| vec![cannot_run(&error)])));
        }
    }
    checks
}

fn cannot_run(error: &RuleError) -> Finding {
    let message = format!("cannot run: {}", full_message(&error.cause));
    Finding::new(&error.rule, error.year, Severity::Error, message).advice(
        "fix what keeps the rule from running; `planalign checkpoint verify` shows whether its tables are intact",
    )
}
