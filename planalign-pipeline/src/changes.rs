//! Decides whether a run can resume after its inputs have changed.

use planalign_registries::{Difference, FingerprintKind, RunEventKind, RunRecord};

use crate::error::PipelineError;
use crate::modules::{ExecuteOptions, Modules};

/// Kinds of inputs that shouldn't affect results, but might.
const VERSIONS: [FingerprintKind; 2] = [FingerprintKind::Engine, FingerprintKind::Program];

/// Returns the event that records accepted changes when a run resumes; `None` if nothing changed. Only version changes can be
/// accepted.
pub(crate) fn accepted(
    differences: &[Difference],
    run: &RunRecord,
    modules: &Modules<'_>,
    options: &ExecuteOptions<'_>,
) -> Result<Option<RunEventKind>, PipelineError> {
    if differences.is_empty() {
        return Ok(None);
    }
    let from_year = first_year(differences, run, modules);
    if from_year.is_some() || !options.accept_version {
        let (differences, start_year) = (differences.to_vec(), run.start_year);
        return Err(PipelineError::Changed { differences, from_year, start_year });
    }
    let next = modules.store.checkpoints(&run.run_id)?.last().map_or(run.start_year, |c| c.key.year);
    Ok(Some(event(next, differences)))
}

/// Returns the event that records changes when a run restarts from a year; `None` if nothing changed.
pub(crate) fn from_year(
    year: i32,
    differences: &[Difference],
    run: &RunRecord,
    modules: &Modules<'_>,
    options: &ExecuteOptions<'_>,
) -> Result<Option<RunEventKind>, PipelineError> {
    let (all, start_year) = (|| differences.to_vec(), run.start_year);
    match first_year(differences, run, modules) {
        Some(affected) if affected < year => {
            Err(PipelineError::ChangesBefore { from_year: year, affected, start_year, differences: all() })
        }
        _ if differences.iter().any(is_version) && !options.accept_version => {
            Err(PipelineError::Changed { differences: all(), from_year: None, start_year })
        }
        _ => Ok((!differences.is_empty()).then(|| event(year, differences))),
    }
}

/// The seeds that have changed.
pub(crate) fn seeds(differences: &[Difference]) -> Vec<&str> {
    differences
        .iter()
        .filter(|difference| difference.kind == FingerprintKind::Seed)
        .map(|difference| difference.name.as_str())
        .collect()
}

fn event(from_year: i32, differences: &[Difference]) -> RunEventKind {
    RunEventKind::ChangesAccepted { from_year, changes: differences.iter().map(ToString::to_string).collect() }
}

/// The first year that the changes affect; `None` if only versions changed.
fn first_year(differences: &[Difference], run: &RunRecord, modules: &Modules<'_>) -> Option<i32> {
    let of_one = |difference: &Difference| match (&difference.kind, &difference.before, &difference.now) {
        (FingerprintKind::Seed, Some(before), Some(now)) => modules
            .runner
            .first_year_touched(&difference.name, before, now)
            .map_or(run.start_year, |y| y.max(run.start_year)),
        _ => run.start_year,
    };
    differences.iter().filter(|difference| !is_version(difference)).map(of_one).min()
}

fn is_version(difference: &Difference) -> bool {
    VERSIONS.contains(&difference.kind)
}
