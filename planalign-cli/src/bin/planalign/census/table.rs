//! How a census is read, for people.

use std::collections::BTreeMap;
use std::path::Path;

use planalign::{CensusReport, RowCounts};
use planalign_config::census::{ColumnUse, Reading, UseReason};
use planalign_config::fixed::grouped;
use planalign_reporting::columns::{Column, in_columns};

/// How many rows are listed for a problem.
const ROWS_LISTED: usize = 5;

/// The whole report.
pub(super) fn report(report: &CensusReport, issues: Option<&Path>) -> String {
    let reading = &report.reading;
    let mut parts = vec![format!(
        "{}: {} {}, header in row {}",
        report.file.path.file_name().unwrap_or_default().to_string_lossy(),
        grouped(report.file.rows.into()),
        if report.file.rows == 1 { "row" } else { "rows" },
        reading.header_row
    )];
    if report.configuration.is_none() {
        parts[0].push_str("\nno configuration file: the default settings apply");
    }
    parts.push(columns(reading));
    if !reading.notes.is_empty() {
        parts.push(listed("How it was read", &reading.notes));
    }
    match &report.rows {
        Some(rows) => parts.push(counts(rows, issues)),
        None => parts.push("no dbt project: rows weren't checked".to_owned()),
    }
    if !reading.oddities.is_empty() {
        parts.push(listed("Looks wrong", &reading.oddities));
    }
    // Of a few people, all bands are merged.
    if reading.histograms.iter().any(|histogram| histogram.bands.len() > 1) {
        parts.push(histograms(reading));
    }
    parts.join("\n\n")
}

/// Which column is used for what.
pub(super) fn columns(reading: &Reading) -> String {
    let header = ["Column", "Used as", "Because"].map(str::to_owned).to_vec();
    let rows = reading.columns.iter().map(|column| vec![column.header.clone(), used_as(column), reason(column)]);
    in_columns(&[Column::left(), Column::left(), Column::left()], std::iter::once(header).chain(rows))
}

fn used_as(column: &ColumnUse) -> String {
    match column.field {
        None => "not used".to_owned(),
        Some("employee_ssn") => "employee_ssn, not stored".to_owned(),
        Some(field) => field.to_owned(),
    }
}

fn reason(column: &ColumnUse) -> String {
    match column.reason {
        UseReason::Mapped => "census.columns".to_owned(),
        UseReason::Name => "its name".to_owned(),
        UseReason::Alias => "a usual header".to_owned(),
        UseReason::Similar(score) => format!("similar to a usual header ({:.0}%)", score * 100.0),
        UseReason::Values => "its values".to_owned(),
        UseReason::Ignored => "census.ignore".to_owned(),
        UseReason::Unknown => String::new(),
    }
}

fn listed(title: &str, lines: &[String]) -> String {
    lines.iter().fold(title.to_owned(), |text, line| format!("{text}\n  {line}"))
}

/// What happens to the rows, and why.
fn counts(rows: &RowCounts, issues: Option<&Path>) -> String {
    let line = |name: &str, count: i64| vec![name.to_owned(), grouped(count.into())];
    let totals = [
        line("Accepted rows", rows.accepted),
        line("  of them corrected", rows.corrected),
        line("Skipped rows", rows.skipped),
        line("Rejected rows", rows.rejected),
    ];
    let mut text = in_columns(&[Column::left(), Column::right()], totals);
    let mut causes = BTreeMap::<(&str, &str, &str), Vec<i64>>::new();
    for issue in &rows.issues {
        causes.entry((&issue.action, &issue.column, &issue.problem)).or_default().push(issue.row);
    }
    let mut causes: Vec<_> = causes.into_iter().collect();
    causes.sort_by_key(|((action, ..), rows)| (rank(action), std::cmp::Reverse(rows.len())));
    if !causes.is_empty() {
        let cells = causes.into_iter().map(|((action, column, problem), rows)| {
            let action = if action == "left_out" { "skipped" } else { action };
            vec![format!("  {action}"), grouped(rows.len() as i128), format!("{column}: {problem}"), first_rows(&rows)]
        });
        text = format!(
            "{text}\n\n{}",
            in_columns(&[Column::left(), Column::right(), Column::left(), Column::left()], cells)
        );
    }
    if let Some(path) = issues {
        text = format!("{text}\n\nall of them are in `{}`", path.display());
    }
    text
}

fn rank(action: &str) -> usize {
    ["rejected", "left_out", "corrected"].iter().position(|known| *known == action).unwrap_or(3)
}

fn first_rows(rows: &[i64]) -> String {
    let first: Vec<String> = rows.iter().take(ROWS_LISTED).map(i64::to_string).collect();
    let more = if rows.len() > ROWS_LISTED { ", ..." } else { "" };
    format!("{} {}{more}", if rows.len() == 1 { "row" } else { "rows" }, first.join(", "))
}

fn histograms(reading: &Reading) -> String {
    let rows = reading.histograms.iter().flat_map(|histogram| {
        histogram.bands.iter().enumerate().map(|(at, (band, people))| {
            let name = if at == 0 { capitalized(histogram.name) } else { String::new() };
            vec![name, band.clone(), grouped((*people).into())]
        })
    });
    in_columns(&[Column::left(), Column::left(), Column::right()], rows)
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
