//! The summary as a table for the console: a line per figure, a column per year.

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};

use crate::fixed::{Money, Rate, grouped};
use crate::summary::MultiYearSummary;
use crate::year_audit::{FindingCounts, YearAudit};

/// Width of the column of names, and least width of a year.
const NAMES: u16 = 20;
const YEAR: u16 = 16;

/// The headline figures by year, within `width` columns: years that do not fit go into further tables below.
#[must_use]
pub fn render_summary(summary: &MultiYearSummary, width: u16) -> String {
    let fitting = usize::from(width.saturating_sub(NAMES) / YEAR).max(1);
    let tables: Vec<String> = summary.years.chunks(fitting).map(table).collect();
    tables.join("\n\n")
}

type Figure = fn(&YearAudit) -> String;

/// Names and figures, in the order in which an analyst asks. An empty name of a figure is a blank line.
const LINES: [(&str, Option<Figure>); 23] = [
    ("Opening headcount", Some(|y| count(y.headcount.opening))),
    ("  leavers", Some(|y| less(y.headcount.leavers))),
    ("  hires", Some(|y| more(y.headcount.hires))),
    ("  new-hire leavers", Some(|y| less(y.headcount.new_hire_leavers))),
    ("Closing headcount", Some(closing)),
    ("  growth", Some(|y| percent(y.headcount.growth))),
    ("", None),
    ("Payroll", Some(|y| y.pay.payroll.grouped())),
    ("  average pay", Some(|y| y.pay.average.map_or_else(dash, Money::grouped))),
    ("  promotions, raises", Some(|y| format!("{}, {}", event(y, "promotion"), event(y, "raise")))),
    ("", None),
    ("Eligible", Some(|y| count(y.participation.eligible))),
    ("  enrolled", Some(|y| count(y.participation.enrolled))),
    ("  participation", Some(|y| percent(y.participation.participation_rate))),
    ("  average deferral", Some(|y| percent(y.participation.average_deferral_rate))),
    ("Contributions", Some(|y| y.contributions.total.grouped())),
    ("  at 402(g) limit", Some(|y| count(y.limits.reached_402g))),
    ("Employer cost", Some(|y| y.employer.total.grouped())),
    ("  match", Some(|y| y.employer.matched.grouped())),
    ("  core", Some(|y| y.employer.core.grouped())),
    ("  share of pay", Some(|y| percent(y.employer.share_of_earned))),
    ("", None),
    ("Findings", Some(|y| findings(&y.finding_counts))),
];

fn table(years: &[YearAudit]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    let right = |text: String| {
        Cell::new(format!("{text:>width$}", width = usize::from(YEAR) - 2)).set_alignment(CellAlignment::Right)
    };
    let name = |text: &str| Cell::new(format!("{text:width$}", width = usize::from(NAMES)));
    table.add_row(std::iter::once(name("")).chain(years.iter().map(|y| right(y.year.to_string()))));
    for (label, figure) in LINES {
        let cells = years.iter().map(|y| right(figure.map_or_else(String::new, |f| f(y))));
        table.add_row(std::iter::once(name(label)).chain(cells));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

fn closing(year: &YearAudit) -> String {
    let headcount = &year.headcount;
    if headcount.closing == headcount.target {
        return count(headcount.closing);
    }
    format!("{} of {}", count(headcount.closing), count(headcount.target))
}

fn event(year: &YearAudit, name: &str) -> String {
    count(year.events.get(name).copied().unwrap_or_default())
}

fn count(number: u64) -> String {
    grouped(number.into())
}

fn less(number: u64) -> String {
    if number == 0 { count(0) } else { format!("-{}", count(number)) }
}

fn more(number: u64) -> String {
    if number == 0 { count(0) } else { format!("+{}", count(number)) }
}

/// A rate in percent with two decimals.
fn percent(rate: Option<Rate>) -> String {
    let hundredths = rate.and_then(|r| crate::fixed::Money::quotient(r.units(), 10_000));
    hundredths.map_or_else(dash, |p| format!("{p} %"))
}

fn dash() -> String {
    "-".to_owned()
}

fn findings(found: &FindingCounts) -> String {
    let parts = [(found.fatal, "fatal"), (found.error, "err"), (found.warning, "warn"), (found.info, "info")];
    let parts: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, name)| format!("{n} {name}")).collect();
    if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
}
