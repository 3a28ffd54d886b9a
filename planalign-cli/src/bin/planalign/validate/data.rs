//! `planalign validate --data`: checks the results of a run with all rules.

use planalign::{DataCheck, InputSource};
use planalign_config::{counted, full_message};
use planalign_registries::Difference;
use planalign_validation::{Finding, Severity};

use crate::args::ValidateArgs;
use crate::caller::{Process, environment};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::{say, simulate};

/// Checks every committed stage with its rules and data tests and prints the findings. Uses the settings of the run, or those named on the
/// command line. Writes nothing.
pub(super) fn run(args: &ValidateArgs, process: &Process) -> Result<ExitCode, Failure> {
    let options = args.input.options(None, environment());
    let source = || {
        let source = InputSource::find(&options, options.ignored_by_record().is_empty())?;
        simulate::warn_about(&source);
        Ok(source)
    };
    let check = planalign::check_data(&args.database, source, &options, &process.caller())?;
    let mut lines: Vec<String> = check.changed_settings.iter().map(changed_setting).collect();
    lines.extend(check.untested.iter().map(|error| format!("note: dbt tests not run: {}", full_message(error))));
    lines.extend(check.findings().map(line));
    lines.push(outcome(&check));
    say(&lines.join("\n"))?;
    let failed = check.findings().any(|finding| finding.severity >= Severity::Error);
    Ok(if failed { ExitCode::Findings } else { ExitCode::Done })
}

fn changed_setting(difference: &Difference) -> String {
    format!("note: differs from the run's configuration: {difference}")
}

fn line(finding: &Finding) -> String {
    let Finding { rule, year, severity, message, advice, .. } = finding;
    format!("{year}  {severity}  {rule}: {message}\n      {advice}")
}

fn outcome(check: &DataCheck) -> String {
    let DataCheck { run, checks, .. } = check;
    let count = |severity| check.findings().filter(|f| f.severity == severity).count();
    let errors = count(Severity::Error) + count(Severity::Fatal);
    let (warnings, notes) = (count(Severity::Warning), count(Severity::Info));
    let years = match (checks.first(), checks.last()) {
        (Some((first, _)), Some((last, _))) => format!(" for {} to {}", first.year, last.year),
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
