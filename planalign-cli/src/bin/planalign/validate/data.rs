//! `planalign validate --data`: all rules, on the results of a run.

use planalign_config::counted;
use planalign_dbt::EmbeddedRunner;
use planalign_pipeline::RunPlan;
use planalign_registries::{CheckpointKey, Fingerprints, RunRecord, RunStore};
use planalign_validation::{Finding, Rule, Severity};

use crate::args::ValidateArgs;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::inputs::{MadeOf, names_settings};
use crate::recorded::Recorded;
use crate::{say, simulate};

/// Checks every committed stage with its rules and prints what they find, by the settings of the run or by others that are named.
/// Writes nothing.
pub(super) fn run(args: &ValidateArgs) -> Result<ExitCode, Failure> {
    let Recorded { database, store, run } = Recorded::open(&args.database)?;
    let recorded = store.fingerprints(&run.run_id)?;
    let committed: Vec<CheckpointKey> = store.checkpoints(&run.run_id)?.into_iter().map(|c| c.key).collect();

    let made_of = MadeOf::find(&args.input, None, !names_settings(&args.input))?;
    let mut inputs = made_of.inputs(&args.input, None, || Ok((store, run.clone())))?;
    let runner = EmbeddedRunner::load(inputs.project.folder(), database.clone(), &inputs.vars)?;
    let mut lines = other_settings(&recorded, &inputs.fingerprints(&runner, &run.engine_version));
    // The rules ask for the census of the run, not for the one that is there now.
    if let Some(sha256) = recorded.0.get("census").and_then(|census| census.get("sha256")) {
        inputs.census.sha256.clone_from(sha256);
    }
    inputs.config.settings.simulation.start_year = run.start_year;
    inputs.config.settings.simulation.end_year = run.end_year;
    let plan = simulate::plan(None, &inputs, &runner, &database)?;
    let rules = simulate::rules(&inputs, run.start_year, &database)?;

    let checks = check(&plan, &committed, &rules);
    lines.extend(checks.iter().flat_map(|(_, found)| found).map(line));
    lines.push(outcome(&run, &checks));
    say(&lines.join("\n"))?;
    let failed = checks.iter().flat_map(|(_, found)| found).any(|finding| finding.severity >= Severity::Error);
    Ok(if failed { ExitCode::Findings } else { ExitCode::Done })
}

/// Thresholds and limits come from the settings: others than those of the run may find what is none.
fn other_settings(recorded: &Fingerprints, now: &Fingerprints) -> Vec<String> {
    let differences = recorded.differences(now).into_iter().filter(|difference| difference.kind == "config");
    differences.map(|difference| format!("note: this is not the configuration of the run: {difference}")).collect()
}

/// Every rule of every committed stage, with what it finds. One that cannot run has failed.
fn check(plan: &RunPlan, committed: &[CheckpointKey], rules: &[Box<dyn Rule>]) -> Vec<(CheckpointKey, Vec<Finding>)> {
    let mut checks = Vec::new();
    for (key, names) in plan.rules().filter(|(key, _)| committed.contains(key)) {
        for rule in names.iter().filter_map(|name| rules.iter().find(|rule| rule.name() == name)) {
            let found = rule.check(key.year).unwrap_or_else(|error| {
                vec![Finding {
                    rule: error.rule,
                    year: error.year,
                    severity: Severity::Error,
                    message: format!("cannot run: {}", error.cause),
                    count: 1,
                    advice: "mend what keeps the rule from running; `planalign checkpoint verify` tells whether its tables are whole"
                        .to_owned(),
                    rows: None,
                }]
            });
            checks.push((key.clone(), found));
        }
    }
    checks
}

fn line(finding: &Finding) -> String {
    let Finding { rule, year, severity, message, advice, .. } = finding;
    format!("{year}  {severity}  {rule}: {message}\n      {advice}")
}

fn outcome(run: &RunRecord, checks: &[(CheckpointKey, Vec<Finding>)]) -> String {
    let count = |severity| checks.iter().flat_map(|(_, found)| found).filter(|f| f.severity == severity).count();
    let errors = count(Severity::Error) + count(Severity::Fatal);
    let (warnings, notes) = (count(Severity::Warning), count(Severity::Info));
    let years = match (checks.first(), checks.last()) {
        (Some((first, _)), Some((last, _))) => format!(" of {} to {}", first.year, last.year),
        _ => String::new(),
    };
    format!(
        "run {}: {}{years}: {}, {}, {}",
        run.run_id,
        counted(checks.len(), "check"),
        counted(errors, "error"),
        counted(warnings, "warning"),
        counted(notes, "note")
    )
}
