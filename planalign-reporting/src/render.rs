//! Formats a summary by a template: as a console table with a line per metric and a column per year, or as JSON.

use serde_json::{Value, json};

use crate::columns::{Column, in_columns};
use crate::summary::MultiYearSummary;
use crate::template::{Line, Section, Template};
use crate::year_audit::YearAudit;

/// Width of the title column, and minimum width of a year.
const NAMES: u16 = 23;
const YEAR: u16 = 15;

/// Formats the metrics by year, at most `width` characters wide; years that don't fit go in further tables below.
#[must_use]
pub fn render_summary(summary: &MultiYearSummary, template: &Template, width: u16) -> String {
    let fitting = usize::from(width.saturating_sub(NAMES) / YEAR).max(1);
    let tables = summary.years.chunks(fitting).map(|years| table(summary, years, template));
    template.title.clone().into_iter().chain(tables).collect::<Vec<_>>().join("\n\n")
}

/// Returns the metrics as `{title, run_id, years, sections: [{title, metrics: [{metric, title, values}]}]}`, with a value per year.
#[must_use]
pub fn summary_to_json(summary: &MultiYearSummary, template: &Template) -> Value {
    let values = |line: &Line| -> Vec<Value> {
        summary.years.iter().map(|year| (line.metric.read)(summary, year).to_json()).collect()
    };
    let metric =
        |line: &Line| json!({ "metric": line.metric.name, "title": line.title.trim(), "values": values(line) });
    let section = |section: &Section| {
        let metrics: Vec<Value> = section.lines.iter().map(metric).collect();
        json!({ "title": section.title, "metrics": metrics })
    };
    json!({
        "title": template.title,
        "run_id": summary.years.first().map(|year| &year.provenance.run_id),
        "years": summary.years.iter().map(|year| year.year).collect::<Vec<_>>(),
        "sections": template.sections.iter().map(section).collect::<Vec<_>>(),
    })
}

fn table(summary: &MultiYearSummary, years: &[YearAudit], template: &Template) -> String {
    let row = |title: &str, cells: &mut dyn Iterator<Item = String>| -> Vec<String> {
        std::iter::once(title.to_owned()).chain(cells).collect()
    };
    let mut rows = vec![row("", &mut years.iter().map(|year| year.year.to_string()))];
    for (i, section) in template.sections.iter().enumerate() {
        if i > 0 {
            rows.push(vec![String::new()]);
        }
        rows.extend(section.title.iter().map(|title| vec![title.clone()]));
        for line in &section.lines {
            rows.push(row(&line.title, &mut years.iter().map(|year| (line.metric.read)(summary, year).to_console())));
        }
    }
    let years = years.iter().map(|_| Column::right().min_width(YEAR - 2));
    in_columns(&std::iter::once(Column::left().min_width(NAMES)).chain(years).collect::<Vec<_>>(), rows)
}
