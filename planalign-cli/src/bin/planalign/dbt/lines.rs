//! The lines that dbt prints about a build.

use std::collections::BTreeMap;
use std::time::Duration;

use planalign_config::{Diagnostic, full_message};
use planalign_dbt::{Materialization, Outcome, Resource, ResourceType, RunnerError, TestResult, TestStatus};

/// Columns before the status of a line.
const WIDTH: usize = 80;

/// `1 of 5 START sql table model main.orders ........ [RUN]`.
pub(super) fn start(index: usize, total: usize, resource: &Resource) -> String {
    line(index, total, &format!("START {}", described(resource)), "RUN", None)
}

/// `1 of 5 OK created sql table model main.orders ........ [OK in 0.04s]`.
pub(super) fn end(index: usize, total: usize, resource: &Resource, outcome: &Outcome) -> String {
    let (text, status) = match (outcome, resource.resource_type) {
        (Outcome::Built(node), ResourceType::Seed) => {
            (format!("OK loaded {}", described(resource)), format!("INSERT {}", node.rows.unwrap_or_default()))
        }
        (Outcome::Built(_), _) => (format!("OK created {}", described(resource)), "OK".to_owned()),
        (Outcome::Tested(test), _) => (format!("{} {}", test_status(test), resource.name), test_status(test)),
        (Outcome::Failed(_), ResourceType::Test) => (format!("ERROR {}", resource.name), "ERROR".to_owned()),
        (Outcome::Failed(_), ResourceType::Seed) => {
            (format!("ERROR loading {}", described(resource)), "ERROR".to_owned())
        }
        (Outcome::Failed(_), _) => (format!("ERROR creating {}", described(resource)), "ERROR".to_owned()),
        (Outcome::Skipped(_), ResourceType::Test) => {
            return line(index, total, &format!("SKIP test {}", resource.name), "SKIP", None);
        }
        (Outcome::Skipped(_), _) => {
            return line(index, total, &format!("SKIP relation {}", relation(resource)), "SKIP", None);
        }
    };
    line(index, total, &text, &status, Some(outcome.elapsed()))
}

fn test_status(test: &TestResult) -> String {
    match test.status {
        TestStatus::Pass => "PASS".to_owned(),
        TestStatus::Warn => format!("WARN {}", test.failures),
        TestStatus::Fail => format!("FAIL {}", test.failures),
    }
}

fn line(index: usize, total: usize, text: &str, status: &str, elapsed: Option<Duration>) -> String {
    let elapsed = elapsed.map(|elapsed| format!(" in {:.2}s", elapsed.as_secs_f64())).unwrap_or_default();
    format!("{:.<WIDTH$} [{status}{elapsed}]", format!("{index} of {total} {text} "))
}

/// `sql table model main.orders`, `seed file main.rates`, `test unique_orders_id`.
fn described(resource: &Resource) -> String {
    match resource.resource_type {
        ResourceType::Test => format!("test {}", resource.name),
        ResourceType::Seed => format!("seed file {}", relation(resource)),
        ResourceType::Model | ResourceType::Source => {
            format!("sql {} model {}", resource.materialization.map_or("", word), relation(resource))
        }
    }
}

fn relation(resource: &Resource) -> String {
    resource.relation.as_ref().map_or_else(|| resource.name.clone(), |r| format!("{}.{}", r.schema, r.name))
}

fn word(materialization: Materialization) -> &'static str {
    match materialization {
        Materialization::View => "view",
        Materialization::Table => "table",
        Materialization::Incremental => "incremental",
        Materialization::Ephemeral => "ephemeral",
        Materialization::Seed => "seed",
    }
}

/// `Found 3 models, 4 data tests, 1 seed, 1 source`.
pub(super) fn found(all: &[Resource]) -> String {
    let order = [ResourceType::Model, ResourceType::Test, ResourceType::Seed, ResourceType::Source];
    let count = |kind: ResourceType| all.iter().filter(|resource| resource.resource_type == kind).count();
    let name = |kind: ResourceType| if kind == ResourceType::Test { "data test" } else { kind.as_str() };
    let counted = order.into_iter().filter(|kind| count(*kind) > 0).map(|kind| plural(count(kind), name(kind)));
    let counted: Vec<_> = counted.collect();
    format!("Found {}", if counted.is_empty() { "nothing".to_owned() } else { counted.join(", ") })
}

/// `Finished running 1 seed, 2 table models, 7 data tests in 0 hours 0 minutes and 0.55 seconds (0.55s).`
pub(super) fn finished<'r>(tried: impl Iterator<Item = &'r Resource>, elapsed: Duration) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for resource in tried {
        let kind = match (resource.resource_type, resource.materialization) {
            (ResourceType::Model, Some(materialization)) => format!("{} model", word(materialization)),
            (kind, _) => kind.as_str().to_owned(),
        };
        *counts.entry(kind).or_default() += 1;
    }
    let counted = counts.into_iter().map(|(kind, count)| match (kind.as_str(), count) {
        ("test", 2..) => plural(count, "data test"),
        _ => plural(count, &kind),
    });
    let (whole, exact) = (elapsed.as_secs(), elapsed.as_secs_f64());
    format!(
        "Finished running {} in {} hours {} minutes and {:.2} seconds ({exact:.2}s).",
        counted.collect::<Vec<_>>().join(", "),
        whole / 3600,
        whole / 60 % 60,
        exact % 60.0
    )
}

/// A node or test, what became of it, and the file with its SQL or nothing.
pub(super) type Tried<'r> = (&'r Resource, &'r Outcome, Option<String>);

/// How it ended, and the counts of everything: `Done. PASS=3 WARN=0 ERROR=1 SKIP=2 NO-OP=0 TOTAL=6`.
pub(super) fn summary(tried: &[Tried<'_>], interrupted: bool) -> [String; 2] {
    let count = |is: &dyn Fn(&Outcome) -> bool| tried.iter().filter(|(_, outcome, _)| is(outcome)).count();
    let warnings = count(&|outcome| matches!(outcome, Outcome::Tested(test) if test.status == TestStatus::Warn));
    let skipped = count(&|outcome| matches!(outcome, Outcome::Skipped(_)));
    let errors = count(&|outcome| !outcome.is_success()) - skipped;
    let completed = match (interrupted, errors, warnings) {
        (true, ..) => "Exited because of keyboard interrupt".to_owned(),
        (false, 0, 0) => "Completed successfully".to_owned(),
        (false, 0, _) => format!("Completed with {}:", plural(warnings, "warning")),
        (false, ..) => format!(
            "Completed with {}, 0 partial successes, and {}:",
            plural(errors, "error"),
            plural(warnings, "warning")
        ),
    };
    let (total, passed) = (tried.len(), tried.len() - warnings - errors - skipped);
    [completed, format!("Done. PASS={passed} WARN={warnings} ERROR={errors} SKIP={skipped} NO-OP=0 TOTAL={total}")]
}

/// What is wrong with a node or test, if anything.
pub(super) fn problem((resource, outcome, compiled): &Tried<'_>) -> Vec<String> {
    let (kind, found) = match outcome {
        Outcome::Tested(test) => {
            let Some(message) = test.message() else { return Vec::new() };
            (if test.status == TestStatus::Warn { "Warning" } else { "Failure" }, vec![message])
        }
        Outcome::Failed(failure) => {
            let details = failure.error.details();
            let lines = details.iter().flat_map(|detail| detail.lines()).map(str::to_owned);
            ("Failure", [cause(&failure.error)].into_iter().chain(lines).collect())
        }
        Outcome::Built(_) | Outcome::Skipped(_) => return Vec::new(),
    };
    let what = format!("{kind} in {} {} ({})", resource.resource_type.as_str(), resource.name, resource.file);
    let mut lines = vec![String::new(), what];
    lines.extend(found.iter().map(|line| format!("  {line}")));
    lines.extend(compiled.iter().flat_map(|file| [String::new(), format!("  compiled code at {file}")]));
    lines
}

/// Why a node or test failed, without its name and file, which are in the heading.
fn cause(error: &RunnerError) -> String {
    match error {
        RunnerError::Database { cause, .. } => full_message(cause.as_ref()),
        RunnerError::Compilation { file, line: Some(line), message, .. } => format!("{message} ({file}:{line})"),
        other => full_message(other),
    }
}

fn plural(count: usize, name: &str) -> String {
    format!("{count} {name}{}", if count == 1 { "" } else { "s" })
}
