//! Checks the results of a run with all rules.

use std::collections::BTreeMap;
use std::path::Path;

use planalign_config::{Tables, full_message};
use planalign_registries::{CheckpointKey, Checkpoints, Difference, FingerprintKind, RunRecord, Runs};
use planalign_validation::{DataValidator, Finding, RuleError, Severity};

use crate::caller::Caller;
use crate::error::Error;
use crate::input_options::InputOptions;
use crate::input_source::InputSource;
use crate::modules;
use crate::open_run::OpenRun;
use crate::plan::rules_by_stage;

/// The result of checking a run with all rules.
#[derive(Debug)]
pub struct DataCheck {
    /// The run.
    pub run: RunRecord,
    /// Settings that differ from the run's. Thresholds and limits come from the settings, so these can change the findings.
    pub changed_settings: Vec<Difference>,
    /// The findings of each rule of each checked stage, in order.
    pub checks: Vec<(CheckpointKey, Vec<Finding>)>,
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
    let rules = modules::rules(&inputs, &database)?;
    let by_stage = rules_by_stage(&inputs, &rules, &[])?;
    let checks = check(&by_stage, &committed, &DataValidator::new(rules), &database);
    Ok(DataCheck { run, changed_settings, checks })
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
