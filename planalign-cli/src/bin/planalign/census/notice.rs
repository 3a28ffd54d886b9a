//! How a run reads its census, in a few lines, if anything was guessed, ignored, or looks wrong.

use planalign_config::census::{Action, ColumnUse, ProblemCount, Reading, UseReason};
use planalign_config::counted;

/// One line for each kind of thing that an analyst should know.
pub(crate) fn lines(reading: &Reading) -> Vec<String> {
    let columns =
        |is: &dyn Fn(&ColumnUse) -> bool| reading.columns.iter().filter(|column| is(column)).collect::<Vec<_>>();
    let guessed =
        columns(&|column| matches!(column.reason, UseReason::Alias | UseReason::Similar(_) | UseReason::Values));
    let unused = columns(&|column| column.reason == UseReason::Unknown && !column.header.is_empty());
    let mut lines = Vec::new();
    if !guessed.is_empty() {
        let each = guessed.iter().map(|column| format!("`{}` is {}", column.header, column.field.unwrap_or_default()));
        lines.push(format!("census columns by their headers: {}", each.collect::<Vec<_>>().join(", ")));
    }
    if !unused.is_empty() {
        let each: Vec<String> = unused.iter().map(|column| format!("`{}`", column.header)).collect();
        lines.push(format!("census columns not used: {}", each.join(", ")));
    }
    let skipped = reading.problems.iter().filter(|problem| problem.action == Action::LeftOut);
    lines.extend(skipped.map(|ProblemCount { field, problem, rows, first_rows, .. }| {
        let first = first_rows.first().copied().unwrap_or_default();
        format!("census: {field}: {problem}: {} skipped, first at row {first}", counted(*rows, "row"))
    }));
    lines.extend(reading.notes.iter().chain(&reading.oddities).map(|text| format!("census: {text}")));
    lines
}
